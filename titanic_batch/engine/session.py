"""A model loaded in this process, ready to score chunks with."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from threadpoolctl import threadpool_limits

from titanic_batch.chunk.predict import model_facts
from titanic_batch.chunk.score import score_chunks
from titanic_batch.chunk.task import ChunkResult, ChunkTask
from titanic_batch.engine.base import ModelDescription
from titanic_batch.errors import TitanicBatchError
from titanic_batch.models import VerifiedModel, load_estimator
from titanic_batch.models.derive import about_model, derive_schema
from titanic_batch.sources.base import Chunk


@dataclass(frozen=True, kw_only=True)
class Session:
    """A loaded model and what is known of it."""

    estimator: Any
    description: ModelDescription

    def score(
        self, items: Sequence[tuple[ChunkTask, Chunk]]
    ) -> list[ChunkResult | TitanicBatchError]:
        """Score a group of chunks; an expected error is returned, not raised."""
        facts = self.description.facts
        # One thread each: BLAS sums in another order with more, so the last bit would differ.
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return score_chunks(items, self.estimator, facts)


def open_session(model: VerifiedModel) -> Session:
    """Load a model into this process.

    Raises:
        ModelError: if it cannot be loaded, or its columns cannot be found out.
    """
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    loaded = load_estimator(model)
    with about_model(model.ref):
        schema = model.schema or derive_schema(loaded.estimator)
    description = ModelDescription(
        facts=model_facts(loaded.estimator), schema=schema, warnings=loaded.warnings
    )
    return Session(estimator=loaded.estimator, description=description)
