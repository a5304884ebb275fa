"""Score chunks in this process: small inputs never pay for workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from titanic_batch.engine.base import ChunkResult, ChunkTask, ModelDescription
from titanic_batch.engine.groups import grouped, most_open_outputs
from titanic_batch.engine.session import Session, open_session
from titanic_batch.interrupts import interruptible
from titanic_batch.models import VerifiedModel


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
        """Load the model and say what it is."""
        return self._open().description

    def map(self, works: Iterable[ChunkTask]) -> Iterator[ChunkResult]:
        """Yield the outcome of each work in order."""
        session = self._open()
        for group in grouped(works, session.description.facts, most_open_outputs()):
            with interruptible():
                results = session.score([(work.task, work.chunk) for work in group])
            for work, result in zip(group, results, strict=True):
                yield ChunkResult(work.key, result)

    def close(self) -> None:
        """Forget the model."""
        self._session = None
