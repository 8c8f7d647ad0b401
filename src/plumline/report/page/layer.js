// One layer: what is known of it, its weights as pictures, its patterns, its latent weights.

function layerPanel({ steps, latents }) {
  const layers = steps.filter((step) => step.layer);
  const chooser = h("select", { id: "choose-layer", onchange: () => selection.choose(Number(chooser.value)) },
    layers.map((step) => h("option", { value: step.number }, step.title)));
  const holder = h("div", {});
  let shown = null;

  function facts({ layer, ...step }) {
    const rows = [
      ["Step", `${step.op} ${step.name}, ${step.kernel}${step.choice ? ` (${step.choice})` : ""}`],
      ["Weights", `${grouped(layer.filters)} filters of ${grouped(layer.channels)} channels × ${times(layer.kernel)}: ${layer.pattern}`],
      ["Held as", `${grouped(layer.bytes)} bytes, ${significant(layer.bits)} bits a weight; ${layer.why}`],
      ["Repetition", `${grouped(layer.distinct_filters)} of ${grouped(layer.filters)} filters and ${grouped(layer.distinct)} of ${grouped(layer.slices)} slices are distinct; entropy ${significant(layer.entropy)} bits a weight`],
      ["Work", `${grouped(layer.macs)} dense MACs, ${grouped(layer.planned)} planned operations`],
      ...Object.entries(layer.operations).map(([name, count]) => [name, `${grouped(count)} operations, ${significant(count / layer.macs)} a MAC`]),
      ["Time", `${time(step.seconds)}, ${percent(step.share)} of all; ${short((2 * layer.macs) / step.seconds, "FLOP/s")} of dense work`],
    ];
    return h("dl", { class: "facts" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  function show(number) {
    const step = steps[number];
    if (!step?.layer) return;
    shown = number;
    chooser.value = number;
    const { layer } = step;
    const latent = latents?.find((one) => one.name === step.title);
    holder.replaceChildren(
      h("div", { class: "pair" },
        h("div", {}, h("h3", {}, "Weights"),
          layer.packed ? bitmaps(layer) : h("p", { class: "lede" }, "The weights are real numbers without a pattern, so there is no picture of signs and zeros.")),
        h("div", {}, facts(step),
          layer.patterns && layer.patterns.size > 1 ? nonzeroHistogram(layer) : null,
          latent ? latentHistogram(latent) : null)),
      layer.patterns ? patternHistogram(layer) : "");
  }

  selection.listen(show);
  onTheme(() => show(shown));
  const legend = [key("square", "plus", "positive"), key("square", "minus", "negative"), key("square", "zero", "zero")];
  return section("layer", "Inside a layer", null,
    h("div", { class: "controls" },
      h("label", { for: "choose-layer" }, "Layer "), chooser, h("span", { class: "legend" }, legend)),
    holder);
}
