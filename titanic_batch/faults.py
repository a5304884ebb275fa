"""Reasons for which a record is rejected, by their names in rejects files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Why a record was rejected; the names that rejects files carry.
Reason = Literal[
    "wrong-width",
    "bad-quote",
    "bad-encoding",
    "unterminated",
    "repeated-header",
    "not-a-number",
    "not-an-integer",
    "not-a-boolean",
    "not-finite",
    "unknown-category",
    "missing-value",
    "model-error",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one record.

    Attributes:
        index: 0-based position of the record in its chunk.
        position: Position of the column in the header; -1 where the whole record is meant.
        column: The column's name, empty where the whole record is meant.
        reason: Why it is rejected.
        said: What the model said of it, for a `model-error`; it may quote a cell.
    """

    index: int
    position: int
    column: str
    reason: Reason
    said: str = ""
