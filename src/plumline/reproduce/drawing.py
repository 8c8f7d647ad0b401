"""Pictures of items: a function that draws, made one that writes a file."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from plumline import _figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = (8.0, 5.0)


def drawn(draw: "Callable[[Figure], None]") -> Callable[[Path], None]:
    """Return a function that draws on an empty figure and writes it to a path, whole or not."""

    def write(path: Path) -> None:
        figure = _figures.new(INCHES)
        draw(figure)
        _figures.save(figure, path)

    return write
