"""Fill the tables of the documents from the CSV files that the benchmarks wrote.

    python benchmarks/tables.py            write them
    python benchmarks/tables.py --check    only say whether a document is out of date

A table stands between two comments; the first names the files, and the columns with their headings:

    <!-- table: cifar10-resnet20/accuracy.csv | scheme=weights, plumline_top1=top-1 %:.2f -->
    <!-- end -->
"""

import argparse
import csv
import re
import sys
from pathlib import Path

from plumline._files import write_text

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
TABLE = re.compile(r"(<!-- table: (?P<files>[^|]+)\|(?P<columns>.+?)-->\n).*?(<!-- end -->)", re.S)


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if out of date")
    options = parser.parse_args()
    stale = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        filled = TABLE.sub(fill, text)
        if filled != text:
            stale.append(path.relative_to(ROOT))
            if not options.check:
                write_text(path, filled)
    print(*(f"{'out of date' if options.check else 'written'}: {path}" for path in stale), sep="\n")
    return int(bool(stale) and options.check)


def fill(match: re.Match[str]) -> str:
    """Put the table of one pair of comments between them."""
    names = match["files"].split()
    rows = [row for name in names for row in read(RESULTS / name)]
    columns = [Column(text) for text in re.split(r",\s+", match["columns"].strip())]
    lines = [
        "| " + " | ".join(column.heading for column in columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(column.cell(row) for column in columns) + " |" for row in rows),
    ]
    return match[1] + "\n".join(lines) + "\n" + match[4]


def read(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV file; a row also has its file's stem, as ``file``."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{"file": path.stem, **row} for row in csv.DictReader(file)]


class Column:
    """``key=heading:format``, of which only the key must be there."""

    def __init__(self, text: str) -> None:
        text, _, self.format = text.strip().partition(":")
        self.key, _, heading = text.partition("=")
        self.heading = heading or self.key

    def cell(self, row: dict[str, str]) -> str:
        """Format this column of a row."""
        value = row[self.key]
        return format(float(value), self.format) if self.format else value


if __name__ == "__main__":
    sys.exit(main())
