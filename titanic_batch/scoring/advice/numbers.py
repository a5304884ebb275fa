"""How rejected cells may write their numbers: decimal marks, and marks between thousands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from titanic_batch.alignment.number_format import NumberFormat, declare_numbers
from titanic_batch.scoring.advice.cells import has_digit, listed
from titanic_batch.scoring.advice.changes import Change
from titanic_batch.scoring.advice.trials import Trial, by_column_mapping
from titanic_batch.scoring.options import ScoreOptions

_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3},\d{3}")
#: Decimal mark and what parts thousands; None for what there is without an option.
_FORMATS = ((",", None), (None, ","), (",", "."), (",", " "), (None, " "), (None, "'"))
_MARKS = {",": "commas", ".": "points", " ": "spaces", "'": "apostrophes"}


def number_changes(trial: Trial, options: ScoreOptions) -> Iterator[Change]:
    """Yield how numbers may be written, the surest first: one sign may mean two things."""
    cells: dict[str, list[str]] = {}
    for column_mapping, some in by_column_mapping(
        trial.cells, "not-a-number", "not-an-integer", "unknown-category"
    ):
        texts = [cell.text.strip() for cell in some if has_digit(cell.text)]
        if texts:
            cells[column_mapping.source] = texts
    if not cells:
        return
    for decimal, thousands in _FORMATS:
        numbers = declare_numbers(decimal, thousands)
        fitting = [name for name, texts in cells.items() if _are_written_so(numbers, texts)]
        if fitting:
            yield Change(
                why=_how_written(fitting, decimal, thousands),
                options={
                    name: mark
                    for name, mark in (("decimal", decimal), ("thousands", thousands))
                    if mark is not None and mark != getattr(options, name)
                },
            )
    if commas := [name for name, texts in cells.items() if _have_decimal_commas(texts)]:
        yield Change(why=_how_written(commas, ",", None), repair={"decimal": tuple(commas)})


def _are_written_so(numbers: NumberFormat, texts: list[str]) -> bool:
    """Return whether all of some texts are numbers in a format, and show that they are.

    `1,234` alone may be one and a bit, or a thousand and more.
    """
    if not all(map(numbers.fits, texts)):
        return False
    marks = [numbers.marks_in(text) for text in texts]
    has_decimals = any(decimals for decimals, _ in marks)
    has_groups = any(groups for _, groups in marks)
    if not numbers.thousands:
        return has_decimals and not all(map(_GROUPED.fullmatch, texts))
    is_sure = numbers.thousands not in ".," or has_decimals or any(g > 1 for _, g in marks)
    return has_groups and is_sure


def _have_decimal_commas(texts: list[str]) -> bool:
    return all(map(_DECIMAL_COMMA.fullmatch, texts)) and not all(map(_GROUPED.fullmatch, texts))


def _how_written(names: list[str], decimal: str | None, thousands: str | None) -> str:
    said = []
    if decimal is not None:
        said.append("a comma for the decimal point")
    if thousands is not None:
        said.append(f"{_MARKS[thousands]} between thousands")
    return f"{listed(names)} {_has(names)} {' and '.join(said)}"


def _has(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"
