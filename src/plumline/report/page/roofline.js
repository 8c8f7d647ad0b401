// Each layer under the roofs of this machine: dense work done a second, over dense work for each byte moved.

function roofline({ steps, roofs }, colours) {
  const layers = steps.filter((step) => step.layer && step.layer.dense && step.seconds > 0).map((step) => ({
    step, intensity: step.layer.dense / (step.moved + step.layer.bytes), rate: step.layer.dense / step.seconds }));
  const intensities = layers.map((layer) => layer.intensity);
  const rates = layers.map((layer) => layer.rate);
  const ridge = roofs.operations / Math.min(...roofs.memories.map((memory) => memory.bandwidth));
  const xs = [Math.min(...intensities, ridge / 8) / 1.5, Math.max(...intensities, ridge) * 1.5];
  const ys = [Math.min(...rates, roofs.operations / 20) / 1.5, Math.max(...rates, roofs.operations) * 1.6];
  const dots = new Map();
  const marker = mark(dots);
  selection.listen(marker);

  function draw({ svg, x, y, left, right, bottom, top }) {
    const clip = s("clipPath", { id: "roofline-plot" }, s("rect", { x: left, y: top, width: right - left, height: bottom - top }));
    const inside = s("g", { "clip-path": "url(#roofline-plot)" });
    svg.append(clip, inside, s("line", { class: "roof", x1: left, x2: right, y1: y(roofs.operations), y2: y(roofs.operations) }),
      s("text", { class: "note end", x: right - 4, y: y(roofs.operations) + 14 },
        `every weight multiplied: ${short(roofs.operations, "FLOP/s")}`));
    for (const { name, bandwidth } of roofs.memories) {
      const meets = roofs.operations / bandwidth;
      inside.append(s("path", { class: "roof memory", d: path([[x(xs[0]), y(xs[0] * bandwidth)], [x(meets), y(roofs.operations)]]) },
        s("title", {}, `${name}: ${short(bandwidth, "B/s")}`)));
    }
    roofs.memories.forEach(({ name, bandwidth }, i) => {
      // Where the roof leaves the plot at the left or at the bottom, one label below the other.
      const at = Math.max(xs[0], ys[0] / bandwidth) * 1.15;
      const slope = (-180 / Math.PI) * Math.atan2(y(1e9) - y(1e10), x(10) - x(1));
      const [px, py] = [x(at), y(at * bandwidth) - 5];
      inside.append(s("text", { class: "note", x: px, y: py, transform: `rotate(${slope.toFixed(1)} ${px.toFixed(1)} ${py.toFixed(1)})` },
        i === roofs.memories.length - 1 || i === 0 ? `${name} ${short(bandwidth, "B/s")}` : name));
    });
    dots.clear();
    for (const { step, intensity, rate } of layers) {
      const title = `${step.title}: ${short(rate, "FLOP/s")} at ${significant(intensity)} FLOP a byte`;
      const element = dot(step.number, x(intensity), y(rate), 3 + 9 * Math.sqrt(step.share), colours.of(step), title);
      dots.set(step.number, element);
      svg.append(element);
    }
    marker(selection.step);
  }

  const above = layers.filter((layer) => layer.rate > roofs.operations).length;
  return section("roofline", "Roofline of this machine",
    `What each layer does of its dense work a second; larger dots take more time. ${above ? `${above} of ${layers.length} layers are above the roof of multiplying every weight, which only saving work can reach.` : ""}`,
    chart({
      label: `Roofline: the machine multiplies and adds at ${short(roofs.operations, "FLOP/s")}; ${above} of ${layers.length} layers do their dense work faster`,
      height: 380,
      x: { kind: logarithmic, domain: xs, label: "FLOP of dense work for each byte moved", format: tick },
      y: { kind: logarithmic, domain: ys, label: "FLOP of dense work a second", format: tick },
      legend: colours.legend(false), draw,
    }));
}
