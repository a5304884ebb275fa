"""ColumnMapping: how a model column is made from an input column. A plan is a tuple of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from titanic_batch.alignment.column_types import ColumnType
from titanic_batch.alignment.number_format import PLAIN_NUMBERS, NumberFormat
from titanic_batch.schema import ColumnSchema, Scalar

Action = Literal["as-is", "renamed", "cast", "filled", "mapped", "one-hot"]


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """How one model column is fed.

    Attributes:
        column: What the model expects.
        source: The input column.
        position: The input column's 0-based position.
        action: The main thing that is done on the way.
        accepts_null: Whether a null may reach the model.
        accepts_unknown: Whether a category that the model never saw may.
        fill: What replaces a null; None for nothing.
        mapping: Input text and model value, for columns encoded by hand.
        one_hot: The source's value that this 0/1 column stands for.
        one_hot_known: Every value of the source that the model knows.
        one_hot_underscored: Whether these may have `_` where the source has spaces.
        null_tokens: Cell texts that mean null, besides the empty cell and what no number is.
        doubtful_tokens: Cell texts that pandas would take for null, and that are read as text.
        rejects_doubtful: Whether those are no category, even where the model takes unknown ones.
        takes_booleans: Whether true and false are 1 and 0: the column held nothing else in
            training, or looks like one of a get_dummies group, which may have held booleans.
        numbers: How its cells are written, where they are texts that are read as numbers.
    """

    column: ColumnSchema
    source: str
    position: int
    action: Action
    accepts_null: bool
    accepts_unknown: bool
    fill: Scalar | None = None
    mapping: dict[str, Scalar] | None = None
    one_hot: str | None = None
    one_hot_known: tuple[str, ...] = ()
    one_hot_underscored: bool = False
    null_tokens: tuple[str, ...] = ()
    doubtful_tokens: tuple[str, ...] = ()
    rejects_doubtful: bool = False
    takes_booleans: bool = False
    numbers: NumberFormat = PLAIN_NUMBERS

    @property
    def raw_name(self) -> str:
        """The model's name for what the user has: the raw column behind a one-hot column."""
        name = self.column.name
        return name if self.one_hot is None else name[: -len(self.one_hot) - 1]


@dataclass(frozen=True, kw_only=True)
class TypedColumn:
    """A column that feeds no model column, and whose type the user declares for the output.

    Attributes:
        name: The input column.
        position: Its 0-based position in the input.
        type: What it holds.
        null_tokens: Cell texts that mean null, besides the empty cell.
        numbers: How its cells are written, where they are texts that are read as numbers.
    """

    name: str
    position: int
    type: ColumnType
    null_tokens: tuple[str, ...] = ()
    numbers: NumberFormat = PLAIN_NUMBERS


@dataclass(frozen=True, kw_only=True)
class AlignmentPlan:
    """How an input's columns feed a model: made once per file, applied to each chunk.

    Attributes:
        column_mappings: One per model column, in the model's order.
        dropped: Input columns that feed nothing.
        named: Whether the model takes a frame with names, or a bare array.
        null_tokens: Cell texts that the user says mean null, besides the empty cell.
        typed: Those of `dropped` whose type the user declares.
        numbers: How the cells of a text file write numbers.
    """

    column_mappings: tuple[ColumnMapping, ...]
    dropped: tuple[str, ...]
    named: bool
    null_tokens: tuple[str, ...] = ()
    typed: tuple[TypedColumn, ...] = ()
    numbers: NumberFormat = PLAIN_NUMBERS
