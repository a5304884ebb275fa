"""Rows on which a wrong plan shows: at thresholds, of every code, led to each leaf, and others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from titanic_batch.alignment.apply import Features
from titanic_batch.predict.compiled.compile.sample_rows import (
    aligned_cells,
    codes_as_cells,
    numbers_as_cells,
    usual_cells,
)
from titanic_batch.predict.compiled.kernels import Values
from titanic_batch.predict.compiled.plan import (
    CategoryInput,
    Floats,
    NumberInput,
    ScoringPlan,
    Table,
    Trees,
)
from titanic_batch.schema import TrainingSchema

#: Rows of one call of scikit-learn.
BATCH = 2_000
#: Leaves that rows are led to, at the most.
_MOST_LEAVES = 20_000
_SPECIAL = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, 1e10, -1e10, 1e38, 3.5e38, -3.5e38, 1e300)
_RARE = 0.05

_Rows = list[Values]


@dataclass(frozen=True)
class RowMaker:
    """Makes rows for a plan that has one table per input.

    Attributes:
        plan: The plan.
        schema: What the model expects.
        random: Where chance comes from.
    """

    plan: ScoringPlan
    schema: TrainingSchema
    random: np.random.Generator

    def ends(self) -> Iterator[tuple[Features, ...]]:
        """Yield rows at each threshold and beside it, and at each code, null and odd number."""
        for at, one in enumerate(self.plan.inputs):
            if isinstance(one, CategoryInput):
                values: Floats | npt.NDArray[np.intp] = np.arange(one.code_count)
            else:
                values = self._number_ends(at, one)
            for start in range(0, len(values), BATCH):
                some = values[start : start + BATCH]
                rows = self._any(len(some))
                rows[at] = some
                yield self._aligned(rows)

    def leaves(self) -> Iterator[tuple[Features, ...]]:
        """Yield a row for each leaf that one can come to."""
        body = self.plan.body
        if not isinstance(body, Trees):
            return
        bits = body.tables[0].masks.dtype.itemsize * 8
        places = self.random.permutation(body.tables[0].masks.shape[1] * bits)[: _MOST_LEAVES * 2]
        for start in range(0, len(places), BATCH):
            some = places[start : start + BATCH]
            rows = self._any(len(some))
            reached = np.ones(len(some), dtype=bool)
            for table in body.tables:
                if table.digits:
                    found = self._led(table, some // bits, some % bits)
                    reached &= found >= 0
                    at = table.digits[0].input
                    rows[at] = self._values_of(table, found)
            yield self._aligned([values[reached] for values in rows])

    def any(self, count: int) -> tuple[Features, ...]:
        """Return rows drawn from the schema's ranges, nulls and unknown categories among them."""
        return self._aligned(self._any(count))

    def _led(
        self, table: Table, words: npt.NDArray[np.intp], bits: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.intp]:
        """Return, for each leaf, one of a table's digits that leave it open; -1 for none."""
        kind = table.masks.dtype.type
        is_open = (table.masks[:, words] >> bits.astype(kind)) & kind(1)
        weights = self.random.random(is_open.shape, dtype=np.float32) * is_open
        found = weights.argmax(axis=0)
        return np.where(is_open.any(axis=0), found, -1)

    def _values_of(self, table: Table, digits: npt.NDArray[np.intp]) -> Values:
        """Return a value of each digit: of a number's, an end of what it stands for, or between."""
        digit = table.digits[0]
        one = self.plan.inputs[digit.input]
        if isinstance(one, CategoryInput) or digit.thresholds is None:
            return np.maximum(digits, 0)
        edges = np.concatenate([[one.low], digit.thresholds, [one.high]])
        place = np.clip(digits, 0, len(edges) - 2)
        above = np.nextafter(edges[place], np.inf)
        up_to = edges[place + 1]
        share = self.random.choice([0.0, 0.5, 1.0], len(digits))
        values = np.where(share == 0.5, above / 2 + up_to / 2, np.where(share == 0.0, above, up_to))
        values = np.clip(values, above, up_to)
        return np.where(digits == digit.size - 1, np.nan, values)

    def _number_ends(self, at: int, one: NumberInput) -> Floats:
        column = self.schema.columns[one.column]
        values = [np.array([*_SPECIAL, np.nan, one.low, one.high])]
        known = (column.minimum, column.maximum, *(column.quantiles or ()))
        values += [np.array([value for value in known if value is not None])]
        values.append(self._thresholds(at))
        ends = np.concatenate(values)
        with np.errstate(over="ignore"):
            around = [ends, np.nextafter(ends, -np.inf), np.nextafter(ends, np.inf)]
        found = np.concatenate(around)
        result: Floats = found[~np.isinf(found)]
        return result

    def _thresholds(self, at: int) -> Floats:
        """Return where trees tell an input's numbers apart, ascending."""
        tables = self.plan.body.tables if isinstance(self.plan.body, Trees) else ()
        found = [
            digit.thresholds
            for table in tables
            for digit in table.digits
            if digit.input == at and digit.thresholds is not None
        ]
        return found[0] if found else np.zeros(0)

    def _any(self, count: int) -> _Rows:
        return [
            self._any_codes(one, count)
            if isinstance(one, CategoryInput)
            else self._any_numbers(at, one, count)
            for at, one in enumerate(self.plan.inputs)
        ]

    def _any_codes(self, one: CategoryInput, count: int) -> npt.NDArray[np.intp]:
        codes = [code for code in range(one.code_count) if code not in one.refused]
        return self.random.choice(np.array(codes or [0], dtype=np.intp), count)

    def _any_numbers(self, at: int, one: NumberInput, count: int) -> Floats:
        low, high = self._range(at, one)
        width = max(high - low, 1.0)
        values = self.random.uniform(low - 0.1 * width, high + 0.1 * width, count)
        values = np.where(self.random.random(count) < _RARE, values * 1e3, values)
        if not one.refuses_null:
            values = np.where(self.random.random(count) < _RARE, np.nan, values)
        return np.clip(values, one.low, one.high)

    def _range(self, at: int, one: NumberInput) -> tuple[float, float]:
        column = self.schema.columns[one.column]
        if column.minimum is not None and column.maximum is not None:
            return column.minimum, column.maximum
        thresholds = self._thresholds(at)
        if len(thresholds):
            return float(thresholds[0]), float(thresholds[-1])
        return -100.0, 100.0

    def _aligned(self, rows: _Rows) -> tuple[Features, ...]:
        count = len(rows[0]) if rows else 0
        cells = usual_cells(self.schema, count)
        for one, values in zip(self.plan.inputs, rows, strict=True):
            column = self.schema.columns[one.column]
            if isinstance(one, CategoryInput):
                cells[one.column] = codes_as_cells(column, one, values)
            else:
                cells[one.column] = numbers_as_cells(column, values)
        return aligned_cells(self.schema, cells)
