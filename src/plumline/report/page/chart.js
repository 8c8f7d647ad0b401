// Axes in SVG, drawn again at each width so that letters keep their size.

function linear([low, high], [from, to]) {
  const scale = (value) => from + ((value - low) / (high - low || 1)) * (to - from);
  scale.ticks = (count) => {
    const rough = (high - low || 1) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
    const first = Math.ceil(low / step - 1e-9);
    const ticks = [];
    for (let i = first; i * step <= high + step * 1e-9; ++i) ticks.push(i * step);
    return ticks;
  };
  return scale;
}

function logarithmic([low, high], [from, to]) {
  const inner = linear([Math.log10(low), Math.log10(high)], [from, to]);
  const scale = (value) => inner(Math.log10(value));
  scale.ticks = (count) => {
    const decades = Math.log10(high / low);
    const factors = decades > count ? [1] : decades > count / 2 ? [1, 3] : [1, 2, 5];
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power)
      for (const factor of factors) ticks.push(factor * 10 ** power);
    return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  };
  return scale;
}

const LETTERS = h("canvas").getContext("2d");

// How wide a text is in the letters of a chart.
function textWidth(text) {
  LETTERS.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return Math.ceil(LETTERS.measureText(text).width);
}

// The ticks of an axis as values and texts; how many there are does not depend on where the axis is drawn.
function ticks({ kind, domain, format }, count) {
  const found = kind(domain, [0, 1]).ticks(count).map((value) => ({ value, text: format(value) }));
  return { found, width: Math.max(0, ...found.map(({ text }) => textWidth(text))) };
}

// A figure with axes. `x` and `y` have kind (linear, logarithmic), domain, label and format; draw(plot) adds to
// plot.svg with plot.x, plot.y and the edges of the plot.
function chart({ label, height, x, y, draw, legend }) {
  const holder = h("div", { class: "plot" });
  const figure = h("figure", {}, legend && h("figcaption", { class: "legend" }, legend), h("p", { class: "axis" }, y.label), holder);
  onWidth(holder, (width) => {
    const down = ticks(y, 5), across = ticks(x, Math.max(3, Math.min(8, (width - 64) / 70)));
    const left = Math.max(down.width, across.width / 2) + 10, right = width - Math.max(12, across.width / 2 + 2);
    const top = 10, bottom = height - 36;
    const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
    const plot = { svg, left, right, top, bottom, x: x.kind(x.domain, [left, right]), y: y.kind(y.domain, [bottom, top]) };
    for (const { value, text } of down.found)
      svg.append(
        s("line", { class: "grid", x1: left, x2: right, y1: plot.y(value), y2: plot.y(value) }),
        s("text", { class: "tick end", x: left - 6, y: plot.y(value) + 4 }, text));
    for (const { value, text } of across.found)
      svg.append(
        s("line", { class: "grid", x1: plot.x(value), x2: plot.x(value), y1: top, y2: bottom }),
        s("text", { class: "tick middle", x: plot.x(value), y: bottom + 15 }, text));
    svg.append(s("text", { class: "axis end", x: right, y: height - 4 }, x.label));
    draw(plot);
    holder.replaceChildren(svg);
  });
  return figure;
}

function path(points) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");
}

// Marks that differ in shape as well as in colour.
const SHAPES = {
  line: (x, y, r) => s("path", { d: `M${x - 1.4 * r},${y}H${x + 1.4 * r}` }),
  circle: (x, y, r) => s("circle", { cx: x, cy: y, r }),
  square: (x, y, r) => s("rect", { x: x - 0.9 * r, y: y - 0.9 * r, width: 1.8 * r, height: 1.8 * r }),
  diamond: (x, y, r) => s("path", { d: `M${x},${y - 1.3 * r}L${x + 1.3 * r},${y}L${x},${y + 1.3 * r}L${x - 1.3 * r},${y}Z` }),
  triangle: (x, y, r) => s("path", { d: `M${x},${y - 1.2 * r}L${x + 1.2 * r},${y + r}L${x - 1.2 * r},${y + r}Z` }),
};

function key(shape, className, text) {
  const icon = s("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" });
  icon.append(build(SHAPES[shape](7, 7, 4.5), { class: className }, []));
  return h("span", { class: "key" }, icon, text);
}

// A dot that stands for a step: selects it, and says what it is when pointed at.
function dot(step, x, y, r, className, title) {
  return build(SHAPES.circle(x, y, r), { class: `dot ${className}`, onclick: () => selection.choose(step) },
    [s("title", {}, title)]);
}
