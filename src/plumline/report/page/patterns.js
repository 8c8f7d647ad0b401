// How often the patterns of a layer's slices repeat, and how many of a slice's weights are not zero.

function glyph(pattern, kernel) {
  const wide = kernel[1], size = 24 / Math.max(...kernel, 3);
  const svg = s("svg", { width: wide * size, height: kernel[0] * size, viewBox: `0 0 ${wide} ${kernel[0]}`, "aria-hidden": "true" });
  [...pattern].forEach((letter, i) =>
    svg.append(s("rect", { class: { "+": "plus", "-": "minus", 0: "zero" }[letter], x: i % wide, y: Math.floor(i / wide), width: 0.92, height: 0.92 })));
  return svg;
}

function patternHistogram({ patterns }) {
  const highest = patterns.top[0][1];
  const bars = patterns.top.map(([pattern, count]) => {
    const bar = h("span", { class: "column" });
    bar.style.height = `${(46 * count) / highest}px`;
    return h("li", { title: `${pattern}: ${grouped(count)} of ${grouped(patterns.count)}` },
      h("span", { class: "count" }, short(count)), bar, glyph(pattern, patterns.kernel));
  });
  return h("div", {},
    h("h3", {}, "Patterns that repeat"),
    h("p", {}, h("b", {}, grouped(patterns.distinct)), ` distinct among ${grouped(patterns.count)} ${patterns.what}` +
      (patterns.distinct > bars.length ? `; the ${bars.length} most frequent:` : ":")),
    h("ol", { class: "patterns" }, bars));
}

// Bars of what is there, and a line of what there would be if each weight were zero by a chance of its own.
function nonzeroHistogram({ patterns, density }) {
  const size = patterns.size;
  const chance = [];
  for (let k = 0, ways = 1; k <= size; ways = (ways * (size - k)) / (k + 1), ++k)
    chance.push(patterns.count * ways * density ** k * (1 - density) ** (size - k));
  const highest = Math.max(...patterns.nonzeros, ...chance);
  return h("div", {},
    h("h3", {}, "Weights of a slice that are not zero"),
    chart({
      label: `Slices by how many of their ${size} weights are not zero: ${patterns.nonzeros.join(", ")}`,
      height: 190,
      x: { kind: linear, domain: [-0.6, size + 0.6], label: `of ${size}`, format: (value) => (Number.isInteger(value) ? String(value) : "") },
      y: { kind: linear, domain: [0, highest * 1.05], label: "slices", format: tick },
      legend: [key("square", "fill", "this layer"), key("circle", "chance", "zeros by chance, at the same density")],
      draw({ svg, x, y, bottom }) {
        patterns.nonzeros.forEach((count, k) =>
          svg.append(s("rect", { class: "fill", x: x(k - 0.38), width: x(0.76) - x(0), y: y(count), height: bottom - y(count) },
            s("title", {}, `${k}: ${grouped(count)} slices`))));
        svg.append(s("path", { class: "chance line", d: path(chance.map((count, k) => [x(k), y(count)])) }));
        chance.forEach((count, k) => svg.append(s("circle", { class: "chance", cx: x(k), cy: y(count), r: 2.5 })));
      },
    }));
}
