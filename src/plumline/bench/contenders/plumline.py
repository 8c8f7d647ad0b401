"""plumline's own runtime, as the engine chooses and in the manner of SumMerge.

`summerge` is there for comparison with the literature: what `compile` makes with
``kernels="summerge"``. Convolutions whose filters repeat a few values are executed so, all other
steps as the engine chooses. It takes part where it is named.
"""

from plumline.bench.contenders.registry import Bind, Call, Shapes, contender
from plumline.bench.subject import Feed, Subject
from plumline.runtime import Program, native


def stays_within(isa: str) -> bool:
    """Ask the choice that every load makes."""
    return native.choose_isa() in native.ISAS[: native.ISAS.index(isa) + 1]


@contender("plumline", package="plumline", forms=("artifact", "onnx"), heeds=stays_within)
def open_plumline(subject: Subject, threads: int, shapes: Shapes | None) -> Bind:
    """Run the program, or compile the ONNX bytes first; memory is planned at the first call."""
    if subject.artifact is not None:
        return _bind(Program(subject.artifact, threads))
    from plumline.compiler import compile

    assert subject.onnx is not None
    return _bind(compile(subject.onnx, threads=threads))


@contender("summerge", package="plumline", forms=("onnx",), heeds=stays_within, on_request=True)
def open_summerge(
    subject: Subject,
    threads: int,
    shapes: Shapes | None,
    *,
    tile: int = 4,  # that of the compiler, whose import would load onnx
    sparsity: bool = True,
) -> Bind:
    """Compile for SumMerge-style execution; ``sparsity`` is `compile`'s ``sparsity_support``."""
    from plumline.compiler import compile

    assert subject.onnx is not None
    program = compile(
        subject.onnx, threads=threads, kernels="summerge", sparsity_support=sparsity, tile=tile
    )
    return _bind(program)


def _bind(program: Program) -> Bind:
    def bind(feed: Feed) -> Call:
        return lambda: list(program.run(feed).values())

    return bind
