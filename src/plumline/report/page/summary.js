// The head of the page: what the network is, in figures, and on what they were measured.

function summary({ title, network, made }) {
  const figures = [
    ["weights", short(network.weights), `${grouped(network.weights)} in ${network.layers} layers`],
    ["not zero", percent(network.density), `${grouped(network.effectual)} effectual weights`],
    ["bits a weight", significant(network.bits), "as packed, with scales and indices"],
    ["program", short(network.bytes, "B"), "everything in the file"],
    ["dense work", short(network.macs), "multiply-accumulates of one sample"],
    ["planned work", short(network.planned), "additions and multiplications that the weights ask for"],
    ["one sample", time(network.seconds), `median of ${made.runs} runs, ${made.threads === 1 ? "one thread" : `${made.threads} threads`}`],
    ["dense rate", short((2 * network.macs) / network.seconds, "FLOP/s"), "dense work done a second"],
  ];
  return h("header", {},
    h("p", { class: "kicker" }, "plumline report"),
    h("h1", {}, title),
    h("p", { class: "lede" }, network.sentence),
    made.warning ? h("p", { class: "warning" }, made.warning) : null,
    h("dl", { class: "figures" },
      figures.map(([name, value, about]) => h("div", {}, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "about" }, about)))));
}

function conditions({ made }) {
  const rows = [
    ["Processor", `${made.cpu}, ${made.cores} cores; kernels for ${made.isa}, ${made.threads === 1 ? "one thread" : `${made.threads} threads`}`],
    ["System", `${made.system}, Python ${made.python}, plumline ${made.version}, ${made.date}`],
    ["Input", made.input],
    ["Times", `of a step: median of ${made.runs} runs in which every step is timed; of the network: median of as many ordinary calls. ` +
      `Together the steps take ${time(made.steps_seconds)}.`],
    ["Other work", made.other_work],
    ...made.notes,
  ];
  return section("conditions", "How this was measured", null,
    h("dl", { class: "facts" }, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
}
