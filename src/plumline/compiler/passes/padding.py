"""Let a convolution or an average over a zero-padded input pad for itself."""

from plumline.compiler.graph import Graph, Step


def run(graph: Graph) -> None:
    """Apply the pass in place."""
    producers = graph.producers()
    for step in graph.steps:
        pad = producers.get(step.inputs[0]) if step.inputs else None
        if pad is None or not _is_zero_border(pad):
            continue
        border = _spatial(pad)
        if step.op == "conv" or (step.op == "average_pool" and _counts_zeros(step, border)):
            step.inputs[0] = pad.inputs[0]
            pads = step.attributes["pads"]
            step.attributes["pads"] = tuple(
                own + more for own, more in zip(pads, border, strict=True)
            )
            if step.op == "average_pool":
                step.attributes["count_include_pad"] = 1


def _is_zero_border(pad: Step) -> bool:
    if pad.op != "pad" or pad.attributes["mode"] != "constant" or pad.attributes["value"] != 0:
        return False
    pads, rank = pad.attributes["pads"], len(pad.output.shape)
    return rank > 2 and min(pads) >= 0 and not any((*pads[:2], *pads[rank : rank + 2]))


def _spatial(pad: Step) -> tuple[int, ...]:
    pads, rank = pad.attributes["pads"], len(pad.output.shape)
    return (*pads[2:rank], *pads[rank + 2 :])


def _counts_zeros(pool: Step, border: tuple[int, ...]) -> bool:
    """Whether the mean divides by the zeros too, and no window lies in the padding alone."""
    get = pool.attributes
    own_is_counted = get["count_include_pad"] or not any(get["pads"])
    total = [own + more for own, more in zip(get["pads"], border, strict=True)]
    small = all(
        pad < size for pad, size in zip(total, (*get["kernel"], *get["kernel"]), strict=True)
    )
    return bool(own_is_counted and small and not get["ceil_mode"])
