"""Measure the methods that the steps of a program can choose from, and note the fastest.

Estimates of the native module decide which methods are worth a measurement. Whole programs are
timed, so a method is measured in its place: in the layout that its neighbours give it, with the
caches as they leave them. A trial changes the method of every other step that has a choice; such a
step is charged for all steps up to the next one that has, as these may convert what it makes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from plumline.errors import InputError
from plumline.runtime.artifact import Artifact, Node
from plumline.runtime.program import Program

_MOST_FINALISTS = 4
_WORTH_MEASURING = 3.0  # times the cheapest estimate
_LEAST_GAIN = 0.97  # of the time: less is noise
_FEWEST_RUNS, _MOST_RUNS, _ENOUGH_SECONDS = 3, 20, 0.15  # of a trial


@dataclass(frozen=True)
class Choice:
    """One measured step: seconds by method, from it to the next step that has a choice."""

    node: str
    input_shape: tuple[int, ...]
    estimated: str
    tuned: str
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class Tuning:
    """What tuning found, on one instruction set and with so many threads.

    ``seconds_before`` and ``seconds_after`` are the best times of a run with the estimates' choices
    and with the tuned ones, measured in turn. Where these are no faster, the estimates stay.
    """

    isa: str
    threads: int
    choices: tuple[Choice, ...]
    seconds_before: float
    seconds_after: float


def tune(artifact: Artifact, threads: int = 1) -> tuple[Artifact, Tuning]:
    """Return the program with the attribute `tuned` on every step that was measured, and a report.

    Raises `InputError` when an input leaves a size open.
    """
    _check_sizes(artifact)
    program = Program(artifact, threads)
    steps = program.candidates()
    named = {number: _finalists(step.costs) for number, step in enumerate(steps)}
    finalists = {number: names for number, names in named.items() if len(names) > 1}
    prefix = {n: f"{program.isa} {'x'.join(map(str, steps[n].input_shape))}" for n in finalists}

    def choose(methods: Mapping[int, str]) -> Artifact:
        return _with_hints(artifact, {n: f"{prefix[n]} {methods[n]}" for n in methods})

    estimated = {number: names[0] for number, names in finalists.items()}
    seconds: dict[int, dict[str, float]] = {number: {} for number in finalists}
    for changed in _trials(finalists):
        usual, trial = _race(program, Program(choose(estimated | changed), threads))
        for number, method in changed.items():
            # The two ran in turn: their ratio holds on a machine that changes its speed meanwhile.
            time = _charged(usual, number, finalists)
            gain = _charged(trial, number, finalists) / time
            seconds[number][method] = seconds[number].setdefault(estimated[number], time) * gain
    fastest = {number: _fastest(times) for number, times in seconds.items()}
    before, after = (sum(times) for times in _race(program, Program(choose(fastest), threads)))
    if after >= before:
        fastest, after = estimated, before
    choices = tuple(
        Choice(artifact.nodes[n].name, steps[n].input_shape, estimated[n], fastest[n], seconds[n])
        for n in finalists
    )
    return choose(fastest), Tuning(program.isa, program.threads, choices, before, after)


def _check_sizes(artifact: Artifact) -> None:
    for port in artifact.inputs:
        if any(isinstance(size, str) for size in port.shape):
            raise InputError(
                f"tuning measures at fixed sizes and the input {port.name!r} is "
                f"({', '.join(map(str, port.shape))}): give it a shape with shapes= (--shape)"
            )


def _finalists(costs: Mapping[str, float]) -> list[str]:
    """Name the methods worth measuring, the cheapest first."""
    names = sorted(costs, key=lambda name: costs[name])
    worth = [name for name in names if costs[name] <= _WORTH_MEASURING * costs[names[0]]]
    return worth[:_MOST_FINALISTS]


def _trials(finalists: Mapping[int, list[str]]) -> Iterator[dict[int, str]]:
    """Yield the methods to change in each trial: those of one rank, in every other step."""
    for rank in range(1, _MOST_FINALISTS):
        for turn in (0, 1):
            numbers = list(finalists)[turn::2]
            changed = {n: finalists[n][rank] for n in numbers if rank < len(finalists[n])}
            if changed:
                yield changed


def _race(first: Program, second: Program) -> tuple[list[float], list[float]]:
    """Run two programs in turn; the best time of each step of both."""
    best: tuple[list[float], list[float]] = (_times(first), _times(second))
    runs, spent = 1, 0.0
    while runs < _FEWEST_RUNS or (runs < _MOST_RUNS and spent < _ENOUGH_SECONDS):
        for program, times in zip((first, second), best, strict=True):
            now = _times(program)
            times[:] = map(min, times, now)
            spent += sum(now)
        runs += 1
    return best


def _times(program: Program) -> list[float]:
    """Time every step in one run on random data."""
    return [step.seconds for step in program.profile(repeats=1)]


def _charged(times: list[float], number: int, varied: Mapping[int, object]) -> float:
    """Sum the times from a step to the next that has a choice."""
    end = min((other for other in varied if other > number), default=len(times))
    return max(sum(times[number:end]), 1e-9)  # a clock may not see the smallest steps


def _fastest(seconds: Mapping[str, float]) -> str:
    """Name the fastest method; the estimated one, which comes first, if it is about as fast."""
    estimated, *_ = seconds
    best = min(seconds, key=lambda method: seconds[method])
    return best if seconds[best] < _LEAST_GAIN * seconds[estimated] else estimated


def _with_hints(artifact: Artifact, hints: Mapping[int, str]) -> Artifact:
    def hinted(number: int, node: Node) -> Node:
        if number not in hints:
            return node
        return replace(node, attributes={**node.attributes, "tuned": hints[number]})

    nodes = tuple(hinted(number, node) for number, node in enumerate(artifact.nodes))
    return replace(artifact, nodes=nodes)
