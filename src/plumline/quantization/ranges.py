"""The range of each tensor that its codes should cover, from what it is on sample inputs."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from plumline._progress import progress
from plumline.compiler import compile
from plumline.errors import InputError
from plumline.runtime import Program

Feed = Mapping[str, NDArray[np.float32]]
Range = tuple[float, float]

BINS = 4096
LEVELS = 255
_CANDIDATES = 100


class Histogram:
    """How often each number occurs between the least and the greatest."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.counts = np.zeros(BINS, np.int64)

    def add(self, x: NDArray[np.float32]) -> None:
        """Count numbers."""
        self.counts += np.histogram(x, BINS, (self.low, self.high))[0]

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of each bin."""
        return self.low + (np.arange(BINS) + 0.5) * (self.high - self.low) / BINS


def whole(histogram: Histogram) -> Range:
    """From the least to the greatest."""
    return histogram.low, histogram.high


def percentile(histogram: Histogram, share: float = 99.99) -> Range:
    """What holds so many percent of the numbers, as many being left out at either end."""
    shares = np.cumsum(histogram.counts) / histogram.counts.sum()
    out = (1 - share / 100) / 2
    first = int(np.searchsorted(shares, out, side="right"))
    last = int(np.searchsorted(shares, 1 - out))
    edges = np.linspace(histogram.low, histogram.high, BINS + 1)
    return float(edges[first]), float(edges[min(last, BINS - 1) + 1])


def mse(histogram: Histogram) -> Range:
    """The range, shrunk from both ends alike, whose codes differ least from the numbers."""
    x, counts = histogram.centres, histogram.counts
    best, least = (histogram.low, histogram.high), np.inf
    for part in np.linspace(1, 0.1, _CANDIDATES):
        low, high = histogram.low * part, histogram.high * part
        step = (high - low) / LEVELS
        clipped = np.clip(x, low, high)
        rounded = low + np.rint((clipped - low) / step) * step
        error = float(counts @ np.square(x - rounded))
        if error < least:
            best, least = (low, high), error
    return best


METHODS: dict[str, Callable[[Histogram], Range]] = {
    "minmax": whole,
    "percentile": percentile,
    "mse": mse,
}


def measure(
    model: onnx.ModelProto,
    names: Sequence[str],
    samples: Callable[[], Iterable[Feed]],
    choose: Callable[[Histogram], Range],
) -> dict[str, Range]:
    """Run the network on all samples, twice; return the range of each tensor, 0 within it.

    ``samples`` gives the same inputs each time it is called.
    """
    program = _with_outputs(model, names)
    limits: dict[str, Range] = {}
    for feed in progress(list(samples()), "finding the ranges"):
        for name, x in _values(program, feed, names).items():
            if not np.isfinite(x).all():
                raise InputError(f"the tensor {name!r} is not finite on the calibration inputs")
            low, high = limits.get(name, (0.0, 0.0))
            limits[name] = min(low, float(x.min())), max(high, float(x.max()))
    histograms = {name: Histogram(low, high) for name, (low, high) in limits.items() if low < high}
    for feed in progress(list(samples()), "counting the numbers"):
        for name, x in _values(program, feed, names).items():
            if name in histograms:
                histograms[name].add(x)
    return {name: choose(histograms[name]) if name in histograms else (0.0, 0.0) for name in limits}


def _with_outputs(model: onnx.ModelProto, names: Sequence[str]) -> Program:
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {info.name: info for info in [*inferred.graph.value_info, *inferred.graph.output]}
    present = {info.name for info in inferred.graph.output}
    inputs = {info.name for info in inferred.graph.input}
    for name in names:
        if name in present or name in inputs:
            continue
        if name not in known:
            raise InputError(f"the shape of the tensor {name!r} cannot be inferred")
        inferred.graph.output.append(known[name])
    return compile(inferred)


def _values(program: Program, feed: Feed, names: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    made = {**feed, **program.run(feed)}
    return {name: np.asarray(made[name]) for name in names}
