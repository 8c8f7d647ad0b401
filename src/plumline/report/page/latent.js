// The latent weights that training moves: all of them, and those that are effectual, within one distribution.

function latentHistogram(latent) {
  const { edges, all, positive, negative } = latent;
  const highest = Math.max(...all);
  return h("div", {},
    h("h3", {}, latent.title),
    h("p", {}, latent.about),
    chart({
      label: `Histogram of the latent weights of ${latent.name}. ${latent.about}`,
      height: 220,
      x: { kind: linear, domain: [edges[0], edges[edges.length - 1]], label: "latent weight", format: tick },
      y: { kind: linear, domain: [0, highest * 1.05], label: "weights", format: tick },
      legend: [key("square", "rest", "become zero"), key("square", "minus", "become −1"), key("square", "plus", "become +1")],
      draw({ svg, x, y, bottom }) {
        all.forEach((count, i) => {
          // From the axis up: what becomes -1, what becomes +1, what becomes zero.
          let base = 0;
          for (const [name, part] of [["minus", negative[i]], ["plus", positive[i]], ["rest", count - positive[i] - negative[i]]]) {
            if (part > 0)
              svg.append(s("rect", { class: name, x: x(edges[i]), width: Math.max(x(edges[i + 1]) - x(edges[i]) - 0.5, 0.5), y: y(base + part), height: y(base) - y(base + part) }));
            base += part;
          }
        });
        svg.append(s("line", { class: "axis", x1: x(0), x2: x(0), y1: bottom, y2: bottom + 4 }));
      },
    }));
}
