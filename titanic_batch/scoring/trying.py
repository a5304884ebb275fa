"""Try a model on the first chunks of a run, to see whether a row's score depends on others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from titanic_batch.chunk.task import ScoredChunk
from titanic_batch.engine.base import ChunkResult, ChunkTask, Engine
from titanic_batch.errors import RowDependenceError
from titanic_batch.predict.base import ModelInfo
from titanic_batch.scoring.options import ScoreOptions

#: A chunk with so many rows that could be asked about shows enough.
ENOUGH_ROWS = 16
#: So do this many rows of smaller ones, of those with more than one, ...
_ENOUGH_IN_ALL = 64
#: ... and nobody waits for more chunks than these.
_MOST_CHUNKS = 64


@dataclass
class RowTrial:
    """Tries a model on the first chunks of a run, one after the other, until they show enough.

    Which ones is the same however many workers there are, and in a run that resumes another.
    """

    is_over: bool
    _rows: int = 0
    _chunks: int = 0

    def map(self, engine: Engine, tasks: Iterator[ChunkTask]) -> Iterator[ChunkResult]:
        """Yield the result of each task in order, as the engine's own `map`.

        Raises:
            RowDependenceError: if the model's score of a row depends on other rows.
            WorkerEndedError: if the system ended a worker process, or memory ran out.
        """
        while not self.is_over and (task := next(tasks, None)) is not None:
            tried = ChunkTask(task.key, replace(task.context, trial=True), task.chunk)
            for outcome in engine.map([tried]):
                if isinstance(outcome.result, RowDependenceError):
                    raise outcome.result
                self._take(outcome)
                yield outcome
        yield from engine.map(tasks)

    def _take(self, outcome: ChunkResult) -> None:
        result = outcome.result
        rows = result.rows_tried if isinstance(result, ScoredChunk) else 0
        self._chunks += 1
        self._rows += rows if rows > 1 else 0
        self.is_over = (
            rows >= ENOUGH_ROWS or self._rows >= _ENOUGH_IN_ALL or self._chunks >= _MOST_CHUNKS
        )


def trial_of(info: ModelInfo, options: ScoreOptions) -> RowTrial:
    """Return the trial of a run."""
    return RowTrial(is_over=info.known_by_row or options.allow_batch_dependence)
