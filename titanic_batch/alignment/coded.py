"""CodedColumn: a model column of few distinct objects, and which of them each row holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from titanic_batch.arrow_arrays import numpy_of


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """A column of Python objects that is not written out: a plan reads each object once.

    Attributes:
        objects: Those that may be among its values, shape (n_objects,).
        codes: Each row's position among them, shape (n_rows,).
    """

    objects: npt.NDArray[Any]
    codes: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> CodedColumn:
        return CodedColumn(self.objects, self.codes[rows])

    @property
    def values(self) -> npt.NDArray[Any]:
        """One object per row, shape (n_rows,)."""
        result: npt.NDArray[Any] = self.objects[self.codes]
        return result


def decoded(columns: Sequence[npt.NDArray[Any] | CodedColumn]) -> list[npt.NDArray[Any]]:
    """Return columns as arrays of their values."""
    return [one.values if isinstance(one, CodedColumn) else one for one in columns]


def codes_of(indices: Any, null_code: int) -> npt.NDArray[np.intp]:
    """Return Arrow's dictionary indices as codes, null as the code for it."""
    if indices.null_count == 0:
        return numpy_of(indices)
    held = numpy_of(indices)  # floats, NaN for null
    result: npt.NDArray[np.intp] = np.where(np.isnan(held), null_code, held).astype(np.intp)
    return result
