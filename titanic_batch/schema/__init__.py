"""The training schema, and how one is derived from a fitted estimator."""

from titanic_batch.schema.training_schema import (
    SCHEMA_VERSION,
    ColumnSchema,
    Kind,
    Null,
    OneHotSource,
    Scalar,
    ScoreProfile,
    TrainingSchema,
    schema_from_json,
    schema_sha256,
    schema_to_json,
    underscored,
)

__all__ = [
    "SCHEMA_VERSION",
    "ColumnSchema",
    "Kind",
    "Null",
    "OneHotSource",
    "Scalar",
    "ScoreProfile",
    "TrainingSchema",
    "schema_from_json",
    "schema_sha256",
    "schema_to_json",
    "underscored",
]
