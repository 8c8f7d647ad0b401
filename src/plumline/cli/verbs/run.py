"""``plumline run``: a program on arrays from files, with numpy alone."""

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from plumline.cli.registry import Answer, verb
from plumline.cli.text import number, table
from plumline.cli.values import check_output, positive
from plumline.errors import InputError

if TYPE_CHECKING:
    from plumline.runtime import Program


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("program", metavar="NET.plum", help="compiled program")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        *("--input", "-i"),
        action="append",
        metavar="[NAME=]X.npy",
        dest="inputs",
        help="a float32 array; repeat it for each input",
    )
    source.add_argument("--random", type=int, metavar="SEED", help="normal noise, one sample")
    parser.add_argument("-o", "--out", metavar="OUT.npz", help="write the outputs by name")
    parser.add_argument("--threads", type=positive, default=1, metavar="N", help="threads (1)")


@verb(
    "run",
    "run a program on .npy arrays; needs no PyTorch",
    declare,
    example="plumline run net.plum --input x.npy -o answers.npz",
)
def run(options: Namespace) -> Answer:
    """Run once and describe the outputs."""
    import plumline

    program = plumline.load(options.program, threads=options.threads)
    if options.inputs is None:
        check_output(options.out, options.program)
        feed = _noise(program, options.random)
    else:
        paths = _paths(program, options.inputs)
        check_output(options.out, options.program, *paths.values())
        feed = {name: _read(path) for name, path in paths.items()}
    outputs = program.run(feed)
    if options.out:
        _write(options.out, outputs)
    about = [{"name": name, **_describe(array)} for name, array in outputs.items()]
    rows = [
        [o["name"], str(tuple(o["shape"])), *(number(o[key], 6) for key in ("min", "mean", "max"))]
        for o in about
    ]
    text = table(["output", "shape", "min", "mean", "max"], rows)
    return Answer(
        {"program": options.program, "isa": program.isa, "outputs": about, "written": options.out},
        text + (f"\nwritten to {options.out}" if options.out else ""),
    )


def _paths(program: "Program", texts: list[str]) -> dict[str, str]:
    """Read ``NAME=X.npy`` texts; a name may be left out where there is one input."""
    paths: dict[str, str] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals:
            if len(program.inputs) != 1:
                wanted = ", ".join(port.name for port in program.inputs)
                raise InputError(f"--input {text!r} names no input: write NAME={text} ({wanted})")
            name, path = program.inputs[0].name, text
        if name in paths:
            raise InputError(f"--input {name!r} is given twice: {paths[name]!r} and {path!r}")
        paths[name] = path
    return paths


def _read(path: str) -> Any:
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InputError(f"{path!r} is not an array file of numpy.save") from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path!r} holds several arrays: give one .npy file for each input")
    return array


def _noise(program: "Program", seed: int) -> dict[str, Any]:
    import numpy as np

    if seed < 0:
        raise InputError(f"--random {seed}: a seed is at least 0")
    random = np.random.default_rng(seed)
    return {
        port.name: random.standard_normal(
            [size if isinstance(size, int) else 1 for size in port.shape], dtype=np.float32
        )
        for port in program.inputs
    }


def _write(path: str, outputs: dict[str, Any]) -> None:
    """Write what `numpy.savez` would, for which an output may not be called ``file``."""
    from zipfile import ZipFile

    from numpy.lib.format import write_array

    from plumline._files import replacing

    with replacing(path) as temporary, ZipFile(temporary, "w") as archive:
        for name, array in outputs.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                write_array(member, array)


def _describe(array: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"shape": list(array.shape)}
    for key in ("min", "mean", "max"):
        facts[key] = float(getattr(array, key)()) if array.size else None
    return facts
