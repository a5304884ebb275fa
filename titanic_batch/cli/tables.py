"""Print rows as a table where it fits; on a narrower terminal some of it, or in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from titanic_batch.cli.console import stdout
from titanic_batch.printable import printable

_GAP = "  "
_MOST_LISTED = 100


def listed(names: Sequence[str]) -> str:
    """Return names for a sentence; of thousands, the first."""
    if len(names) <= _MOST_LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:_MOST_LISTED])}, ... ({len(names):,} in all)"


def source(entry: dict[str, Any]) -> str:
    """Return where an entry of an alignment comes from: a column, or the name of a folder."""
    if "partition" not in entry:
        return str(entry["from"])
    value = entry["partition"]
    return f"folder {entry['from']}={'(null)' if value is None else value}"


def print_rows(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, least: Sequence[str] = ()
) -> None:
    """Print rows on stdout; no cell is cut, and none is broken unless it is wider than all.

    Off a terminal it is always all of the table, a line for each row. On one that is too narrow
    for it, the `least` columns are left out; if that is not enough, each row is a block.

    Args:
        header: The names of the columns.
        rows: Their cells; "" for nothing.
        least: Columns that can be left out, the least important first.
    """
    console = stdout()
    # Before the widths are taken.
    header, rows = list(map(printable, header)), [list(map(printable, row)) for row in rows]
    for count in range(len(least) + 1):
        kept = [place for place, name in enumerate(header) if name not in least[:count]]
        lines = list(_table(*([row[place] for place in kept] for row in (header, *rows))))
        if max(map(_width, lines)) <= console.width:
            break
    else:
        lines = list(_blocks(header, rows))
    for line in lines:
        console.print(line, soft_wrap=True)


def _table(*rows: Sequence[str]) -> Iterator[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield _GAP.join(map(_padded, row, widths)).rstrip()


def _blocks(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    width = max(map(_width, header))
    for row in rows:
        yield row[0]
        for name, cell in zip(header[1:], row[1:], strict=True):
            if cell:
                yield f"{_GAP}{_padded(name.lower(), width)}{_GAP}{cell}"


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
