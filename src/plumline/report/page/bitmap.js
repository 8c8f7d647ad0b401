// Which weights are positive, negative or zero: bits from the data, drawn on canvases.

function bits(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return (at) => (bytes[at >> 3] >> (at & 7)) & 1;
}

// The sign of weight `at` of a filter: 1, -1 or 0.
function signs({ packed, columns }) {
  const nonzero = packed.nonzero ? bits(packed.nonzero) : () => 1;
  const negative = packed.negative ? bits(packed.negative) : null;
  const filters = packed.negative_filters ? bits(packed.negative_filters) : () => 0;
  return (filter, column) => {
    const at = filter * columns + column;
    if (!nonzero(at)) return 0;
    return (negative ? negative(at) : filters(filter)) ? -1 : 1;
  };
}

function mix(parts) {
  return [0, 1, 2].map((channel) => Math.round(parts.reduce((sum, [weight, colour]) => sum + weight * colour[channel], 0)));
}

// Makes a canvas of rows x columns pixels; colour(row, column) gives [red, green, blue].
function cells(canvas, rows, columns, colour) {
  canvas.width = columns;
  canvas.height = rows;
  const image = new ImageData(columns, rows);
  for (let row = 0, at = 0; row < rows; ++row)
    for (let column = 0; column < columns; ++column, at += 4) {
      const [red, green, blue] = colour(row, column);
      image.data.set([red, green, blue, 255], at);
    }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// All filters of a layer: a row a filter, a column a channel; colours mix in the shares of a kernel's weights.
function overview(canvas, layer, sign) {
  const [plus, minus, zero] = [rgb("--plus"), rgb("--minus"), rgb("--zero")];
  const { filters, channels, taps } = layer;
  cells(canvas, filters, channels, (filter, channel) => {
    let positive = 0, negative = 0;
    for (let tap = 0; tap < taps; ++tap) {
      const found = sign(filter, channel * taps + tap);
      if (found > 0) ++positive;
      else if (found < 0) ++negative;
    }
    return mix([[positive / taps, plus], [negative / taps, minus], [1 - (positive + negative) / taps, zero]]);
  });
}

// One filter: the kernel of each channel as a tile, in rows that fill the width.
function filterTiles(canvas, layer, sign, filter, width) {
  const [tall, wide] = layer.kernel;
  const unit = Math.max(3, Math.min(8, Math.floor((width / Math.sqrt(layer.channels * 2.2)) / (wide + 1.5))));
  const [tileX, tileY] = [wide * unit + 1.5, tall * unit + 1.5];
  const [stepX, stepY] = [tileX + 3, tileY + 3];
  const across = Math.max(1, Math.min(layer.channels, Math.floor((width + 3) / stepX)));
  const down = Math.ceil(layer.channels / across);
  const ratio = devicePixelRatio || 1;
  const size = [across * stepX - 3, down * stepY - 3];
  [canvas.width, canvas.height] = size.map((length) => Math.round(length * ratio));
  [canvas.style.width, canvas.style.height] = size.map((length) => `${length}px`);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const fill = (name, ...box) => {
    context.fillStyle = name;
    context.fillRect(...box);
  };
  const [edge, paper, ...colours] = ["--edge", "--paper", "--minus", "--zero", "--plus"].map((name) => `rgb(${rgb(name)})`);
  for (let channel = 0; channel < layer.channels; ++channel) {
    const [left, top] = [(channel % across) * stepX, Math.floor(channel / across) * stepY];
    fill(edge, left, top, tileX, tileY);
    fill(paper, left + 0.75, top + 0.75, tileX - 1.5, tileY - 1.5);
    for (let tap = 0; tap < layer.taps; ++tap)
      fill(colours[1 + sign(filter, channel * layer.taps + tap)],
        left + 1 + (tap % wide) * unit, top + 1 + Math.floor(tap / wide) * unit, unit - 0.5, unit - 0.5);
  }
}

function bitmaps(layer) {
  const sign = signs(layer);
  let filter = 0;
  const whole = h("canvas", { class: "overview", role: "img", "aria-label": `Weights of ${layer.filters} filters by ${layer.channels} channels`, onclick: pick });
  const cursor = h("div", { class: "cursor" });
  const frame = h("div", { class: "frame" }, whole, cursor);
  const tiles = h("canvas", { role: "img" });
  const label = h("output", { for: "choose-filter" });
  const range = h("input", { type: "range", id: "choose-filter", min: 0, max: layer.filters - 1, value: 0, oninput: () => choose(Number(range.value)) });
  const holder = h("div", { class: "bitmaps" },
    h("p", { class: "axis" }, `${grouped(layer.filters)} filters down, ${grouped(layer.channels)} channels across`),
    frame,
    h("div", { class: "controls" }, h("label", { for: "choose-filter" }, "Filter "), range, label),
    tiles);

  function pick(event) {
    const box = whole.getBoundingClientRect();
    choose(Math.min(layer.filters - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * layer.filters))));
  }

  function choose(number) {
    filter = number;
    range.value = number;
    drawFilter();
  }

  function drawFilter() {
    let positive = 0, negative = 0;
    for (let column = 0; column < layer.columns; ++column) {
      const found = sign(filter, column);
      if (found > 0) ++positive;
      else if (found < 0) ++negative;
    }
    label.textContent = `${filter + 1} of ${layer.filters}: +${positive} −${negative} of ${layer.columns}`;
    tiles.setAttribute("aria-label", `Filter ${filter + 1}: ${positive} positive and ${negative} negative of ${layer.columns} weights`);
    cursor.style.top = `${(100 * filter) / layer.filters}%`;
    cursor.style.height = `${100 / layer.filters}%`;
    filterTiles(tiles, layer, sign, filter, holder.clientWidth);
  }

  function draw(width) {
    overview(whole, layer, sign);
    const room = Math.min(width / layer.channels, 640 / layer.filters);
    const cell = room < 1 ? room : Math.floor(Math.max(1, Math.min(room, 420 / layer.filters, 26)));
    whole.classList.toggle("smooth", room < 1);
    frame.style.width = `${Math.round(cell * layer.channels)}px`;
    frame.style.height = `${Math.round(cell * layer.filters)}px`;
    drawFilter();
  }

  onWidth(holder, draw);
  return holder;
}
