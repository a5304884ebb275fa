"""Scorer: a model in memory that scores records, by the same steps as a file's chunks."""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import pyarrow as pa
from threadpoolctl import ThreadpoolController

from titanic_batch.chunk.score import score_chunks
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.engine.session import Session, open_session
from titanic_batch.errors import DataError, RowDependenceError, TitanicBatchError
from titanic_batch.models import VerifiedModel
from titanic_batch.scoring.choosing import kept_predictor
from titanic_batch.scoring.trying import ENOUGH_ROWS
from titanic_batch.serving.outcomes import RecordOutcome, Refusal
from titanic_batch.serving.planning import outcomes_of, scoring_context
from titanic_batch.serving.records import Record, record_fault, tables
from titanic_batch.sinks.base import Rows
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.parquet_source import ParquetParser

#: Records come with few sets of columns; clients that make up new ones must not fill the memory.
_MOST_PLANS = 64


@dataclass(frozen=True)
class Scorer:
    """Scores records with one model; any number of threads may do so at once.

    Attributes:
        model: Which model it is.
        session: The same, loaded.
        plan: What reading records of some columns takes; raises DataError where they do not fit.
        threads: The libraries that would compute in several threads.
    """

    model: VerifiedModel
    session: Session
    plan: Callable[[pa.Schema], FileContext]
    threads: ThreadpoolController
    _tried: threading.Event = field(default_factory=threading.Event)
    _looks_around: threading.Event = field(default_factory=threading.Event)

    def score(self, records: Sequence[object]) -> list[RecordOutcome]:
        """Return the outcome of each record, in their order."""
        outcomes: list[RecordOutcome | None] = [record_fault(record) for record in records]
        readable = [index for index, outcome in enumerate(outcomes) if outcome is None]
        given: list[Record] = [records[index] for index in readable]  # type: ignore[misc]
        parts: list[tuple[list[int], pa.Table]] = []
        for rows, table in tables(given):
            parts.append(([readable[row] for row in rows], table))
        for indices, found in self._score_tables(parts):
            for index, outcome in zip(indices, found, strict=True):
                outcomes[index] = outcome
        assert None not in outcomes
        return outcomes  # type: ignore[return-value]

    def _score_tables(
        self, parts: Sequence[tuple[list[int], pa.Table]]
    ) -> list[tuple[list[int], list[RecordOutcome]]]:
        if self._looks_around.is_set():
            parts = list(itertools.chain.from_iterable(_rows_of(*part) for part in parts))
        done: list[tuple[list[int], list[RecordOutcome]]] = []
        fitting: list[tuple[list[int], pa.Table, FileContext]] = []
        for indices, table in parts:
            try:
                fitting.append((indices, table, self.plan(table.schema)))
            except DataError as exc:
                wrong = Refusal(reason="wrong-columns", column="", message=exc.message)
                done.append((indices, [wrong] * len(indices)))
        items = [(self._trial(context, table), _chunk(table)) for _, table, context in fitting]
        for (indices, table, _), (_, chunk), result in zip(
            fitting, items, self._results(items), strict=True
        ):
            if isinstance(result, ScoredChunk):
                done.append((indices, outcomes_of(result, chunk)))
            elif table.num_rows == 1:
                failed = Refusal(reason="model-error", column="", message=result.message)
                done.append((indices, [failed]))
            else:  # the rows stand in each other's way: each is scored alone
                done.extend(self._score_tables(_rows_of(indices, table)))
        return done

    def _trial(self, context: FileContext, table: pa.Table) -> FileContext:
        """Have the model tried with the first records that come together, until there are enough.

        One whose score of a record depends on the others is given each record alone from then on.
        """
        known = self.session.description.info.known_by_row
        if known or self._tried.is_set() or table.num_rows < 2:
            return context
        return replace(context, trial=True)

    def _results(
        self, items: Sequence[tuple[FileContext, Chunk]]
    ) -> list[ScoredChunk | TitanicBatchError]:
        """Score parts together, as small files are: none changes what another is scored as."""
        session = self.session
        # As Session.score does, but the libraries are looked for once: that takes milliseconds.
        with self.threads.limit(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = score_chunks(
                items, session.estimator, session.description.info, plan=session.plan
            )
        for result in results:
            if isinstance(result, RowDependenceError):
                self._looks_around.set()
            elif isinstance(result, ScoredChunk) and result.rows_tried >= ENOUGH_ROWS:
                self._tried.set()
        return results


def open_with_plan(model: VerifiedModel) -> Session:
    """Load a model into this process, and take its plan where one is kept.

    Raises:
        ModelError: if it cannot be loaded, or its columns cannot be found out.
    """
    kept = kept_predictor(model.sha256, model.schema).plan
    return replace(open_session(model), plan=kept.plan if kept is not None else None)


def _rows_of(indices: Sequence[int], table: pa.Table) -> list[tuple[list[int], pa.Table]]:
    return [([index], table.slice(row, 1)) for row, index in enumerate(indices)]


def open_scorer(model: VerifiedModel) -> Scorer:
    """Load a model into this process, to score records with.

    From here on the process computes in one thread per call: BLAS keeps one number of threads for
    a whole process, and calls at the same time would set it back for each other.

    Raises:
        ModelError: if it cannot be loaded, or its columns cannot be found out.
    """
    session = open_with_plan(model)
    threads = ThreadpoolController()
    threads.limit(limits=1)
    description = session.description

    @lru_cache(maxsize=_MOST_PLANS)
    def plan(schema: pa.Schema) -> FileContext:
        return scoring_context(
            schema, ParquetParser(), description, input="the request", text_cells=False
        )

    return Scorer(model, session, plan, threads)


def _chunk(table: pa.Table) -> Chunk:
    return Chunk(data=Rows(table).to_stream(), first_row=1, row_count=table.num_rows)
