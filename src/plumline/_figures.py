"""Figures of matplotlib, which the extra ``report`` brings, as files."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from plumline._extras import require
from plumline._files import replacing
from plumline.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = {"svg.hashsalt": "plumline", "svg.fonttype": "none"}
"""Equal drawings are equal files, and text in them is text."""
METADATA = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def check() -> None:
    """Raise `MissingDependencyError` where nothing can be drawn, before hours of work."""
    require("matplotlib.figure", "report")


def new(inches: tuple[float, float]) -> "Figure":
    """Return an empty figure."""
    # No pyplot: it would pick a window system, and keep the figure.
    figure: Figure = require("matplotlib.figure", "report").Figure(inches, layout="constrained")
    return figure


def save(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Write a figure as a PNG, SVG or PDF file, whole or not at all; `InputError` for others."""
    kind = Path(path).suffix[1:]
    if kind not in METADATA:
        raise InputError(f"{os.fspath(path)!r} is no .png, .svg or .pdf file: name one to write")
    with require("matplotlib", "report").rc_context(STYLE), replacing(path) as temporary:
        figure.savefig(temporary, format=kind, dpi=120, metadata=METADATA[kind])
