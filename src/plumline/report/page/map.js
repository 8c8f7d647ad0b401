// The network from left to right: a block a step, as wide as its share of the time, as high as what it puts out is large.
// Arcs are values that are read later than by the next step.

const FAMILIES = 6;

// Kernels with a colour of their own: those that take the most time. Steps without weights share one.
function families(steps) {
  const seconds = new Map();
  for (const step of steps)
    if (step.layer) seconds.set(step.family, (seconds.get(step.family) || 0) + step.seconds);
  const names = [...seconds.keys()].sort((a, b) => seconds.get(b) - seconds.get(a));
  return {
    names: names.slice(0, FAMILIES),
    of(step) {
      const place = step.layer ? this.names.indexOf(step.family) : -1;
      return place < 0 ? "fx" : `f${place}`;
    },
    legend(hasOthers) {
      const others = hasOthers || names.length > FAMILIES;
      return [this.names.map((name, i) => key("square", `f${i}`, name)), others ? key("square", "fx", "other steps") : null];
    },
  };
}

function networkMap({ steps }, colours) {
  const total = steps.reduce((sum, step) => sum + step.seconds, 0);
  const largest = Math.max(...steps.map((step) => step.elements), 1);
  const readout = h("p", { class: "readout", "aria-live": "polite" });
  const holder = h("div", { class: "plot", role: "listbox", tabindex: 0, "aria-label": "Steps of the network, in the order they run" });
  const options = new Map();

  function describe(number) {
    const step = steps[number];
    readout.replaceChildren(
      h("b", {}, step.title), ` ${step.op} · ${step.kernel} · puts out ${times(step.output)} · `,
      h("b", {}, percent(step.seconds / total)), ` of the time, ${time(step.seconds)}`);
    holder.setAttribute("aria-activedescendant", `step-${number}`);
    for (const [i, option] of options) option.setAttribute("aria-selected", String(i === number));
  }

  function draw(width) {
    const height = 230, base = 190, room = 110, gap = steps.length < width / 6 ? 1 : 0;
    const svg = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "presentation" });
    const least = Math.min(2, width / steps.length / 2);
    const rest = width - least * steps.length;
    const blocks = [];
    options.clear();
    let x = 0;
    steps.forEach((step, number) => {
      const w = least + (rest * step.seconds) / total;
      const high = 8 + (room - 8) * Math.sqrt(step.elements / largest);
      const block = s("g", { class: "step", id: `step-${number}`, role: "option", "aria-selected": "false",
        "aria-label": `${step.title}, ${step.op}, ${percent(step.seconds / total)} of the time`,
        onclick: () => selection.choose(number) },
        s("title", {}, `${step.title} · ${step.kernel} · ${percent(step.seconds / total)}`),
        s("rect", { class: "touch", x, y: base - room, width: w, height: room }),
        s("rect", { class: colours.of(step), x, y: base - high, width: Math.max(w - gap, 0.5), height: high }));
      options.set(number, block);
      blocks.push({ middle: x + w / 2, left: x, top: base - high });
      svg.append(block);
      x += w;
    });
    steps.forEach((step, number) => {
      for (const from of step.reads) {
        if (from < 0 || from === number - 1) continue;
        const [a, b] = [blocks[from], blocks[number]];
        const lift = Math.min(a.top, b.top, base - room) - Math.min(12 + (b.middle - a.middle) * 0.18, 62);
        svg.append(s("path", { class: "arc", d: `M${a.middle},${a.top - 3}C${a.middle},${lift} ${b.middle},${lift} ${b.middle},${b.top - 3}` }));
      }
    });
    let free = -1;
    steps.forEach((step, number) => {
      const shape = times(step.output), before = number ? times(steps[number - 1].output) : "";
      if (shape === before || blocks[number].left < free || width - blocks[number].left < 7.5 * shape.length) return;
      svg.append(
        s("line", { class: "axis", x1: blocks[number].left + 0.5, x2: blocks[number].left + 0.5, y1: base + 2, y2: base + 20 }),
        s("text", { class: "tick", x: blocks[number].left + 4, y: base + 18 }, shape));
      free = blocks[number].left + 7 * shape.length + 14;
    });
    svg.append(s("text", { class: "axis end", x: width, y: height - 4 }, `width: time, ${time(total)} in all · height: size of the output`));
    holder.replaceChildren(svg);
    marker = mark(options);
    marker(selection.step);
    if (selection.step >= 0) describe(selection.step);
  }

  let marker = () => {};
  onWidth(holder, draw);
  holder.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: selection.step - 1, ArrowRight: selection.step + 1, Home: 0, End: steps.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    selection.choose(Math.max(0, Math.min(steps.length - 1, to)));
  });
  selection.listen((number) => {
    marker(number);
    describe(number);
  });
  return section("map", "Where the time goes",
    "Each block is a step, in the order they run; arcs lead to steps that read a value later. Choose a block, or use the arrow keys.",
    h("figure", {}, h("figcaption", { class: "legend" }, colours.legend(steps.some((step) => !step.layer))), holder, readout));
}
