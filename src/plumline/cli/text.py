"""Tables for people."""

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Lay out a table: the first ``left`` columns and columns without digits flush left."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    flush_left = [
        number < left or not any(cell[:1].isdigit() for cell in column[1:])
        for number, column in enumerate(columns)
    ]
    lines = [
        "  ".join(
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(row, widths, flush_left, strict=True)
        ).rstrip()
        for row in (head, ["-" * width for width in widths], *rows)
    ]
    return "\n".join(lines)


def number(value: float | None, digits: int = 3) -> str:
    """Write a number, or nothing where there is none."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}f}"
