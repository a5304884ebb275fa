"""Reading: the format of a training file."""

from __future__ import annotations

from dataclasses import dataclass

from titanic_batch.alignment.number_format import PLAIN_NUMBERS, NumberFormat


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The format of a training CSV.

    Attributes:
        delimiter: Between cells; None for a comma, or a tab in .tsv files.
        encoding: The text's encoding.
        null_tokens: Cell texts that mean null, besides those that pandas.read_csv knows.
        escape: What makes a quote inside quotes text, besides doubling it; None for nothing.
        skip_lines: Lines before the header.
        trim: Whether spaces around cells are dropped.
        numbers: How numbers are written.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    null_tokens: tuple[str, ...] = ()
    escape: str | None = None
    skip_lines: int = 0
    trim: bool = False
    numbers: NumberFormat = PLAIN_NUMBERS

    @property
    def is_plain(self) -> bool:
        """Whether pandas.read_csv reads such a file as `score` does."""
        return not (self.escape or self.skip_lines or self.trim) and self.numbers.is_plain
