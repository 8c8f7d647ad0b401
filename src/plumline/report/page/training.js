// How the network was trained: one small chart a quantity, over epochs.

function training({ training, latents }) {
  if (!training) return null;
  const charts = training.charts.map(({ title, series, unit }) => {
    const values = series.flatMap(({ points }) => points.map(([, value]) => value));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    const last = series.map(({ name, points }) => `${name} ${significant(points[points.length - 1][1])}${unit}`).join(", ");
    return h("div", {}, h("h3", {}, title), h("p", {}, last),
      chart({
        label: `${title} over ${training.epochs} epochs; last: ${last}`,
        height: 200,
        x: { kind: linear, domain: [Math.min(1, training.epochs), Math.max(2, training.epochs)], label: "epoch", format: (value) => (Number.isInteger(value) ? String(value) : "") },
        y: { kind: linear, domain: [low - room, high + room], label: unit.trim() || title.toLowerCase(), format: tick },
        legend: series.length > 1 ? series.map(({ name }, i) => key(["circle", "square"][i], `series s${i}`, name)) : null,
        draw({ svg, x, y }) {
          series.forEach(({ points }, i) => {
            svg.append(s("path", { class: `series s${i} line`, d: path(points.map(([epoch, value]) => [x(epoch), y(value)])) }));
            const every = Math.ceil(points.length / 40);
            points.forEach(([epoch, value], j) => {
              if (j % every && j !== points.length - 1) return;
              svg.append(build(SHAPES[["circle", "square"][i]](x(epoch), y(value), 2.5), { class: `series s${i}` },
                [s("title", {}, `epoch ${epoch}: ${significant(value, 4)}${unit}`)]));
            });
          });
        },
      }));
  });
  return section("training", "Training", training.about, h("div", { class: "triple" }, charts),
    latents?.length ? latentWeights(latents[0], "Latent weights of all layers, each in units of its standard deviation") : null);
}
