// The page, from the data in it.

(function report() {
  const data = JSON.parse(document.getElementById("data").textContent);
  for (const step of data.steps)
    step.words = [step.title, step.name, step.op, step.kernel, step.layer?.pattern, step.layer?.scheme].join(" ").toLowerCase();
  const colours = families(data.steps);
  const first = data.steps.filter((step) => step.layer).sort((a, b) => Boolean(b.layer.packed) - Boolean(a.layer.packed) || b.seconds - a.seconds)[0];
  document.getElementById("report").replaceChildren(...[
    summary(data),
    networkMap(data, colours),
    ...(data.tradeoff ? [h("div", { class: "pair" }, tradeoff(data), roofline(data, colours))] : [tradeoff(data), roofline(data, colours)]),
    layerTable(data),
    layerPanel(data),
    training(data),
    conditions(data),
  ].filter(Boolean));
  selection.choose(first.number);
})();
