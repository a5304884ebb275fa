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
from titanic_batch.predict.compiled.compile.walk import NotCompilableError
from titanic_batch.predict.compiled.plan import CategoryInput, Floats, NumberInput
from titanic_batch.schema import TrainingSchema

_MOST_PROBES = 50_000
_MOST_CELLS = 50_000_000

#: An input, and a number or a code of it.
Probe = tuple[int, float]
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

    def rows(self, inputs: Inputs, probes: Sequence[Probe]) -> Any:
        """Return a frame with a row for each probe; all else in it is as usual."""
        count = len(probes)
        cells = usual_cells(self.schema, count)
        asked = np.array([at for at, _ in probes], dtype=np.intp)
        values = np.array([value for _, value in probes], dtype=np.float64)
        for place, one in enumerate(inputs):
            column = self.schema.columns[one.column]
            own = asked == place
            if isinstance(one, CategoryInput):
                codes = np.where(own, values, 0.0).astype(np.intp)
                cells[one.column] = codes_as_cells(column, one, codes)
            else:
                numbers = np.where(own, values, np.clip(0.0, one.low, one.high))
                cells[one.column] = numbers_as_cells(column, numbers)
        return self.frame(aligned_cells(self.schema, cells))


def with_refusals(model: Model, inputs: Inputs) -> list[NumberInput | CategoryInput]:
    """Return the inputs, and on which of their nulls and codes scikit-learn raises.

    Raises:
        NotCompilableError: if it raises on whatever it is given, or there are too many codes.
    """
    probes: list[Probe] = []
    for at, one in enumerate(inputs):
        values = range(one.code_count) if isinstance(one, CategoryInput) else [np.nan]
        probes += [(at, float(value)) for value in values]
    if len(probes) > _MOST_PROBES or len(probes) * len(inputs) > _MOST_CELLS:
        raise NotCompilableError("it has too many columns or categories")
    usual = (-1, 0.0)
    if _raises(model, inputs, [usual]):
        raise NotCompilableError("scikit-learn raises on values of its own training")
    refused = _refused(model, inputs, probes)
    return [
        replace(one, refused=tuple(int(value) for place, value in refused if place == at))
        if isinstance(one, CategoryInput)
        else replace(one, refuses_null=any(place == at for place, _ in refused))
        for at, one in enumerate(inputs)
    ]


def tables(model: Model, inputs: Inputs) -> dict[int, Floats]:
    """Return what each code of each category becomes, by input, shape (n_codes, n_derived).

    Rows of codes that scikit-learn refuses are 0.

    Raises:
        NotCompilableError: if they would be too large.
    """
    found = {}
    for at, one in enumerate(inputs):
        if isinstance(one, NumberInput):
            continue
        codes = [code for code in range(one.code_count) if code not in one.refused]
        made = model.transform(model.rows(inputs, [(at, float(code)) for code in codes]))
        if made.shape[0] * made.shape[1] > _MOST_CELLS:
            raise NotCompilableError("it has too many categories")
        made = dense(made)
        table = np.zeros((one.code_count, made.shape[1]))
        table[codes] = made
        found[at] = table
    return found


def dense(made: Any) -> Floats:
    """Return what a transformer made, as a dense array of float64."""
    return np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)


def _refused(model: Model, inputs: Inputs, probes: Sequence[Probe]) -> list[Probe]:
    """Return the probes on which scikit-learn raises, found by halves."""
    if not probes or not _raises(model, inputs, probes):
        return []
    if len(probes) == 1:
        return list(probes)
    middle = len(probes) // 2
    return [
        *_refused(model, inputs, probes[:middle]),
        *_refused(model, inputs, probes[middle:]),
    ]


def _raises(model: Model, inputs: Inputs, probes: Sequence[Probe]) -> bool:
    try:
        model.estimator.predict(model.rows(inputs, probes))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # whatever it is, such rows are scikit-learn's
        return True
    return False
