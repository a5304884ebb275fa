"""Describe records and predictions for the service's OpenAPI page, from the model's schema."""

from __future__ import annotations

from typing import Any

from titanic_batch.schema import ColumnSchema, Scalar, TrainingSchema
from titanic_batch.serving.predictions import MODEL, field_name

_TYPES = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "text": "string",
    "category": "string",
}


def record_schema(schema: TrainingSchema | None) -> dict[str, Any]:
    """Return the JSON schema of a record; None is a schema that only the estimator knows."""
    columns = schema.columns if schema is not None else ()
    document: dict[str, Any] = {
        "type": "object",
        "title": "Record",
        "properties": {column.name: _column_schema(column) for column in columns},
        "additionalProperties": True,
    }
    if columns:
        document["example"] = {column.name: _typical(column) for column in columns}
    return document


def answer_schema(schema: TrainingSchema | None) -> dict[str, Any]:
    """Return the JSON schema of an answer, or of what stands in its place."""
    properties: dict[str, Any] = {MODEL: {"type": "string", "description": "The model's tag."}}
    if schema is not None:
        properties = {field_name(schema): {"description": "The prediction."}, **properties}
    return {
        "type": "object",
        "title": "Answer",
        "properties": properties,
        "additionalProperties": True,
    }


def _column_schema(column: ColumnSchema) -> dict[str, Any]:
    if column.categories:
        return {"enum": [*column.categories, *([None] if column.accepts_null else [])]}
    kind = _TYPES[column.kind]
    return {"type": [kind, "null"] if column.accepts_null else kind}


def _typical(column: ColumnSchema) -> Scalar | None:
    """Return a value as training data had it: the most frequent one, or the median."""
    if column.categories:
        shares = column.frequencies or (0.0,) * len(column.categories)
        return max(zip(shares, column.categories, strict=True), key=lambda pair: pair[0])[1]
    if column.quantiles:
        median = column.quantiles[len(column.quantiles) // 2]
        return int(median) if column.kind == "integer" else median
    return {"number": 0.0, "integer": 0, "boolean": False}.get(column.kind, "")
