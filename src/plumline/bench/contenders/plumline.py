"""plumline's own runtime."""

from plumline.bench.contenders.registry import Bind, Call, Shapes, contender
from plumline.bench.subject import Feed, Subject
from plumline.runtime import Program, native


def stays_within(isa: str) -> bool:
    """Ask the choice that every load makes."""
    return native.choose_isa() in native.ISAS[: native.ISAS.index(isa) + 1]


@contender("plumline", package="plumline", forms=("artifact", "onnx"), heeds=stays_within)
def open_plumline(subject: Subject, threads: int, shapes: Shapes | None) -> Bind:
    """Run the program, or compile the ONNX bytes first; memory is planned at the first call."""
    program = _program(subject, threads)

    def bind(feed: Feed) -> Call:
        return lambda: list(program.run(feed).values())

    return bind


def _program(subject: Subject, threads: int) -> Program:
    if subject.artifact is not None:
        return Program(subject.artifact, threads)
    from plumline.compiler import compile

    assert subject.onnx is not None
    return compile(subject.onnx, threads=threads)
