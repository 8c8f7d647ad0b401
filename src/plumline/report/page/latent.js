// The latent weights that training moves: all of them, the effectual ones within, the regions of either sign, and fits.

const REACH = 4;
const FITS = {
  laplace: (place) => Math.exp(-Math.abs(place)) / 2,
  normal: (place) => Math.exp((-place * place) / 2) / Math.sqrt(2 * Math.PI),
};

// How many weights a fit expects in a bin of a unit's width around `at`.
function expected(fit, [location, scale], count, at) {
  return (count * FITS[fit]((at - location) / scale)) / scale;
}

function latentHistogram(frame, edges, highest) {
  const { histograms, fits } = frame;
  const count = histograms.all.reduce((sum, part) => sum + part, 0);
  const bins = edges.slice(1).map((to, i) => ({ i, from: edges[i], to, middle: (to + edges[i]) / 2 })).filter(({ middle }) => Math.abs(middle) < REACH);

  function draw({ svg, x, y, bottom }) {
    const bars = (counts, className) => bins.forEach(({ i, from, to }) => counts?.[i] &&
      svg.append(s("rect", { class: className, x: x(from), width: Math.max(x(to) - x(from), 0.5), y: y(counts[i]), height: bottom - y(counts[i]) })));
    const line = (className, value) => ["halo", className].forEach((name) =>
      svg.append(s("path", { class: `line ${name}`, d: path(bins.map((bin) => [x(bin.middle), y(value(bin))])) })));
    bars(histograms.all, "rest");
    bars(histograms.effectual, "effectual");
    for (const sign of ["positive", "negative"]) if (histograms[sign]) line(`sign ${sign}`, ({ i }) => histograms[sign][i]);
    for (const [fit, parameters] of Object.entries(fits || {}))
      line(`fit ${fit}`, ({ from, to, middle }) => expected(fit, parameters, count, middle) * (to - from));
  }

  return chart({
    label: `Histogram of latent weights after epoch ${frame.epoch}. ${frame.about}`,
    height: 260,
    x: { kind: linear, domain: [-REACH, REACH], label: "latent weight, in standard deviations", format: tick },
    y: { kind: linear, domain: [0, highest * 1.05], label: "weights", format: tick },
    legend: [
      key("square", "rest", "all"), key("square", "effectual", "effectual"),
      histograms.positive && key("line", "line sign positive", "regions of sign +"), histograms.negative && key("line", "line sign negative", "regions of sign −"),
      fits && [key("line", "line fit laplace", "Laplace fit"), key("line", "line fit normal", "Normal fit")]],
    draw,
  });
}

const GROUP_ROWS = [
  ["weights", (group) => grouped(group.count)],
  ["mean", (group) => significant(group.mean)],
  ["standard deviation", (group) => significant(group.std)],
  ["skewness", (group) => group.skewness.toFixed(2)],
  ["excess kurtosis", (group) => group.kurtosis.toFixed(2)],
  ["distance from Laplace", (group) => distance(group, "laplace", "normal")],
  ["distance from Normal", (group) => distance(group, "normal", "laplace")],
];

function distance(group, fit, other) {
  if (group[fit] === null) return "–";
  return group[fit] < group[other] ? h("b", {}, group[fit].toFixed(3)) : group[fit].toFixed(3);
}

function groupTable(groups) {
  return h("div", {},
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Latent weights of the checkpoint" }, h("table", { class: "narrow" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "checkpoint"), groups.map(({ name }) => h("th", { scope: "col", class: "number" }, name)))),
      h("tbody", {}, GROUP_ROWS.map(([name, text]) =>
        h("tr", {}, h("th", { scope: "row" }, name), groups.map((group) => h("td", { class: "number" }, text(group)))))))),
    h("p", { class: "small" }, "Excess kurtosis is 0 of a Normal and 3 of a Laplace distribution. Distances are those of Kolmogorov and Smirnov; the nearer fit is bold."));
}

function latentWeights({ name, edges, frames, groups }, title) {
  const highest = Math.max(...frames.flatMap(({ histograms, fits }) =>
    [...histograms.all, fits ? expected("laplace", fits.laplace, histograms.all.reduce((sum, part) => sum + part, 0), fits.laplace[0]) * (edges[1] - edges[0]) : 0]));
  const about = h("p", { "aria-live": "polite" }), holder = h("div", {});
  const label = h("output", { for: `epoch-${name}` });
  const range = h("input", { type: "range", id: `epoch-${name}`, min: 0, max: frames.length - 1, value: frames.length - 1, oninput: show });

  function show() {
    const frame = frames[Number(range.value)];
    label.textContent = String(frame.epoch);
    about.textContent = frame.about;
    holder.replaceChildren(latentHistogram(frame, edges, highest));
  }

  show();
  const controls = h("div", { class: "controls" }, h("label", { for: `epoch-${name}` }, "After epoch "), range, label);
  return h("div", { class: "latents" }, h("div", {}, h("h3", {}, title), about, frames.length > 1 ? controls : null, holder), groupTable(groups));
}
