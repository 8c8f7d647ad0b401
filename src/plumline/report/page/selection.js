// The step that the reader looks at: chosen in the map, the table or a chart, and marked in all of them.

const selection = {
  step: -1,
  listeners: [],
  listen(listener) {
    this.listeners.push(listener);
  },
  choose(step) {
    if (step === this.step) return;
    this.step = step;
    for (const listener of this.listeners) listener(step);
  },
};

// Marks the one of `elements` (by step) that is selected.
function mark(elements) {
  let marked = null;
  return (step) => {
    if (marked) marked.classList.remove("selected");
    marked = elements.get(step) || null;
    if (marked) marked.classList.add("selected");
  };
}
