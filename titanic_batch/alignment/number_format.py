"""NumberFormat: how a text file writes its numbers, where that is not as Python does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from titanic_batch.errors import UsageError
from titanic_batch.nulls import READ_AS_NULL

#: Signs that look the same in print, and that no keyboard tells apart: one means all of them.
_ALIKE = (" \u00a0\u202f\u2009", "'\u2019")
#: Stands for a cell that is no number in the file's own way, though Python might take it for one.
_NO_NUMBER = "no number"


@dataclass(frozen=True)
class NumberFormat:
    """The marks in the numbers of a text file.

    Attributes:
        decimal: Between a number's whole part and its fraction.
        thousands: Between groups of three digits, where there are any; a space stands for the
            no-break ones as well, and an apostrophe for the curved one.
    """

    decimal: str = "."
    thousands: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as Python reads them."""
        return self == NumberFormat()

    def plain(self, cells: pa.Array) -> pa.Array:
        """Return texts with their numbers as Python reads them.

        What is no number in this format is none in the result: `1.5` is not with a decimal comma,
        nor `1.23` with points between thousands. Texts that say null stay what they are.

        Args:
            cells: An array of texts.
        """
        texts = pc.cast(cells, pa.large_string())
        is_number = pc.match_substring_regex(texts, self._pattern)
        numbers = texts
        if self.thousands:
            numbers = pc.replace_substring_regex(numbers, f"[{_class(self.thousands)}]", "")
        if self.decimal != ".":
            numbers = pc.replace_substring(numbers, self.decimal, ".")
        if pc.all(is_number).as_py() is not False:
            return numbers
        is_null = pc.is_in(texts, value_set=pa.array(READ_AS_NULL, pa.large_string()))
        stays = pc.or_(is_null, pc.invert(pc.match_substring_regex(texts, "[0-9]")))
        others = pc.if_else(stays, texts, pa.scalar(_NO_NUMBER, pa.large_string()))
        return pc.if_else(is_number, numbers, others)

    def plain_text(self, text: str) -> str:
        """Return one text likewise; see `plain`."""
        if self.is_plain:
            return text
        return str(self.plain(pa.array([text], pa.large_string()))[0].as_py())

    def fits(self, text: str) -> bool:
        """Return whether a text is a number in this format."""
        return re.search(self._pattern, text) is not None

    def all_fit(self, cells: pa.Array) -> bool:
        """Return whether all of some texts are; nulls are passed over."""
        return pc.all(pc.match_substring_regex(cells, self._pattern)).as_py() is not False

    def marks_in(self, text: str) -> tuple[int, int]:
        """Return how many decimal marks a number has, and how many between thousands."""
        return text.count(self.decimal), sum(text.count(mark) for mark in self._marks)

    @cached_property
    def _pattern(self) -> str:
        whole = "[0-9]+"
        if self.thousands:
            # One mark throughout; those that look alike do not mix either.
            grouped = (f"[0-9]{{1,3}}(?:{re.escape(one)}[0-9]{{3}})+" for one in self._marks)
            whole = f"(?:{'|'.join((*grouped, whole))})"
        fraction = f"{re.escape(self.decimal)}[0-9]*"
        digits = f"(?:{whole}(?:{fraction})?|{re.escape(self.decimal)}[0-9]+)"
        return rf"^[ \t]*[+-]?{digits}(?:[eE][+-]?[0-9]+)?[ \t]*$"

    @property
    def _marks(self) -> str:
        return _alike(self.thousands) if self.thousands else ""


PLAIN_NUMBERS = NumberFormat()


def declare_numbers(decimal: str | None = None, thousands: str | None = None) -> NumberFormat:
    """Check what the user said of a file's numbers.

    Args:
        decimal: One character; None for a point, or a comma where points part thousands.
        thousands: One character; None for none.

    Raises:
        UsageError: if one is no mark that could stand in a number, or both are the same.
    """
    for flag, mark in (("--decimal", decimal), ("--thousands", thousands)):
        if mark is not None and not _is_mark(mark):
            raise UsageError(
                f"{flag} {mark!r} is not a single character that can stand between digits",
                hint=f"Give for example {flag} ','.",
            )
    if decimal is None:
        decimal = "," if thousands == "." else "."
    if thousands is not None and thousands in _alike(decimal):
        raise UsageError(
            f"--thousands {thousands!r} is the decimal mark, too",
            hint="Say which is which, for example --decimal , --thousands '.'",
        )
    return NumberFormat(decimal, thousands or "")


def refuse_delimiter(numbers: NumberFormat, delimiter: str) -> None:
    """Refuse a decimal mark that stands between cells.

    Raises:
        UsageError: if it does.
    """
    if numbers.decimal == delimiter:
        raise UsageError(
            f"--decimal {numbers.decimal!r} is the delimiter",
            hint="Say what stands between cells, for example --delimiter ';'.",
        )


def _is_mark(mark: str) -> bool:
    return (
        len(mark) == 1
        and (mark.isprintable() or mark.isspace())
        and not (mark.isalnum() or mark in '+-"\r\n\t')
    )


def _alike(mark: str) -> str:
    return next((marks for marks in _ALIKE if mark in marks), mark)


def _class(mark: str) -> str:
    return "".join(map(re.escape, _alike(mark)))
