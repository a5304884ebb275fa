"""A model loaded in this process, ready to score chunks with."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from threadpoolctl import threadpool_limits

from titanic_batch.chunk.score import score_chunks
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.errors import ModelError, TitanicBatchError, memory_errors
from titanic_batch.models import VerifiedModel, load_estimator
from titanic_batch.models.calling import ModelEscapeError, model_code
from titanic_batch.models.code import LoadedCode, loaded_code
from titanic_batch.models.origins import libraries_of
from titanic_batch.predict.base import ModelDescription
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.predict.sklearn_predictor import model_info
from titanic_batch.schema.derive import about_model, derive_schema
from titanic_batch.sources.base import Chunk


@dataclass(frozen=True, kw_only=True)
class Session:
    """A loaded model, what is known of it, and the code that it runs."""

    model: VerifiedModel
    estimator: Any
    description: ModelDescription
    code: LoadedCode
    plan: ScoringPlan | None = None

    def make_plan(self, name: str, seconds: float | None) -> bytes | str:
        """Return the content of a plan's file, or why there is none."""
        from titanic_batch.predict.compiled.about import about_model
        from titanic_batch.predict.compiled.making import plan_bytes

        description = self.description
        about = None
        if description.warnings == self.model.warnings:  # else each run is to repeat them
            about = about_model(description, derived=self.model.schema is None)
        with memory_errors(), model_code(), threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return plan_bytes(self.estimator, description, name, seconds, about)

    def score(
        self, items: Sequence[tuple[FileContext, Chunk]]
    ) -> list[ScoredChunk | TitanicBatchError]:
        """Score a batch of chunks; an expected error is returned, not raised."""
        info = self.description.info
        # One thread each: BLAS sums in another order with more, so the last bit would differ.
        with memory_errors(), threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return score_chunks(items, self.estimator, info, self.code, self.plan)


def open_session(model: VerifiedModel) -> Session:
    """Load a model into this process.

    Raises:
        ModelError: if it cannot be loaded, or its columns cannot be found out.
        WorkerEndedError: if memory runs out.
    """
    with memory_errors(), about_model(model.ref):
        try:
            return _open(model)
        except ModelEscapeError as exc:
            raise ModelError(f"its own code fails: {exc}") from exc


def _open(model: VerifiedModel) -> Session:
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    loaded = load_estimator(model)
    with model_code():  # its attributes may be properties
        description = ModelDescription(
            info=model_info(loaded.estimator),
            schema=model.schema or derive_schema(loaded.estimator),
            warnings=loaded.warnings,
            libraries=libraries_of(loaded.estimator),
        )
    return Session(
        model=model, estimator=loaded.estimator, description=description, code=loaded_code()
    )
