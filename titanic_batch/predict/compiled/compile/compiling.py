"""Compile a fitted model into a ScoringPlan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from titanic_batch.alignment.convert import MAX_EXACT_INTEGER
from titanic_batch.alignment.readers import value_type_of
from titanic_batch.predict.compiled.compile.boundaries import LARGEST, finite_range
from titanic_batch.predict.compiled.compile.estimators import (
    HISTOGRAMS,
    LINEAR,
    link_of,
)
from titanic_batch.predict.compiled.compile.leaves import forest_of
from titanic_batch.predict.compiled.compile.linear import compile_linear
from titanic_batch.predict.compiled.compile.probing import (
    Frame,
    Inputs,
    Model,
    dense,
    tables,
    with_refusals,
)
from titanic_batch.predict.compiled.compile.trees import Origin, compile_trees
from titanic_batch.predict.compiled.compile.walk import (
    PIPELINE,
    Derived,
    NotCompilableError,
    Walk,
)
from titanic_batch.predict.compiled.plan import CategoryInput, NumberInput, ScoringPlan
from titanic_batch.schema import ColumnSchema, TrainingSchema
from titanic_batch.schema.derive.exact import exact_class


def compile_plan(estimator: Any, schema: TrainingSchema, frame: Frame) -> ScoringPlan:
    """Compile a fitted model.

    Args:
        estimator: The model.
        schema: What it expects.
        frame: Lays aligned columns out as the model is given them.

    Returns:
        The plan, with a table per input. It is not proven yet.

    Raises:
        NotCompilableError: if it is, or holds, what is not compiled.
    """
    steps, last = _parts(estimator)
    link = link_of(last)
    if any(column.exact for column in schema.columns):
        raise NotCompilableError("code that is not known reads a column")
    walk = Walk(names=schema.names)
    columns = [_first(position, column) for position, column in enumerate(schema.columns)]
    for at, column in enumerate(schema.columns):
        if columns[at].ops is None:
            walk.know(at, column.categories or ())
    for step in steps:
        columns = walk.through(step, columns)
    native = exact_class(last) in HISTOGRAMS and last._preprocessor is not None
    if native:
        columns = _through_native(walk, last._preprocessor, columns)
    inputs = _inputs(walk, schema, columns)
    model = Model(
        estimator=estimator,
        transform=_transform(steps, last._preprocessor if native else None),
        last=last,
        schema=schema,
        frame=frame,
    )
    return _plan(model, inputs, columns, link)


def _plan(model: Model, inputs: Inputs, columns: Sequence[Derived], link: Any) -> ScoringPlan:
    places = {one.column: at for at, one in enumerate(inputs)}
    is_linear = exact_class(model.last) in LINEAR
    forest = None if is_linear else forest_of(model.last)
    rounding = () if forest is None else forest.rounding
    inputs = [_with_range(one, columns, rounding) for one in inputs]
    inputs = with_refusals(model, inputs)
    made = tables(model, inputs)
    origins = [
        Origin(places[column.column], column, made.get(places[column.column])) for column in columns
    ]
    body = (
        compile_linear(model.last, origins)
        if forest is None
        else compile_trees(forest, inputs, origins)
    )
    classes = _classes(model.last)
    return ScoringPlan(
        column_count=len(model.schema.columns),
        inputs=tuple(inputs),
        body=body,
        link=link,
        classes=classes,
    )


def _classes(last: Any) -> npt.NDArray[Any] | None:
    classes = getattr(last, "classes_", None)
    if classes is None:
        return None
    found = np.asarray(classes)
    if not all(isinstance(value, str | int | float) for value in found.tolist()):
        raise NotCompilableError("its classes are neither texts nor numbers")
    return found


def _parts(estimator: Any) -> tuple[list[Any], Any]:
    """Return a model's transformers and its last step, pipelines in pipelines taken apart."""
    steps: list[Any] = []
    last = estimator
    while exact_class(last) == PIPELINE:
        steps += [step for _, step in last.steps[:-1]]
        last = last.steps[-1][1]
    if not exact_class(last):
        raise NotCompilableError(f"{type(last).__name__} is not scikit-learn's own")
    return steps, last


def _first(position: int, column: ColumnSchema) -> Derived:
    holds_text = pa.types.is_string(value_type_of(column))
    return Derived(column=position, ops=None if holds_text else ())


def _through_native(walk: Walk, preprocessor: Any, columns: Sequence[Derived]) -> list[Derived]:
    """Follow columns through what HistGradientBoosting does to categories by itself."""
    (_, encoder, _), (_, _, _), *_ = preprocessor.transformers_
    positions = preprocessor._transformer_to_input_indices
    encoded = walk.through(encoder, [columns[at] for at in positions["encoder"]])
    return [*encoded, *(columns[at] for at in positions["numerical"])]


def _inputs(
    walk: Walk, schema: TrainingSchema, columns: Sequence[Derived]
) -> list[NumberInput | CategoryInput]:
    inputs: list[NumberInput | CategoryInput] = []
    for position in sorted({column.column for column in columns}):
        kinds = {column.ops is None for column in columns if column.column == position}
        if len(kinds) > 1:
            raise NotCompilableError(
                f"the column {schema.columns[position].name} is both a number and a category"
            )
        if kinds == {False}:
            inputs.append(
                NumberInput(column=position, low=-LARGEST, high=LARGEST, refuses_null=False)
            )
            continue
        known = tuple(walk.categories.get(position, ()))
        if any(not isinstance(value, str) and abs(value) >= MAX_EXACT_INTEGER for value in known):
            raise NotCompilableError("it has categories that float64 does not tell apart")
        inputs.append(CategoryInput(column=position, categories=known, refused=()))
    return inputs


def _with_range(
    one: NumberInput | CategoryInput, columns: Sequence[Derived], rounding: tuple[Any, ...]
) -> NumberInput | CategoryInput:
    if isinstance(one, CategoryInput):
        return one
    ranges = [
        finite_range((*(column.ops or ()), *rounding))
        for column in columns
        if column.column == one.column
    ]
    return replace(one, low=max(low for low, _ in ranges), high=min(high for _, high in ranges))


def _transform(steps: Sequence[Any], native: Any) -> Callable[[Any], Any]:
    def transform(frame: Any) -> Any:
        made = frame
        for step in (*steps, native):
            if step is not None and not isinstance(step, str):
                made = step.transform(made)
        return made if hasattr(made, "toarray") else dense(made)

    return transform
