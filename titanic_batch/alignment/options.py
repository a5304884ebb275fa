"""AlignmentOptions: what the user says of how input columns feed the model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from titanic_batch.alignment.column_types import ColumnType
from titanic_batch.alignment.number_format import PLAIN_NUMBERS, NumberFormat
from titanic_batch.schema import Scalar

ALL_COLUMNS = "*"


@dataclass(frozen=True, kw_only=True)
class AlignmentOptions:
    """How columns are aligned, by column name.

    Attributes:
        rename: Input column and the model column that it feeds.
        fill: Model column and the value that replaces its nulls.
        allow_null: Model columns whose nulls may reach the model.
        unknown: Column (or `*`) and what becomes of a category the model never saw.
        mapping: Model column and, for each input text, the value the model was trained on.
        null_tokens: Cell texts that mean null, besides the empty cell.
        types: Input columns that feed no model column, and what they hold.
        numbers: How the cells of a text file write numbers.
    """

    rename: dict[str, str] = field(default_factory=dict)
    fill: dict[str, Scalar] = field(default_factory=dict)
    allow_null: frozenset[str] = frozenset()
    unknown: dict[str, Literal["allow", "reject"]] = field(default_factory=dict)
    mapping: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    null_tokens: tuple[str, ...] = ()
    types: dict[str, ColumnType] = field(default_factory=dict)
    numbers: NumberFormat = PLAIN_NUMBERS
