"""plumline's own runtime."""

from plumline.bench.contenders.registry import Bind, Call, Shapes, contender
from plumline.bench.subject import Feed, Subject
from plumline.errors import InputError
from plumline.runtime import Program


@contender("plumline", package="plumline")
def open_plumline(subject: Subject, threads: int, shapes: Shapes | None) -> Bind:
    """Run the program, or compile the ONNX bytes first; memory is planned at the first call."""
    program = _program(subject, threads)

    def bind(feed: Feed) -> Call:
        return lambda: list(program.run(feed).values())

    return bind


def _program(subject: Subject, threads: int) -> Program:
    if subject.artifact is not None:
        return Program(subject.artifact, threads)
    if subject.onnx is None:
        raise InputError(f"plumline needs {subject.name} as a .onnx or .plum file")
    from plumline.compiler import compile

    return compile(subject.onnx, threads=threads)
