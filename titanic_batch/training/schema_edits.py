"""Changes to a training schema that `models save` takes as options."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from titanic_batch.errors import UsageError
from titanic_batch.schema import ColumnSchema, Scalar, TrainingSchema

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class SchemaEdits:
    """Changes to a schema, by model column.

    Attributes:
        sources: The input column that feeds it (`--rename OLD=NEW`: NEW to OLD).
        fills: What a null is replaced with.
        nulls: Columns whose nulls may reach the model.
        mappings: Input text to model value.
        labels: What a label means in words, by the label's text.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    fills: Mapping[str, str] = field(default_factory=dict)
    nulls: Sequence[str] = ()
    mappings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def edit_schema(schema: TrainingSchema, edits: SchemaEdits) -> TrainingSchema:
    """Return `schema` with the edits made.

    Raises:
        UsageError: if an edit names a column or a label that the model does not have, or a value
            that does not fit the column.
    """
    _check_columns(schema, "--rename", edits.sources)
    _check_columns(schema, "--fill", edits.fills)
    _check_columns(schema, "--allow-null", edits.nulls)
    _check_columns(schema, "--map", edits.mappings)
    _check_labels(schema, edits.labels)
    return replace(
        schema,
        columns=tuple(_edit_column(column, edits) for column in schema.columns),
        labels={**schema.labels, **edits.labels},
    )


def _edit_column(column: ColumnSchema, edits: SchemaEdits) -> ColumnSchema:
    name = column.name
    if name in edits.mappings:
        pairs = edits.mappings[name].items()
        column = replace(
            column, mapping=tuple((text, _value(column, value, "--map")) for text, value in pairs)
        )
    if name in edits.fills:
        column = replace(column, fill=_value(column, edits.fills[name], "--fill"))
    if name in edits.sources:
        column = replace(column, source=edits.sources[name])
    if name in edits.nulls:
        column = replace(column, accepts_null=True)
    return column


def _value(column: ColumnSchema, text: str, option: str) -> Scalar:
    """Return the value that `text` means in a column."""
    if column.categories:
        for category in column.categories:
            if str(category) == text:
                return category
        known = ", ".join(str(category) for category in column.categories[:10])
        reason = f"is none of its categories ({known})"
        raise UsageError(f"{text!r} {reason}", where=f"{option} {column.name}")
    try:
        return _CASTS[column.kind](text)
    except (ValueError, KeyError) as exc:
        raise UsageError(f"{text!r} is no {column.kind}", where=f"{option} {column.name}") from exc


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_CASTS: dict[str, Callable[[str], Scalar]] = {
    "number": _finite,
    "integer": int,
    "boolean": lambda text: _BOOLEANS[text.lower()],
    "category": str,
    "text": str,
}


def _check_columns(
    schema: TrainingSchema, option: str, columns: Mapping[str, object] | Sequence[str]
) -> None:
    for name in columns:
        if name not in schema.names:
            raise UsageError(
                f"the model has no column {name}",
                where=option,
                hint=f"Its columns: {', '.join(schema.names)}.",
            )


def _check_labels(schema: TrainingSchema, labels: Mapping[str, str]) -> None:
    known = None if schema.classes is None else [str(value) for value in schema.classes]
    for label in labels:
        if known is not None and label not in known:
            raise UsageError(
                f"the model has no label {label}",
                where="--label",
                hint=f"Its labels: {', '.join(known)}.",
            )
