"""``plumline doctor``: what is installed, what the CPU can do, whether the kernels are right."""

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from plumline.cli.extras import EXTRAS
from plumline.cli.registry import Answer, verb
from plumline.errors import InputError


def declare(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--data", metavar="DIR", help="folder of the data sets ($PLUMLINE_DATA)")


@verb(
    "doctor",
    "versions, CPU, extras, data sets, and a self-test of the native kernels",
    declare,
    example="plumline doctor --json",
)
def run(options: Namespace) -> Answer:
    """Examine everything; a failed self-test is an error."""
    data = {
        "plumline": _plumline(),
        "packages": {
            extra: {name: _version(name) for name in modules.values()}
            for extra, modules in EXTRAS.items()
        },
        "settings": {k: v for k, v in sorted(os.environ.items()) if k.startswith("PLUMLINE_")},
        "data": _data(options.data),
        "self_test": _self_test(),
    }
    return Answer(data, _text(data))


def _plumline() -> dict[str, Any]:
    from plumline import __version__
    from plumline.bench.machine import Machine
    from plumline.runtime import native

    machine = Machine.here()
    return {
        "version": __version__,
        "python": machine.python,
        "system": machine.system,
        "executable": sys.executable,
        "cpu": machine.cpu,
        "cores": machine.cores,
        "instruction_sets": list(native.module().available_isas()),
        "in_use": machine.isa,
        "operators": sorted(native.module().operators()),
    }


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _data(root: str | None) -> dict[str, Any]:
    from plumline import data

    folder = root or os.environ.get("PLUMLINE_DATA")
    return {"folder": folder, "sets": {name: _state(name, folder) for name in data.names()}}


def _state(name: str, folder: str | None) -> str:
    """Open a data set, which is the only sure way to say that it is whole."""
    from plumline import data

    try:
        opened = data.open(name, folder)
    except InputError as error:
        return str(error)
    return f"{len(opened.train):,} train and {len(opened.test):,} test images"


def _self_test() -> dict[str, float]:
    """Run a convolution in every form of weights on every instruction set, beside numpy."""
    from plumline.cli.selftest import errors

    found = errors()
    wrong = [isa for isa, error in found.items() if not error < 1e-5]
    if wrong:
        raise InputError(
            f"the native kernels answer wrongly for {', '.join(wrong)}: reinstall plumline, and "
            "report it with the output of `plumline doctor --json` under PLUMLINE_ISA=portable"
        )
    return found


def _text(data: dict[str, Any]) -> str:
    ours = data["plumline"]
    lines = [
        f"plumline {ours['version']}, Python {ours['python']} ({ours['executable']})",
        f"{ours['system']}: {ours['cpu']}, {ours['cores']} cores",
        f"instruction sets: {', '.join(ours['instruction_sets'])}; in use: {ours['in_use']}",
        f"operators: {', '.join(ours['operators'])}",
    ]
    for extra, versions in data["packages"].items():
        have = ", ".join(f"{name} {version or 'MISSING'}" for name, version in versions.items())
        cure = f"  (pip install 'plumline[{extra}]')" if None in versions.values() else ""
        lines.append(f"{extra}: {have}{cure}")
    settings = [f"{key}={value}" for key, value in data["settings"].items()]
    lines.append(f"settings: {', '.join(settings) or 'none (PLUMLINE_ISA, PLUMLINE_DATA)'}")
    lines.append(f"data folder: {data['data']['folder'] or 'none: set PLUMLINE_DATA'}")
    lines += [f"  {name}: {state}" for name, state in data["data"]["sets"].items()]
    tests = ", ".join(f"{isa} {error:.0e}" for isa, error in data["self_test"].items())
    lines.append(f"self-test, largest relative error: {tests}")
    return "\n".join(lines)
