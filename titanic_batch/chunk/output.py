"""Lay out the output: the kept input columns, then the prediction, then probabilities."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from titanic_batch.alignment.apply import typed_column
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.alignment.kept_types import arrow_type
from titanic_batch.arrow_arrays import array_of, array_of_list
from titanic_batch.chunk.output_cells import json_column, plain_columns, refuse_unwritable
from titanic_batch.errors import ModelError, UsageError
from titanic_batch.json_cells import is_json
from titanic_batch.predict.base import ModelInfo, Predictions
from titanic_batch.printable import shell_quoted
from titanic_batch.sinks.names import OutputFormat


@dataclass(frozen=True, kw_only=True)
class OutputPlan:
    """The columns of an output, and where each comes from.

    Attributes:
        schema: All its columns, in order.
        kept: The input columns among them.
        typed: Those of `kept` that are taken as alignment typed them.
        plain: Those of `kept` that hold JSON of which texts are written as they are.
        repeating: Columns with few distinct values: categories, counts, labels.
        prediction: Name of the prediction column.
        probabilities: Name of each probability column; one for a binary classifier.
        binary: Whether the one probability is that of the second class.
    """

    schema: pa.Schema
    kept: tuple[str, ...]
    typed: frozenset[str]
    plain: frozenset[str]
    repeating: tuple[str, ...]
    prediction: str
    probabilities: tuple[str, ...]
    binary: bool


def plan_output(
    inputs: pa.Schema,
    alignment: AlignmentPlan,
    info: ModelInfo,
    *,
    keep: str | Sequence[str],
    output_format: OutputFormat,
    prediction_column: str,
    probability_column: str,
    text_format: OutputFormat | None = None,
    partition: Collection[str] = (),
) -> OutputPlan:
    """Plan the columns of an output.

    Args:
        inputs: The input's columns and types.
        alignment: How the model is fed.
        info: What the model answers with.
        keep: `all`, `none`, or the names of the input columns to keep.
        output_format: What is written.
        prediction_column: Name of the prediction.
        probability_column: Name, or start of the names, of the probabilities.
        text_format: The input's format, if that is text, whose cells are kept as they stand where
            the output has it, too; elsewhere the model's columns get the types that it knows.
        partition: Input columns that stand in folders' names, and are text whatever the others are.

    Raises:
        UsageError: if a name is used twice, an unknown column is to be kept, or a nested or binary
            column is to be written where it cannot be.
    """
    kept = _kept(inputs, keep)
    classes = info.classes or ()
    binary = len(classes) == 2
    probabilities: tuple[str, ...] = ()
    if info.has_probability:
        probabilities = (
            (probability_column,)
            if binary
            else tuple(f"{probability_column}_{label}" for label in classes)
        )
    added = (prediction_column, *probabilities)
    suffixes = tuple(name[len(probability_column) :] for name in probabilities)
    if "" in added:
        raise UsageError(
            "--prediction-column and --probability-column must not be empty",
            hint="Leave them out for prediction and probability.",
        )
    clashes = sorted(name for name, count in Counter((*kept, *added)).items() if count > 1)
    if clashes:
        raise UsageError(
            f"the output would have column {', '.join(clashes)} twice",
            hint=_other_names(set(kept), prediction_column, probability_column, suffixes),
        )
    types = _output_types(alignment, text_format, output_format, partition)
    fields = [pa.field(name, types.get(name, inputs.field(name).type)) for name in kept]
    refuse_unwritable(fields, output_format)
    plain = plain_columns(fields, alignment, output_format)
    if output_format != "jsonl":
        fields = [one.with_type(pa.string()) if is_json(one.type) else one for one in fields]
    if output_format == "csv":  # a header's empty cells stay so
        fields = [one.with_metadata(inputs.field(one.name).metadata) for one in fields]
    fields.append(pa.field(prediction_column, info.label_type))
    fields += [pa.field(name, pa.float64()) for name in probabilities]
    return OutputPlan(
        schema=pa.schema(fields),
        kept=kept,
        typed=frozenset(types) & frozenset(kept),
        plain=plain,
        repeating=_repeating(alignment, kept, inputs, prediction_column, info, partition=partition),
        prediction=prediction_column,
        probabilities=probabilities,
        binary=binary,
    )


def output_table(
    plan: OutputPlan,
    cells: pa.Table,
    typed: dict[str, pa.Array],
    rows: npt.NDArray[np.int64] | None,
    predictions: Predictions,
) -> pa.Table:
    """Return the output's rows for one chunk.

    Args:
        plan: The output's columns.
        cells: The chunk's input columns.
        typed: Those that alignment typed.
        rows: The rows that were predicted; None for all.
        predictions: What the model said of them.
    """
    taken = None if rows is None else array_of(rows)
    columns = []
    for name in plan.kept:
        column = typed[name] if name in plan.typed else cells.column(name)
        if is_json(column.type):
            column = json_column(column, plan.schema.field(name).type, plain=name in plan.plain)
        columns.append(column if taken is None else column.take(taken))
    label_type = plan.schema.field(plan.prediction).type
    columns.append(_labels(predictions.labels, label_type))
    if predictions.probabilities is not None:
        first = 1 if plan.binary else 0
        columns += [
            array_of(predictions.probabilities[:, first + offset])
            for offset in range(len(plan.probabilities))
        ]
    return pa.table(columns, schema=plan.schema)


def _labels(labels: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    try:
        if pa.types.is_string(kind):
            return array_of_list(labels.tolist(), kind)
        found = array_of(labels)
        if pa.types.is_string(found.type):  # "06370" is no 6370
            raise ModelError(
                "its predict answers with texts, and it has no classes_ that say so",
                hint="Save an estimator that has its labels in classes_, as scikit-learn's have.",
            )
        return found.cast(kind)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError) as exc:  # pyarrow passes these on
        raise ModelError(
            f"its predict answers with {labels.dtype}, where its classes are {kind}",
            hint="Save an estimator whose predict answers with one of its classes_, for example "
            "CatBoostClassifier instead of CatBoost.",
        ) from exc


def _other_names(
    kept: Collection[str], prediction: str, probability: str, suffixes: Sequence[str]
) -> str:
    """Return the flags that name what the output would have twice otherwise."""
    if len(set(suffixes)) < len(suffixes):
        return "Its classes have the same names: save an estimator whose classes differ as texts."
    flags = []
    free = _free(prediction, [""], kept)
    if free != prediction:
        flags.append(f"--prediction-column {shell_quoted(free)}")
    other = _free(probability, suffixes, {*kept, free})
    if other != probability:
        flags.append(f"--probability-column {shell_quoted(other)}")
    return f"Name what is new otherwise: {' '.join(flags)}"


def _free(name: str, suffixes: Sequence[str], taken: Collection[str]) -> str:
    """Return this name, or one like it, so that nothing is called as it is with any suffix."""
    more = (f"model_{name}_{n}" for n in itertools.count(2))
    return next(
        one
        for one in itertools.chain([name, f"model_{name}"], more)
        if not any(f"{one}{suffix}" in taken for suffix in suffixes)
    )


def _kept(inputs: pa.Schema, keep: str | Sequence[str]) -> tuple[str, ...]:
    if keep == "all":
        return tuple(inputs.names)
    if keep == "none":
        return ()
    wanted = dict.fromkeys([keep] if isinstance(keep, str) else keep)
    there = set(inputs.names)
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise UsageError(
            f"--keep names {', '.join(unknown)}, which the input does not have",
            hint=f"It has: {', '.join(inputs.names)}.",
        )
    return tuple(name for name in inputs.names if name in wanted)


def _repeating(
    alignment: AlignmentPlan,
    kept: Sequence[str],
    inputs: pa.Schema,
    prediction_column: str,
    info: ModelInfo,
    *,
    partition: Collection[str],
) -> tuple[str, ...]:
    fed = {
        column_mapping.source
        for column_mapping in alignment.column_mappings
        if column_mapping.column.kind not in ("number", "text")
    }
    encoded = {field.name for field in inputs if pa.types.is_dictionary(field.type)}
    labels = (prediction_column,) if info.classes is not None else ()
    few = fed | encoded | set(partition)
    return (*(name for name in kept if name in few), *labels)


def _output_types(
    alignment: AlignmentPlan,
    text_format: OutputFormat | None,
    output_format: OutputFormat,
    partition: Collection[str],
) -> dict[str, pa.DataType]:
    """Return the types of the kept columns that are not written in the input's own type."""
    types = _typed(alignment) if output_format != text_format else {}
    if text_format is None:  # the others have types
        those = partition if output_format != "csv" else ()
        types = {name: kind for name, kind in types.items() if name in those}
    return types | {column.name: arrow_type(column) for column in alignment.typed}


def _typed(alignment: AlignmentPlan) -> dict[str, pa.DataType]:
    """Return the types of the input columns that feed one model column as they are."""
    types = {}
    for column_mapping in alignment.column_mappings:
        kind = typed_column(column_mapping)
        if kind is not None:
            types[column_mapping.source] = kind
    return types
