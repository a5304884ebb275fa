"""Engine: scores the chunks of files with one model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.errors import TitanicBatchError
from titanic_batch.predict.base import ModelDescription
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.sources.base import Chunk


@dataclass(frozen=True, slots=True)
class ChunkTask:
    """One chunk to score, on behalf of the input file number `key`."""

    key: int
    context: FileContext
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The result of one `ChunkTask`, or the error that scoring it ended in."""

    key: int
    result: ScoredChunk | TitanicBatchError


@dataclass(frozen=True)
class MakePlan:
    """A request to a worker to compile the model; see `Engine.make_plan`."""

    name: str
    seconds: float | None


#: What a worker is sent: chunks to score, each with the file that it belongs to, None for the same
#: as the one before; a plan to score by; or a plan to make. The first and the last are answered.
Message = list[tuple[FileContext | None, Chunk]] | ScoringPlan | MakePlan


class Engine(Protocol):
    """Scores chunks with one model."""

    def describe(self) -> ModelDescription:
        """Load the model and say what it is; raises ModelError where that fails."""
        ...

    def make_plan(self, name: str, seconds: float | None = None) -> bytes | str:
        """Compile the model and prove the plan.

        Args:
            name: Of the plan's file.
            seconds: How long that may take; None for what nobody waits for.

        Returns:
            The content of the file, or why there is none.
        """
        ...

    def use_plan(self, plan: ScoringPlan) -> None:
        """Score by a plan from now on."""
        ...

    def map(self, tasks: Iterable[ChunkTask]) -> Iterator[ChunkResult]:
        """Yield the result of each task in order; `tasks` is read a little ahead.

        Raises:
            WorkerEndedError: if the system ended a worker process.
        """
        ...

    def close(self) -> None:
        """Release the model and stop the workers, at once."""
        ...
