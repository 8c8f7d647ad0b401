// The latent weights that training moves: all of them, the effectual ones within, and the regions of either sign.

function latentHistogram({ name, about, edges, frames }) {
  const highest = Math.max(...frames.flatMap((frame) => frame.all));
  const holder = h("div", {});
  const label = h("output", { for: `epoch-${name}` });
  const range = h("input", { type: "range", id: `epoch-${name}`, min: 0, max: frames.length - 1, value: frames.length - 1, oninput: show });
  const middle = edges.slice(1).map((edge, i) => (edge + edges[i]) / 2);

  function show() {
    const frame = frames[Number(range.value)];
    label.textContent = String(frame.epoch);
    holder.replaceChildren(chart({
      label: `Histogram of latent weights after epoch ${frame.epoch}. ${about}`,
      height: 220,
      x: { kind: linear, domain: [-4, 4], label: "latent weight, in standard deviations", format: tick },
      y: { kind: linear, domain: [0, highest * 1.05], label: "weights", format: tick },
      legend: [key("square", "rest", "all"), key("square", "effectual", "effectual"),
        frame.positive && key("circle", "plus", "regions of sign +"), frame.negative && key("circle", "minus", "regions of sign −")],
      draw({ svg, x, y, bottom }) {
        const bars = (counts, className) => (counts || []).forEach((count, i) => count && Math.abs(middle[i]) < 4 &&
          svg.append(s("rect", { class: className, x: x(edges[i]), width: Math.max(x(edges[i + 1]) - x(edges[i]) - 0.5, 0.5), y: y(count), height: bottom - y(count) })));
        const line = (counts, className) => counts &&
          svg.append(s("path", { class: `line ${className}`, d: path(counts.map((count, i) => [x(middle[i]), y(count)]).filter((_, i) => Math.abs(middle[i]) < 4)) }));
        bars(frame.all, "rest");
        bars(frame.effectual, "effectual");
        line(frame.positive, "sign plus");
        line(frame.negative, "sign minus");
      },
    }));
  }

  show();
  return h("div", {},
    h("h3", {}, name === "pooled" ? "Latent weights, all layers" : "Latent weights"), h("p", {}, about),
    frames.length > 1 ? h("div", { class: "controls" }, h("label", { for: `epoch-${name}` }, "After epoch "), range, label) : null,
    holder);
}
