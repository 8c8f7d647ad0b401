"""Which taps of a kernel read the same positions."""

from itertools import product

from plumline.analysis.layer import Layer


def taps_together(layer: Layer) -> list[tuple[int, ...]]:
    """Return the taps that read the same positions: strides keep some apart from others.

    A stride that is never taken, as the output has only one place, counts as 1.
    """
    strides = [
        1 if size == 1 else stride
        for size, stride in zip(layer.output_size[1:], layer.strides, strict=True)
    ]
    found: dict[tuple[int, ...], list[int]] = {}
    for tap, place in enumerate(product(*map(range, layer.kernel))):
        steps = zip(place, layer.dilations, strides, strict=True)
        residue = tuple(at * dilation % stride for at, dilation, stride in steps)
        found.setdefault(residue, []).append(tap)
    return [tuple(taps) for taps in found.values()]
