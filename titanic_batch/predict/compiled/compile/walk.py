"""Follow model columns through a pipeline's transformers: what is each derived column made of?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from titanic_batch.predict.compiled.plan import Op
from titanic_batch.schema import Scalar
from titanic_batch.schema.derive.exact import exact_class

PIPELINE = "sklearn.pipeline.Pipeline"
_COLUMNS = "sklearn.compose._column_transformer.ColumnTransformer"
_FUNCTION = "sklearn.preprocessing._function_transformer.FunctionTransformer"
_IMPUTER = "sklearn.impute._base.SimpleImputer"
_SCALERS = {
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._data.MinMaxScaler",
    "sklearn.preprocessing._data.MaxAbsScaler",
    "sklearn.preprocessing._data.RobustScaler",
}
_ENCODERS = {
    "sklearn.preprocessing._encoders.OneHotEncoder",
    "sklearn.preprocessing._encoders.OrdinalEncoder",
}


class NotCompilableError(Exception):
    """A model cannot be compiled; its text says why, to follow `scikit-learn: `."""


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A column on its way to the model.

    Attributes:
        column: The model column that it is made of.
        ops: What was done to that as a number; None where it was a category, whose codes
            scikit-learn itself turns into numbers when the plan is made.
    """

    column: int
    ops: tuple[Op, ...] | None = ()


@dataclass
class Walk:
    """What a walk through transformers finds of the model columns.

    Attributes:
        names: The model columns' names.
        categories: The values that encoders know, by model column.
    """

    names: tuple[str, ...]
    categories: dict[int, dict[Scalar, None]] = field(default_factory=dict)

    def through(self, step: Any, columns: Sequence[Derived]) -> list[Derived]:
        """Return the columns that a fitted transformer makes of `columns`.

        Raises:
            NotCompilableError: if it does what a plan cannot.
        """
        if step is None or (isinstance(step, str) and step == "passthrough"):
            return list(columns)
        name = exact_class(step)
        if name == PIPELINE:
            result = list(columns)
            for _, inner in step.steps:
                result = self.through(inner, result)
            return result
        if name == _COLUMNS:
            return self._through_columns(step, columns)
        if name == _FUNCTION and step.func is None:
            return list(columns)
        if name == _IMPUTER:
            return self._through_imputer(step, columns)
        if name in _SCALERS:
            return [
                column if column.ops is None else replace(column, ops=(*column.ops, *ops))
                for column, ops in zip(columns, _scaler_ops(step), strict=True)
            ]
        if name in _ENCODERS:
            return self._through_encoder(step, columns)
        raise NotCompilableError(f"{type(step).__name__} is not compiled")

    def _through_columns(self, step: Any, columns: Sequence[Derived]) -> list[Derived]:
        positions = step._transformer_to_input_indices
        if self._are_all(columns) and hasattr(step, "feature_names_in_"):
            # It finds them by name: one that it does not use may be missing.
            places = {name: at for at, name in enumerate(self.names)}
            own = [places.get(name) for name in step.feature_names_in_]
            positions = {name: [own[at] for at in chosen] for name, chosen in positions.items()}
        result: dict[int, Derived] = {}
        for name, transformer, _ in step.transformers_:
            span = step.output_indices_[name]
            if span.stop == span.start:
                continue
            made = self.through(transformer, [columns[at] for at in positions[name]])
            if len(made) != span.stop - span.start:
                raise NotCompilableError(f"the step {name} makes another number of columns")
            result.update(zip(range(span.start, span.stop), made, strict=True))
        return [result[at] for at in range(len(result))]

    def _are_all(self, columns: Sequence[Derived]) -> bool:
        """Return whether columns are the model's own, as they come."""
        return [column.column for column in columns] == list(range(len(self.names))) and not any(
            column.ops for column in columns
        )

    def _through_imputer(self, step: Any, columns: Sequence[Derived]) -> list[Derived]:
        if not _is_nan(step.missing_values) and step.missing_values is not None:
            if any(column.ops is not None for column in columns):
                raise NotCompilableError("a SimpleImputer replaces values other than nulls")
            for column in columns:
                self.know(column.column, [step.missing_values])
        if any(_is_nan(value) for value in step.statistics_) or step.keep_empty_features:
            raise NotCompilableError("a SimpleImputer has met an empty column")
        result = []
        for column, value in zip(columns, step.statistics_, strict=True):
            if column.ops is None:
                result.append(column)
            elif _is_nan(step.missing_values):
                fill = float(np.asarray([value]).astype(step._fill_dtype)[0])
                result.append(replace(column, ops=(*column.ops, ("fill", fill))))
            else:
                raise NotCompilableError("a SimpleImputer takes None for null among numbers")
        if step.add_indicator:
            for at in step.indicator_.features_.tolist():
                column = columns[at]
                ops = None if column.ops is None else (*column.ops, ("isnan",))
                result.append(replace(column, ops=ops))
        return result

    def _through_encoder(self, step: Any, columns: Sequence[Derived]) -> list[Derived]:
        for column, known in zip(columns, step.categories_, strict=True):
            if any(name != "fill" for name, *_ in column.ops or ()):
                raise NotCompilableError("an encoder follows a step that changes numbers")
            self.know(column.column, known.tolist())
        encoded = [Derived(column=column.column, ops=None) for column in columns]
        if exact_class(step).endswith("OrdinalEncoder"):
            return encoded
        return [
            column
            for column, width in zip(encoded, step._n_features_outs, strict=True)
            for _ in range(width)
        ]

    def know(self, column: int, values: Sequence[Any]) -> None:
        """Note that a model column holds categories, `values` and nulls among them."""
        known = self.categories.setdefault(column, {})
        known.update((value, None) for value in values if value is not None and not _is_nan(value))


def _scaler_ops(step: Any) -> list[tuple[Op, ...]]:
    """Return what a fitted scaler does to each of its columns, in its own order."""
    name = type(step).__name__
    parts: list[tuple[str, Any]] = []
    if name == "StandardScaler":
        parts = [("sub", step.mean_ if step.with_mean else None)]
        parts += [("div", step.scale_ if step.with_std else None)]
    elif name == "RobustScaler":
        parts = [("sub", step.center_ if step.with_centering else None)]
        parts += [("div", step.scale_ if step.with_scaling else None)]
    elif name == "MaxAbsScaler":
        parts = [("div", step.scale_)]
    else:
        parts = [("mul", step.scale_), ("add", step.min_)]
    per_column: list[tuple[Op, ...]] = [() for _ in range(step.n_features_in_)]
    for op, values in parts:
        if values is not None:
            per_column = [
                (*ops, (op, float(value))) for ops, value in zip(per_column, values, strict=True)
            ]
    if getattr(step, "clip", False):
        low, high = getattr(step, "feature_range", (-1.0, 1.0))
        per_column = [(*ops, ("clip", float(low), float(high))) for ops in per_column]
    return per_column


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124
