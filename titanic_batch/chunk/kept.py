"""Predictions kept on the disk, so that a run that was killed need not ask the model again.

Only predictions are kept: reading and aligning again costs little. They are found again by what
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
from titanic_batch.chunk.predictions import ModelInfo, Predictions
from titanic_batch.models.code import LoadedCode

#: What is predicted sooner is not worth keeping: to hash and write it may take a twentieth of that.
_WORTH_S = 0.1
#: Rows that are predicted, and kept, at a time, at the least: they cost next to nothing more than
#: the whole chunk at once, for most models.
FEWEST_ROWS = 4_096
#: What a call may take where more rows at a time are quicker, and change nothing.
_CALL_S = 0.5


def rows_to_ask(last_rows: int, last_s: float) -> int:
    """Return how many rows a quick model is asked for next, after a call that took `last_s`."""
    return max(int(last_rows * _CALL_S / max(last_s, 1e-6)), FEWEST_ROWS)


@dataclass(frozen=True)
class Keeper:
    """Keeps the predictions of one input in a folder, which is made when it is first needed."""

    folder: Path

    def of_rows(
        self,
        plan: AlignmentPlan,
        features: Sequence[Features],
        facts: ModelInfo,
        code: LoadedCode,
    ) -> KeptRows:
        """Return what is kept of the rows that consist of `features`.

        Args:
            plan: How they were aligned.
            features: One array of shape (n_rows,) per model column.
            facts: What the model answers with.
            code: What it runs.
        """
        return KeptRows(self.folder, plan, features, facts, code)


@dataclass
class KeptRows:
    """The kept predictions of some rows, by the number of the first of them.

    What cannot be read or written is not kept: that costs time, and nothing else.
    """

    folder: Path
    plan: AlignmentPlan = field(repr=False)
    features: Sequence[Features] = field(repr=False)
    facts: ModelInfo
    code: LoadedCode

    @cached_property
    def _name(self) -> str | None:
        """What the rows and the code are found again by; None where that cannot be said."""
        if self.code.digest is None:
            return None
        digest = hashlib.blake2b(self.code.digest.encode(), digest_size=20)
        digest.update(f"{self.plan.named} {len(self.features)}".encode())
        for feed, values in zip(self.plan.feeds, self.features, strict=True):
            column = feed.column
            digest.update(repr((column.name, column.dtype, column.categories)).encode())
            for part in _bytes_of(values):
                digest.update(len(part).to_bytes(8))
                digest.update(part)
        return digest.hexdigest()

    @cached_property
    def _is_there(self) -> bool:
        return self.folder.is_dir()

    def recall(self, start: int, most: int) -> Predictions | None:
        """Return the predictions that are kept for rows from `start` on, at most `most`."""
        if not self._is_there or self._name is None:
            return None
        try:
            with self._path(start).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                found = Predictions(kept["labels"], kept.get("probabilities"))
        except Exception:  # noqa: BLE001  # a damaged file may raise anything
            return None
        if not _could_be(found, self.facts) or len(found.labels) > most:
            return None
        return replace(found, recalled=len(found.labels))

    def keep(self, start: int, predictions: Predictions, seconds: float) -> None:
        """Keep the predictions for the rows from `start` on, if they took long enough."""
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


def _could_be(found: Predictions, facts: ModelInfo) -> bool:
    """Tell whether predictions have the form of a model's."""
    labels, probabilities = found.labels, found.probabilities
    if labels.ndim != 1 or not len(labels):
        return False
    if facts.classes is None:
        right = labels.dtype.kind in "fiub"
    else:
        right = set(np.unique(labels).tolist()) <= set(facts.classes)
    if not facts.has_probability or facts.classes is None:
        return right and probabilities is None
    shape = (len(labels), len(facts.classes))
    return (
        right
        and probabilities is not None
        and probabilities.dtype == np.float64
        and probabilities.shape == shape
    )
