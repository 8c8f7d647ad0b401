"""Pictures with matplotlib, which the extra ``report`` brings."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from plumline import _files
from plumline._extras import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = (8.0, 5.0)
STYLE = {"svg.hashsalt": "plumline", "svg.fonttype": "none"}
"""Equal drawings are equal files, and text in them is text."""
NO_DATE = {"png": {"Software": None}, "svg": {"Date": None}}


def check() -> None:
    """Raise `MissingDependencyError` where nothing can be drawn, before hours of work."""
    require("matplotlib.figure", "report")


def drawn(draw: "Callable[[Figure], None]") -> Callable[[Path], None]:
    """Return a function that draws on an empty figure and writes it to a path, whole or not."""

    def write(path: Path) -> None:
        # No pyplot: it would pick a window system, and keep the figure.
        figure = require("matplotlib.figure", "report").Figure(INCHES, layout="constrained")
        draw(figure)
        kind = path.suffix[1:]
        with require("matplotlib", "report").rc_context(STYLE), _files.replacing(path) as temporary:
            figure.savefig(temporary, format=kind, dpi=120, metadata=NO_DATE[kind])

    return write
