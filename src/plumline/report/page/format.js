// Numbers for people: three digits that count, and a unit.

const THIN = "\u202f";
const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];

function significant(value, digits = 3) {
  if (value === 0) return "0";
  if (Math.abs(value) < 1e-4) return value.toExponential(1);
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(places, 6));
}

function scaled(value, unit, write) {
  if (value === null || value === undefined) return "–";
  const [size, prefix] = PREFIXES.find(([size]) => Math.abs(value) >= size) || [1, ""];
  const tail = prefix + unit;
  return (size === 1 && Number.isInteger(value) ? String(value) : write(value / size)) + (tail ? THIN + tail : "");
}

function short(value, unit = "") {
  return scaled(value, unit, significant);
}

// For axes: without zeros at the end.
function tick(value) {
  return scaled(value, "", (part) => String(Number(part.toPrecision(3))));
}

function time(seconds) {
  const [size, unit] = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [0, "ns"]].find(([size]) => seconds >= size);
  return significant(seconds / (size || 1e-9)) + THIN + unit;
}

function percent(share, digits = 1) {
  return share === null || share === undefined ? "" : (100 * share).toFixed(digits) + THIN + "%";
}

function grouped(value) {
  return value === null || value === undefined ? "" : value.toLocaleString("en-US");
}

function times(sizes) {
  return sizes.join("×");
}
