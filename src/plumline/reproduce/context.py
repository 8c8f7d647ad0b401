"""Where a reproduction reads and writes, and how much it may spend."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plumline.reproduce.budget import Budget


@dataclass(frozen=True)
class Context:
    """What an item is given.

    Args:
        budget: Its sizes.
        out: Folder for CSV files and pictures.
        runs: Folder of run folders, kept so that interrupted work goes on.
        data: Folder of the data sets; None: ``$PLUMLINE_DATA``.
        say: Takes a line about progress.
        jobs: Networks that are trained at a time.
    """

    budget: Budget
    out: Path
    runs: Path
    data: str | os.PathLike[str] | None
    say: Callable[[str], None]
    jobs: int = 1


def say_on_stderr(line: str) -> None:
    """Print a line about progress."""
    print(line, file=sys.stderr, flush=True)
