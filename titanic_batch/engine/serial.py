"""Score chunks in this process: small inputs never pay for workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from titanic_batch.engine.base import ChunkResult, ChunkTask
from titanic_batch.engine.batching import batched, most_open_outputs
from titanic_batch.engine.session import Session, open_session
from titanic_batch.interrupts import interruptible
from titanic_batch.models import VerifiedModel
from titanic_batch.predict.base import ModelDescription
from titanic_batch.predict.compiled.plan import ScoringPlan


class SerialEngine:
    """Scores one chunk after the other; see `titanic_batch.engine.base.Engine`."""

    def __init__(self, model: VerifiedModel) -> None:
        self._model = model
        self._session: Session | None = None

    def _open(self) -> Session:
        if self._session is None:
            with interruptible():
                self._session = open_session(self._model)
        return self._session

    def describe(self) -> ModelDescription:
        return self._open().description

    def make_plan(self, name: str, seconds: float | None = None) -> bytes | str:
        with interruptible():
            return self._open().make_plan(name, seconds)

    def use_plan(self, plan: ScoringPlan) -> None:
        self._session = replace(self._open(), plan=plan)

    def map(self, tasks: Iterable[ChunkTask]) -> Iterator[ChunkResult]:
        session = self._open()
        for batch in batched(tasks, session.description.info, most_open_outputs()):
            with interruptible():
                results = session.score([(task.context, task.chunk) for task in batch])
            for task, result in zip(batch, results, strict=True):
                yield ChunkResult(task.key, result)

    def close(self) -> None:
        self._session = None
