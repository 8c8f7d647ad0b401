// One layer: what is known of it, its weights as pictures, its patterns, its latent weights.

function layerPanel({ steps, latents }) {
  const layers = steps.filter((step) => step.layer);
  const chooser = h("select", { id: "choose-layer", onchange: () => selection.choose(Number(chooser.value)) },
    layers.map((step) => h("option", { value: step.number }, step.title)));
  const holder = h("div", {});

  function list(rows) {
    return h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  function facts({ layer, ...step }) {
    const ran = [
      ["Step", step.name === step.title ? step.title : `${step.title}, ${step.name}`],
      ["Kernel", `${step.op}, ${step.kernel}${step.choice ? ` (${step.choice})` : ""}`],
    ];
    const took = `${time(step.seconds)}, ${percent(step.share)} of all`;
    if (!layer) return list([...ran, ["Output", times(step.output)], ["Time", took]]);
    return list([
      ...ran,
      ["Weights", `${grouped(layer.filters)} filters of ${grouped(layer.channels)} channels × ${times(layer.kernel)}: ${layer.pattern}`],
      ["Held as", `${grouped(layer.bytes)} bytes, ${significant(layer.bits)} bits a weight; ${layer.why}`],
      ["Repetition", `${grouped(layer.distinct_filters)} of ${grouped(layer.filters)} filters and ${grouped(layer.distinct)} of ${grouped(layer.slices)} slices are distinct; entropy ${significant(layer.entropy)} bits a weight`],
      ["Time", `${took}; ${short(layer.dense / step.seconds, "FLOP/s")} of dense work`],
    ]);
  }

  function operations({ layer }) {
    const rows = layer.operations.map(([name, additions, multiplications]) => {
      const part = (additions + multiplications) / layer.dense;
      const share = h("td", { class: "number bar" }, percent(part));
      share.style.setProperty("--part", `${Math.min(100, 100 * part)}%`);
      return h("tr", {}, h("th", { scope: "row" }, name.split(/(?<=:)/).map((part) => [part, h("wbr")])), share,
        [additions, multiplications].map((count) => h("td", { class: "number" }, grouped(count))));
    });
    return h("div", { class: "operations" }, h("h3", {}, "Operations of one sample"),
      h("p", {}, `${grouped(layer.dense)} of dense work, in ${grouped(layer.macs)} multiply-accumulates; what is left of it under each execution model. “plan” is what runs.`),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Operations" }, h("table", { class: "narrow" },
        h("thead", {}, h("tr", {}, ["model", "of dense", "additions", "multiplications"].map((name, i) => h("th", { scope: "col", class: i > 0 && "number" }, name)))),
        h("tbody", {}, rows))));
  }

  function show(number) {
    const step = steps[number];
    const { layer } = step;
    chooser.value = layer ? number : "";
    if (!layer) {
      holder.replaceChildren(h("p", { class: "lede" }, "No weights in this step."), facts(step));
      return;
    }
    const latent = latents?.find((one) => one.name === step.title);
    holder.replaceChildren(...[
      h("div", { class: "pair" },
        h("div", { class: "stack" }, h("div", {}, h("h3", {}, "Weights"),
          layer.packed ? bitmaps(layer) : h("p", { class: "lede" }, "These are real numbers without a pattern: there is no picture of signs and zeros.")),
          layer.patterns ? patternHistogram(layer) : null),
        h("div", { class: "stack" }, facts(step), operations(step),
          layer.patterns && layer.patterns.size > 1 ? nonzeroHistogram(layer) : null)),
      latent ? latentWeights(latent, "Latent weights") : null,
    ].filter(Boolean));
  }

  selection.listen(show);
  onTheme(() => show(selection.step));
  const legend = [key("square", "plus", "positive"), key("square", "minus", "negative"), key("square", "zero", "zero")];
  return section("layer", "Inside a layer", null,
    h("div", { class: "controls" },
      h("label", { for: "choose-layer" }, "Layer "), chooser, h("span", { class: "legend" }, legend)),
    holder);
}
