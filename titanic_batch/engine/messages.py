"""Messages from the parent to its workers."""

from __future__ import annotations

from dataclasses import dataclass

from titanic_batch.chunk.task import FileContext
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.sources.base import Chunk


@dataclass(frozen=True)
class MakePlan:
    """Compile the model; see `titanic_batch.engine.base.Engine.make_plan`."""

    name: str
    seconds: float | None


#: Chunks to score, each with the file that it belongs to, None for the same as the one before; a
#: plan to score by; or a plan to make. The first and the last are answered.
Message = list[tuple[FileContext | None, Chunk]] | ScoringPlan | MakePlan
