// Repetition against sparsity: operations as a part of the dense ones, over the share of weights that are not zero.

const TITLE = "Repetition against sparsity";
const SCHEMES = { dense: "square", binary: "triangle", ternary: "diamond", "signed-binary": "circle" };

function tradeoff({ steps, tradeoff }) {
  if (!tradeoff)
    return section("tradeoff", TITLE,
      "No layer has quantized weights, so filters have no sums of equal weights in common. Convert the network with a scheme (plumline.convert_) and train it.");
  const counted = tradeoff.curves.flatMap((curve) => curve.points);
  const own = steps.filter((step) => step.layer && step.layer.merged !== null);
  // A layer of zeros takes no operations, which a logarithmic axis has no place for: it is drawn at its end.
  const all = [1, tradeoff.network[1], ...counted.map(([, ops]) => ops), ...own.map((step) => step.layer.merged)].filter((ops) => ops > 0);
  const range = [Math.min(...all) / 1.3, Math.max(...all) * 1.25];
  const place = ({ x, y }, [density, ops]) => [x(density), y(Math.max(ops, range[0]))];
  const sparse = Array.from({ length: 60 }, (_, i) => range[0] * (1 / range[0]) ** (i / 59));
  const dots = new Map();
  const marker = mark(dots);
  selection.listen(marker);
  const legend = [
    ...Object.entries(SCHEMES).map(([name, shape]) => key(shape, `scheme ${name}`, name)),
    key("circle", "dot own", "layers of this network"), key("circle", "whole", "this network, all of these"),
  ];

  function draw(plot) {
    const { svg, x, y, left, right } = plot;
    svg.append(
      s("line", { class: "scheme dense line", x1: left, x2: right, y1: y(1), y2: y(1) }),
      s("path", { class: "sparse", d: path(sparse.map((density) => [x(density), y(density)])) }),
      s("text", { class: "note", x: x(0.02), y: y(1) - 6 }, "every weight by itself"),
      s("text", { class: "note", x: x(0.36), y: y(0.3) + 4 }, "every non-zero by itself"));
    for (const { scheme, points } of tradeoff.curves) {
      const at = points.map((point) => place(plot, point));
      svg.append(s("path", { class: `scheme ${scheme} line`, d: path(at) }));
      for (const [i, [cx, cy]] of at.entries())
        svg.append(build(SHAPES[SCHEMES[scheme]](cx, cy, 4), { class: `scheme ${scheme}` },
          [s("title", {}, `${scheme}, random weights: density ${percent(points[i][0])}, ${percent(points[i][1])} of the dense operations`)]));
    }
    svg.append(build(SHAPES.square(x(1), y(1), 4), { class: "scheme dense" }, []));
    dots.clear();
    for (const step of own) {
      const title = `${step.title}: density ${percent(step.layer.density)}, ${percent(step.layer.merged)} of the dense operations`;
      const element = dot(step.number, ...place(plot, [step.layer.density, step.layer.merged]), 4.5, "own", title);
      dots.set(step.number, element);
      svg.append(element);
    }
    const [density, ops] = tradeoff.network;
    svg.append(build(SHAPES.circle(...place(plot, tradeoff.network), 8), { class: "whole" },
      [s("title", {}, `this network: density ${percent(density)}, ${percent(ops)} of the dense operations`)]));
    marker(selection.step);
  }

  const [verdict, ...reasons] = tradeoff.order;
  const layers = tradeoff.layers === 1 ? "its quantized layer" : `all of its ${tradeoff.layers} quantized layers`;
  return section("tradeoff", TITLE,
    `Operations when sums that filters have in common are made once (summerge, in tiles of ${tradeoff.tiles.join(" or ")} columns, whichever takes fewer). ` +
      `Lines are this network with random weights in ${layers}, to be compared with its ring: more zeros leave less to add, a third value leaves less in common. ` +
      "Dots are single layers; those with more filters share more, so they lie off the lines.",
    h("div", {},
      chart({
        label: `Operations over density. This network: density ${percent(tradeoff.network[0])}, ${percent(tradeoff.network[1])} of the dense operations`,
        height: 380,
        x: { kind: linear, domain: [0, 1], label: "weights that are not zero", format: (value) => percent(value, 0) },
        y: { kind: logarithmic, domain: range, label: "operations, of the dense ones", format: (value) => percent(value, value < 0.01 ? 1 : 0) },
        legend, draw,
      }),
      h("p", { class: "order" }, h("b", {}, verdict), ` ${reasons.join(" ")}`)));
}
