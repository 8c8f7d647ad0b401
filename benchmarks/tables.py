"""Fill the tables of the documents from the CSV files that the benchmarks wrote.

    python benchmarks/tables.py            write them
    python benchmarks/tables.py --check    only say whether a document is out of date

A table stands between two comments; the first names the files, and the columns with their headings:

    <!-- table: cifar10-resnet20/accuracy.csv | scheme=weights, plumline_top1=top-1 %:.2f -->
    <!-- end -->

A third part keeps only rows with these values: `| cap=avx2, over=best other`. Where none of the
files is there yet the table is one line that says so.
"""

import argparse
import csv
import re
import sys
from pathlib import Path

from plumline._files import write_text

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
START = r"<!-- table: (?P<files>[^|]+)\|(?P<columns>[^|]+?)(\|(?P<only>[^|]+?))?-->\n"
TABLE = re.compile(rf"(?P<start>{START}).*?(?P<end><!-- end -->)", re.S)
SEPARATOR = re.compile(r",\s+")


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
    paths = [RESULTS / name for name in match["files"].split()]
    there = [path for path in paths if path.is_file()]
    if not there:
        return f"{match['start']}*Not measured yet.*\n{match['end']}"
    only = [text.partition("=") for text in SEPARATOR.split((match["only"] or "").strip()) if text]
    rows = [
        row
        for path in there
        for row in read(path)
        if all(row[key] == value for key, _, value in only)
    ]
    columns = [Column(text) for text in SEPARATOR.split(match["columns"].strip())]
    lines = [
        "| " + " | ".join(column.heading for column in columns) + " |",
        "|" + "---|" * len(columns),
        *("| " + " | ".join(column.cell(row) for column in columns) + " |" for row in rows),
    ]
    return match["start"] + "\n".join(lines) + "\n" + match["end"]


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
        return format(float(value), self.format) if self.format and value else value


if __name__ == "__main__":
    sys.exit(main())
