// The steps as a table that sorts by any column, filters by text, and sums up what it shows.

// More steps than these are not all shown at first, but those with weights.
const MANY = 30;

const COLUMNS = [
  { name: "step", value: (step) => step.number, text: (step) => step.title, first: true },
  { name: "time", value: (step) => step.seconds, text: (step) => time(step.seconds), sum: time },
  { name: "share", value: (step) => step.share, text: (step) => percent(step.share), sum: percent, bar: true },
  { name: "op", value: (step) => step.op, words: true },
  { name: "kernel", value: (step) => step.kernel, words: true },
  { name: "output", value: (step) => step.elements, text: (step) => times(step.output) },
  { name: "weights are", value: (step) => step.layer?.pattern ?? "", words: true },
  { name: "weights", value: (step) => step.layer?.weights, text: (step) => grouped(step.layer?.weights), sum: grouped },
  { name: "not zero", value: (step) => step.layer?.density, text: (step) => percent(step.layer?.density), bar: true },
  { name: "slices", value: (step) => step.layer?.slices, text: (step) => grouped(step.layer?.slices), sum: grouped },
  { name: "distinct", value: (step) => step.layer?.distinct, text: (step) => grouped(step.layer?.distinct) },
  { name: "bits a weight", value: (step) => step.layer?.bits, text: (step) => step.layer && significant(step.layer.bits) },
  { name: "entropy", value: (step) => step.layer?.entropy, text: (step) => step.layer && significant(step.layer.entropy) },
  { name: "bytes", value: (step) => step.layer?.bytes, text: (step) => grouped(step.layer?.bytes), sum: grouped },
  { name: "dense MACs", value: (step) => step.layer?.macs, text: (step) => grouped(step.layer?.macs), sum: grouped },
  { name: "planned ops", value: (step) => step.layer?.planned, text: (step) => grouped(step.layer?.planned), sum: grouped },
];

function isNumber(column) {
  return !column.words && !column.first;
}

function compare(a, b) {
  return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
}

function layerTable({ steps }) {
  const columns = COLUMNS.map((column) => ({ ...column, full: column.bar && Math.max(...steps.map((step) => column.value(step) || 0)) }));
  let order = { column: columns[0], direction: 1 };
  const rows = new Map(steps.map((step) => [step.number, row(step)]));
  const body = h("tbody");
  const sums = columns.map((column) => h(column.first ? "th" : "td", { class: isNumber(column) && "number", scope: column.first && "row" }));
  const heads = columns.map(head);
  const search = h("input", { type: "search", id: "filter", placeholder: "name, kernel, pattern…", autocomplete: "off", oninput: show });
  const only = h("input", { type: "checkbox", id: "only", checked: steps.length > MANY, onchange: show });
  const status = h("p", { class: "status", role: "status" });
  const longest = Math.max(...steps.map((step) => step.title.length));
  const region = h("div", { class: "scroll", role: "region", tabindex: 0, "aria-labelledby": "layers-title" },
    h("table", {}, h("thead", {}, h("tr", {}, heads)), body, h("tfoot", {}, h("tr", {}, sums))));

  function head(column) {
    return h("th", { scope: "col", class: isNumber(column) && "number" },
      h("button", { type: "button", onclick: () => sort(column) }, column.name));
  }

  function row(step) {
    const cells = columns.map((column) => {
      const text = column.text ? column.text(step) : column.value(step);
      if (column.first)
        return h("th", { scope: "row" }, h("a", { href: "#layer-title", onclick: () => selection.choose(step.number) }, text));
      const cell = h("td", { class: [isNumber(column) && "number", column.bar && "bar"].filter(Boolean).join(" ") || null }, text ?? "");
      if (column.bar && text) cell.style.setProperty("--part", `${(100 * column.value(step)) / column.full}%`);
      return cell;
    });
    return h("tr", {}, cells);
  }

  // Numbers are wanted largest first, names in order; the same head again turns it round.
  function sort(column) {
    const first = isNumber(column) ? -1 : 1;
    order = { column, direction: order.column === column ? -order.direction : first };
    show();
  }

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = steps.filter((step) => (!only.checked || step.layer) && words.every((word) => step.words.includes(word)));
    const has = (step) => order.column.value(step) !== undefined && order.column.value(step) !== null;
    shown.sort((a, b) => has(b) - has(a) || (has(a) && order.direction * compare(order.column.value(a), order.column.value(b))) || a.number - b.number);
    body.replaceChildren(...shown.map((step) => rows.get(step.number)));
    columns.forEach((column, i) => {
      const sorted = column === order.column;
      heads[i].setAttribute("aria-sort", sorted ? (order.direction > 0 ? "ascending" : "descending") : "none");
      sums[i].textContent = column.first ? "sum" : column.sum ? column.sum(shown.reduce((sum, step) => sum + (column.value(step) || 0), 0)) : "";
    });
    status.textContent = `${shown.length} of ${steps.length} steps`;
  }

  region.style.setProperty("--name", `${Math.min(longest, 30)}ch`);
  selection.listen(mark(rows));
  show();
  return section("layers", "Steps", "Choose a head to sort, a name to see the weights below. Slices are the kernels of one filter on one channel.",
    h("div", { class: "controls" },
      h("label", { for: "filter" }, "Filter "), search,
      h("label", { class: "check" }, only, " only steps with weights"), status),
    region);
}
