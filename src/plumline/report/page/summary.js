// The head of the page: what the network is, in figures, and on what they were measured.

function summary({ title, network, made }) {
  const { packed } = network;
  const threads = made.threads === 1 ? "one thread" : `${made.threads} threads`;
  const figures = [
    ["weights", short(network.weights), `${grouped(network.weights)} in ${network.layers} layers`],
    ["not zero", percent(packed.density), `${grouped(packed.effectual)} of the ${grouped(packed.weights)} weights of ${packed.what}`],
    ["bits a weight", significant(packed.bits), `of ${packed.what} as packed, with scales and indices`],
    ["program", short(network.bytes, "B"), "everything in the file"],
    ["dense work", short(network.dense, "FLOP"), `a sample, in ${short(network.macs)} multiply-accumulates`],
    ["planned work", short(network.planned, "FLOP"), network.planned === null ? "not known of every kernel"
      : `a sample, ${percent(network.planned / network.dense)} of dense: what the kernels add and multiply`],
    ["one sample", time(network.seconds), `median of ${made.runs} runs, ${threads}${made.batch > 1 ? `; batch of ${grouped(made.batch)}, per sample` : ""}`],
    ["dense rate", short(network.dense / network.seconds, "FLOP/s"), "dense work done a second"],
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
