"""Pictures with matplotlib, which the extra ``report`` brings."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from plumline import _files
from plumline._extras import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = (8.0, 5.0)


def drawn(draw: "Callable[[Figure], None]") -> Callable[[Path], None]:
    """Return a function that draws on an empty figure and writes it to a path, whole or not."""

    def write(path: Path) -> None:
        # No pyplot: it would pick a window system, and keep the figure.
        figure = require("matplotlib.figure", "report").Figure(INCHES, layout="constrained")
        draw(figure)
        with _files.replacing(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:], dpi=144)

    return write
