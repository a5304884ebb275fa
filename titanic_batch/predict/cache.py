"""Predictions cached on the disk, so that a run that was killed need not ask the model again.

Only predictions are cached: reading and aligning again costs little. They are found again by what
they were made of: the rows as the model is given them, and the code that it runs, in a folder that
is bound to the model, its schema and the options. So nothing has to be in step with anything when a
run dies, and nothing that changed meanwhile can be missed: a header, a file, a custom module.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from titanic_batch.alignment.apply import Features
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.models.code import LoadedCode
from titanic_batch.predict.base import ModelInfo, Predictions

#: What is predicted sooner is not worth caching: to hash and write it may take a twentieth of that.
_WORTH_S = 0.1


@dataclass(frozen=True)
class PredictionCache:
    """The cached predictions of one input, in a folder that is made when it is first needed."""

    folder: Path

    def for_rows(
        self,
        alignment: AlignmentPlan,
        columns: Sequence[Features],
        info: ModelInfo,
        code: LoadedCode,
    ) -> CachedRows:
        """Return what is cached of some rows.

        Args:
            alignment: How they were aligned.
            columns: One array of shape (n_rows,) per model column.
            info: What the model answers with.
            code: What it runs.
        """
        return CachedRows(self.folder, alignment, columns, info, code)


@dataclass
class CachedRows:
    """The cached predictions of some rows, by the number of the first of them.

    What cannot be read or written is not cached: that costs time, and nothing else.
    """

    folder: Path
    alignment: AlignmentPlan = field(repr=False)
    columns: Sequence[Features] = field(repr=False)
    info: ModelInfo
    code: LoadedCode

    @cached_property
    def _name(self) -> str | None:
        """A digest of the rows and the code, as file name; None where the code has none."""
        if self.code.digest is None:
            return None
        digest = hashlib.blake2b(self.code.digest.encode(), digest_size=20)
        digest.update(f"{self.alignment.named} {len(self.columns)}".encode())
        for mapping, values in zip(self.alignment.column_mappings, self.columns, strict=True):
            column = mapping.column
            digest.update(repr((column.name, column.dtype, column.categories)).encode())
            for part in _bytes_of(values):
                digest.update(len(part).to_bytes(8))
                digest.update(part)
        return digest.hexdigest()

    @cached_property
    def _is_there(self) -> bool:
        return self.folder.is_dir()

    def get(self, start: int, most: int) -> Predictions | None:
        """Return the predictions that are cached for rows from `start` on, at most `most`."""
        if not self._is_there or self._name is None:
            return None
        try:
            with self._path(start).open("rb") as file, np.load(file, allow_pickle=False) as held:
                found = Predictions(held["labels"], held.get("probabilities"))
        except Exception:  # noqa: BLE001  # a damaged file may raise anything
            return None
        if not _could_be(found, self.info) or len(found.labels) > most:
            return None
        return replace(found, cached=len(found.labels))

    def put(self, start: int, predictions: Predictions, seconds: float) -> None:
        """Cache the predictions for the rows from `start` on, if they took long enough."""
        labels = predictions.labels
        if labels.dtype == object and all(isinstance(label, str) for label in labels):
            labels = labels.astype(np.str_)
        if seconds < _WORTH_S or labels.dtype.hasobject:
            return
        if self._name is None or self.code.has_grown():
            return
        some = predictions.probabilities
        probabilities = {} if some is None else {"probabilities": some}
        path = self._path(start)
        unfinished = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, exist_ok=True)
            try:
                with unfinished.open("wb") as file:
                    np.savez(file, allow_pickle=False, labels=labels, **probabilities)
                unfinished.replace(path)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise

    def _path(self, start: int) -> Path:
        return self.folder / f"{self._name}-{start}.npz"


def _bytes_of(values: Features) -> Iterator[bytes]:
    """Yield what tells an array's type and values from all others."""
    yield values.dtype.str.encode()
    if not values.dtype.hasobject:
        yield values.tobytes()
        return
    # 3, 3.0, True and "3" are equal or look alike, and None is not NaN.
    codes: dict[tuple[type, str], int] = {}
    yield np.array(
        [codes.setdefault((type(value), repr(value)), len(codes)) for value in values.tolist()]
    ).tobytes()
    yield repr([(kind.__qualname__, text) for kind, text in codes]).encode()


def _could_be(found: Predictions, info: ModelInfo) -> bool:
    """Return whether predictions have the form that the model gives."""
    labels, probabilities = found.labels, found.probabilities
    if labels.ndim != 1 or not len(labels):
        return False
    if info.classes is None:
        right = labels.dtype.kind in "fiub"
    else:
        right = set(np.unique(labels).tolist()) <= set(info.classes)
    if not info.has_probability or info.classes is None:
        return right and probabilities is None
    shape = (len(labels), len(info.classes))
    return (
        right
        and probabilities is not None
        and probabilities.dtype == np.float64
        and probabilities.shape == shape
    )
