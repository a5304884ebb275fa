"""Predictions kept on the disk, so that a run that was killed need not ask the model again.

Only predictions are kept: reading and aligning again costs little. They are found again by what
they were made of, the chunk's bytes, in a folder that is bound to the model and the options; so
nothing has to be in step with anything when a run dies.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from titanic_batch.chunk.answers import Predictions

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

    def of_chunk(self, data: bytes) -> KeptChunk:
        """Return what is kept of a chunk that consists of `data`."""
        return KeptChunk(self.folder, data)


@dataclass
class KeptChunk:
    """The kept predictions of one chunk, by the number of its first row in the chunk.

    What cannot be read or written is not kept: that costs time, and nothing else.
    """

    folder: Path
    data: bytes = field(repr=False)

    @cached_property
    def _name(self) -> str:
        return hashlib.blake2b(self.data, digest_size=20).hexdigest()

    @cached_property
    def _is_there(self) -> bool:
        return self.folder.is_dir()

    def recall(self, start: int, most: int) -> Predictions | None:
        """Return the predictions that are kept for rows from `start` on, at most `most`."""
        if not self._is_there:
            return None
        try:
            with np.load(self._path(start), allow_pickle=False) as kept:
                labels, probabilities = kept["labels"], kept.get("probabilities")
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if not 0 < len(labels) <= most:
            return None
        if probabilities is not None and len(probabilities) != len(labels):
            return None
        return Predictions(labels, probabilities, recalled=len(labels))

    def keep(self, start: int, predictions: Predictions, seconds: float) -> None:
        """Keep the predictions for the rows from `start` on, if they took long enough."""
        labels = predictions.labels
        if labels.dtype == object and all(isinstance(label, str) for label in labels):
            labels = labels.astype(np.str_)
        if seconds < _WORTH_S or labels.dtype.hasobject:
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
