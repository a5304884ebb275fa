"""Ask scikit-learn's own transformers what codes of categories, and nulls, become."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from titanic_batch.alignment.apply import Features
from titanic_batch.predict.compiled.compile.sample_rows import (
    aligned_cells,
    codes_as_cells,
    numbers_as_cells,
    usual_cells,
)
from titanic_batch.predict.compiled.plan import CategoryInput, Floats, NumberInput
from titanic_batch.schema import TrainingSchema

Inputs = Sequence[NumberInput | CategoryInput]
Frame = Callable[[Sequence[Features]], Any]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A fitted model to compile, in its parts.

    Attributes:
        estimator: The whole of it.
        transform: What comes before its last step: makes, of frames, arrays of shape (n_rows,
            n_derived).
        last: Its last step.
        schema: What it expects.
        frame: Lays columns out as the model is given them.
    """

    estimator: Any
    transform: Callable[[Any], Any]
    last: Any
    schema: TrainingSchema
    frame: Frame

    def rows(self, inputs: Inputs, at: int, values: Sequence[float]) -> Any:
        """Return a frame in which one input takes some numbers or codes; others are as usual."""
        cells = usual_cells(self.schema, len(values))
        for place, one in enumerate(inputs):
            column = self.schema.columns[one.column]
            if isinstance(one, CategoryInput):
                codes = values if place == at else [0] * len(values)
                cells[one.column] = codes_as_cells(column, one, np.array(codes, dtype=np.intp))
            else:
                numbers = values if place == at else [np.clip(0.0, one.low, one.high)] * len(values)
                cells[one.column] = numbers_as_cells(column, np.array(numbers, dtype=np.float64))
        return self.frame(aligned_cells(self.schema, cells))


def with_refusals(model: Model, inputs: Inputs) -> list[NumberInput | CategoryInput]:
    """Return the inputs, and on which of their nulls and codes scikit-learn raises."""
    result: list[NumberInput | CategoryInput] = []
    for at, one in enumerate(inputs):
        if isinstance(one, NumberInput):
            refused = _refused(model, inputs, at, [np.nan])
            result.append(replace(one, refuses_null=bool(refused)))
        else:
            codes = _refused(model, inputs, at, range(one.code_count))
            result.append(replace(one, refused=tuple(codes)))
    return result


def tables(model: Model, inputs: Inputs) -> dict[int, Floats]:
    """Return what each code of each category becomes, by input, shape (n_codes, n_derived).

    Rows of codes that scikit-learn refuses are 0.
    """
    found = {}
    for at, one in enumerate(inputs):
        if isinstance(one, NumberInput):
            continue
        codes = [code for code in range(one.code_count) if code not in one.refused]
        made = dense(model.transform(model.rows(inputs, at, codes)))
        table = np.zeros((one.code_count, made.shape[1]))
        table[codes] = made
        found[at] = table
    return found


def dense(made: Any) -> Floats:
    """Return what a transformer made, as a dense array of float64."""
    return np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)


def _refused(model: Model, inputs: Inputs, at: int, values: Sequence[float]) -> list[int]:
    if not _raises(model, inputs, at, values):
        return []
    return [i for i, value in enumerate(values) if _raises(model, inputs, at, [value])]


def _raises(model: Model, inputs: Inputs, at: int, values: Sequence[float]) -> bool:
    try:
        model.estimator.predict(model.rows(inputs, at, values))
    except Exception:  # noqa: BLE001  # whatever it is, such rows are scikit-learn's
        return True
    return False
