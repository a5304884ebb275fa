"""Reading: the format of a training file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The format of a training CSV.

    Attributes:
        delimiter: Between cells; None for a comma, or a tab in .tsv files.
        encoding: The text's encoding.
        null_tokens: Cell texts that mean null, besides those that pandas.read_csv knows.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    null_tokens: tuple[str, ...] = ()
