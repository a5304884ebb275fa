"""TrainingSchema: the columns that a model expects, as it met them in training."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from titanic_batch.errors import ModelError
from titanic_batch.schema.plain_documents import NotPlainError, read_plain

SCHEMA_VERSION = 1

#: number: any float64. integer: whole numbers. category: one of a known set. text: free text.
Kind = Literal["number", "integer", "category", "text", "boolean"]

#: What a null was in training: to scikit-learn's encoders NaN and None are two values.
Null = Literal["NaN", "None"]

#: A value as JSON can hold it and a cell of a model column can be.
Scalar = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class ColumnSchema:
    """One column that the model was trained on.

    Attributes:
        name: The column's name in the training data.
        kind: What its values are.
        dtype: The pandas dtype it had in training ("int64", "float64", "str", "category", "bool",
            "object"); empty where unknown.
        exact: Whether code that is not known here reads the column, to which 3, 3.0 and "3" may be
            three values: then it is fed in its `dtype`, and not only with the same values.
        whole: Whether an exact column of floats held whole numbers and nulls only: pandas reads
            such cells as integers first, which have no -0.0.
        null: What a null was in training; None where that is not known.
        null_tokens: Cell texts that were null in training, besides the empty cell.
        categories: The known values of a category, null not among them.
        accepts_null: Whether a null may reach the model.
        accepts_unknown: Whether the encoder has a trained place for a value outside `categories`.
        fill: What a null is replaced with before the model sees it.
        source: The input column that feeds it, where that is not `name`.
        mapping: Input text and the value the model was trained on, for columns encoded by hand.
        minimum: Smallest training value.
        maximum: Largest training value.
        quantiles: The training values' deciles, from 0 to 100 % (11 values).
        shares: Share of the training values in each bin that the distinct inner deciles part (see
            `titanic_batch.bins`), 0 to 1, nulls left out.
        frequencies: Share of each of `categories` in training, in their order, 0 to 1.
        null_rate: Share of nulls in training, 0 to 1.
        binary: Whether a number or integer was 0 or 1 throughout training, and both were there.
    """

    name: str
    kind: Kind
    dtype: str = ""
    exact: bool = False
    whole: bool = False
    null: Null | None = None
    null_tokens: tuple[str, ...] = ()
    categories: tuple[Scalar, ...] | None = None
    accepts_null: bool = False
    accepts_unknown: bool = False
    fill: Scalar | None = None
    source: str | None = None
    mapping: tuple[tuple[str, Scalar], ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    quantiles: tuple[float, ...] | None = None
    shares: tuple[float, ...] | None = None
    frequencies: tuple[float, ...] | None = None
    null_rate: float | None = None
    binary: bool = False

    @property
    def null_value(self) -> float | None:
        """The null that the model was fitted with."""
        # A schema without `null` is an older one, which said it by the dtype.
        is_none = self.dtype == "object" if self.null is None else self.null == "None"
        return None if is_none else math.nan


@dataclass(frozen=True, kw_only=True)
class OneHotSource:
    """A raw column that `pandas.get_dummies` turned into model columns named `name_value`.

    Attributes:
        name: The raw column, as the model's columns begin.
        categories: Every value seen in training, a dropped baseline included.
        accepts_null: Whether a null (all zeros) was seen in training.
        null_tokens: Cell texts that were null in training, besides the empty cell.
    """

    name: str
    categories: tuple[Scalar, ...]
    accepts_null: bool = False
    null_tokens: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ScoreProfile:
    """The spread of the scores that a model gave its training data.

    The score is the probability of the second of two classes, the number that a regressor
    predicts, or else the label.

    Attributes:
        shares: Share of the rows in each bin, or of each class, 0 to 1.
        edges: Where the bins meet, ascending; None for labels.
    """

    shares: tuple[float, ...]
    edges: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingSchema:
    """The input that a model expects, column by column, in the model's own order.

    Attributes:
        columns: The model's columns, in its order.
        named: False for a model that was trained on a bare array: it is fed one.
        target: Name of the predicted column, where known.
        classes: A classifier's labels, in the order of its `classes_`.
        labels: What a label means in words, keyed by the label's text.
        libraries: Versions in use when the schema was made.
        metrics: Cross-validated figures of the training run.
        score: How the model scored its training data, where that is known.
        one_hot: Raw columns behind get_dummies columns, where training data showed them.
        underscored: Whether the model's library wrote `_` for each space in a column's name, as
            LightGBM does.
        origin: Whether it was learned from training data or derived from the fitted estimator.
        schema_version: Version of this format.
    """

    columns: tuple[ColumnSchema, ...]
    named: bool = True
    target: str | None = None
    classes: tuple[Scalar, ...] | None = None
    labels: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    score: ScoreProfile | None = None
    one_hot: tuple[OneHotSource, ...] = ()
    underscored: bool = False
    origin: Literal["training-data", "estimator"] = "training-data"
    schema_version: int = SCHEMA_VERSION

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in the model's order."""
        return tuple(column.name for column in self.columns)

    def written(self, name: str) -> str:
        """Return what the model calls a column that bears this name in the data."""
        return underscored(name) if self.underscored else name

    def column(self, name: str) -> ColumnSchema:
        """Return the column called `name`; raises KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def underscored(name: str) -> str:
    """Return a name as LightGBM writes it; tabs and other white space it leaves alone."""
    return name.replace(" ", "_")


def schema_to_json(schema: TrainingSchema) -> dict[str, Any]:
    """Return `schema` as a JSON document, with what is not known left out."""
    document = asdict(schema)
    for part in (document, *document["columns"], *document["one_hot"]):
        for name, default in _LEFT_OUT.items():
            if part.get(name) == default:
                del part[name]
    # One round trip, so that what is kept in a store equals what is read back from it.
    result: dict[str, Any] = json.loads(json.dumps(_known(document)))
    return result


def schema_from_json(document: object, *, where: str) -> TrainingSchema:
    """Return the schema that `schema_to_json` wrote.

    Args:
        document: The parsed JSON.
        where: The model it belongs to, for the error.

    Raises:
        ModelError: if it is no such document, or of a later format version.
    """
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != SCHEMA_VERSION:
        raise ModelError(
            f"its training schema has format version {str(version)[:80]}, this titanic-batch reads "
            f"version {SCHEMA_VERSION}",
            where=where,
            hint="Upgrade titanic-batch, or save the model again with `titanic-batch models save`.",
        )
    if fault := _fault_of(document):
        raise ModelError(
            f"its training schema is damaged: {fault}",
            where=where,
            hint="Save the model again with `titanic-batch models save`.",
        )
    with contextlib.suppress(NotPlainError):
        return read_plain(TrainingSchema, document)
    from pydantic import TypeAdapter, ValidationError  # pays for itself only where something is odd

    try:
        return TypeAdapter(TrainingSchema).validate_python(document)
    except ValidationError as exc:
        first = exc.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"its training schema is damaged at {place}: {first['msg']}",
            where=where,
            hint="Save the model again with `titanic-batch models save`.",
        ) from exc


def schema_sha256(schema: TrainingSchema) -> str:
    """Return the SHA-256 of the schema's canonical JSON, in hex."""
    text = json.dumps(schema_to_json(schema), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _fault_of(document: Any) -> str:
    """Return which value no column can hold, whatever it stands for; "" for none."""
    left = [document]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            left += [*node.keys(), *node.values()]
        elif isinstance(node, list | tuple):
            left += node
        elif isinstance(node, str):
            try:
                node.encode()
            except UnicodeEncodeError:
                return f"{node[:80]!r} is not Unicode text"
        elif isinstance(node, int) and not -(1 << 63) <= node < 1 << 64:
            return f"{str(node)[:80]} is beyond 64 bits"
    return ""


#: Came later: a schema that does not need them has the hash that it had before.
_LEFT_OUT = {
    "exact": False,
    "whole": False,
    "null_tokens": (),
    "underscored": False,
    "binary": False,
}


def _known(value: Any) -> Any:
    """Return a value as Python's own types, for stores take no others, without keys that say None.

    Left out, such a key reads back as its default, which is None.
    """
    if isinstance(value, dict):
        return {str(key): _known(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    # numpy's scalars, float64 among them although it is a float
    return value.item() if hasattr(value, "item") else value
