"""BatchScorer: the model as a function from Arrow to Arrow, for engines that move rows themselves.

DuckDB, polars, Dask, Ray Data and Spark's mapInArrow all hand batches to a Python callable. What
they get here is what `titanic-batch score` says of the same rows of a Parquet file.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import numpy as np
import pyarrow as pa

from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.chunk.output import OutputPlan, plan_output
from titanic_batch.chunk.score import score_chunks
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.errors import DataError, TitanicBatchError, UsageError, memory_errors
from titanic_batch.models.loading import verified_bytes
from titanic_batch.predict.base import check_threshold
from titanic_batch.predict.lazy import LazyEstimator
from titanic_batch.scoring.choosing import PredictorChoice, kept_predictor
from titanic_batch.scoring.model import open_chosen_model
from titanic_batch.scoring.option_fields import read_keywords, with_keywords
from titanic_batch.scoring.options import DEFAULT_MODEL, OPTIONS, Answer, ScoreOptions
from titanic_batch.scoring.trying import ENOUGH_ROWS
from titanic_batch.sinks.base import Rows
from titanic_batch.sinks.parquet_sink import ArrowEncoder
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.table_parser import TableParser, duplicate_names

if TYPE_CHECKING:
    from titanic_batch.engine.session import Session
    from titanic_batch.models import VerifiedModel
    from titanic_batch.predict.base import ModelDescription
    from titanic_batch.schema import Scalar

REJECT_REASON = "reject_reason"
REJECT_COLUMN = "reject_column"

#: Rows that are scored at a time; a batch may be a whole table.
_ROWS = 1 << 17
#: A caller that makes up new columns must not fill the memory.
_MOST_PLANS = 64
_WHERE = "the batch"

Batch = TypeVar("Batch", pa.Table, pa.RecordBatch)


class BatchScorerKeywords(TypedDict, total=False):
    """The keywords of `BatchScorer` that are options of `score`, and their types."""

    threshold: float | None
    allow_version_mismatch: bool
    allow_batch_dependence: bool
    ignore_custom_objects: bool
    null: str | Iterable[str]
    rename: Mapping[str, str]
    fill: Mapping[str, Scalar]
    allow_null: str | Iterable[str]
    unknown: Mapping[str, Answer]
    map: Mapping[str, Mapping[str, Scalar]]
    prediction_column: str
    probability_column: str


_TAKEN = tuple(option for option in OPTIONS if option.name in BatchScorerKeywords.__annotations__)


class BatchScorer:
    """Scores Arrow batches: a Table makes a Table, a RecordBatch a RecordBatch.

    Row i of the answer is row i of the batch: its kept columns, `prediction`, for classifiers
    `probability` or `probability_<class>`, then `reject_reason` and `reject_column`, which are null
    where the row was scored. A rejected row has no prediction. Columns come in any order; strings
    may be dictionaries, large strings or views, and are given back as plain ones.

    It can be pickled, and holds the model's own bytes: it works in processes that have neither the
    store nor the ledger. Any number of threads may call it.

    Args:
        model: As `--model`.
        trust: SHA-256 hashes of model files to trust, besides those of the ledger.
        keep: Names of the columns to give back; None for all.
        **options: As the flags of `score`; see `BatchScorerKeywords`.

    Raises:
        UsageError: if an option does not go with the model.
        ModelError: if there is no such model, or it cannot be loaded.
        UntrustedModelError: if its bytes need trust and their hash is not trusted.
    """

    @with_keywords(_TAKEN, BatchScorerKeywords)
    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        trust: str | Iterable[str] | None = None,
        keep: str | Iterable[str] | None = None,
        **options: Unpack[BatchScorerKeywords],
    ) -> None:
        unknown = options.keys() - BatchScorerKeywords.__annotations__.keys()
        if unknown:
            raise UsageError(
                f"BatchScorer takes no {', '.join(sorted(unknown))}",
                hint=f"It takes: model, trust, keep, {', '.join(o.name for o in _TAKEN)}.",
            )
        given: dict[str, Any] = {**options, "model": os.fspath(model), "trust": trust or ()}
        if keep is not None:
            given["keep"] = keep
        chosen = ScoreOptions(**read_keywords(OPTIONS, given))
        found = open_chosen_model(chosen)
        kept = kept_predictor(found.sha256, found.schema)
        self._open(chosen, replace(found, data=verified_bytes(found)), kept)
        check_threshold(chosen.threshold, self._description.info)

    def __call__(self, batch: Batch) -> Batch:
        """Score the rows of a batch.

        Args:
            batch: Any number of rows, also none.

        Returns:
            As many rows, in the same order; their columns are `schema(batch.schema)`.

        Raises:
            MissingColumnsError: if a column that the model needs is missing.
            DataError: if one has a type that cannot be the model's, or the model fails on rows that
                it takes alone.
            RowDependenceError: if the score of a row depends on the rows beside it.
        """
        if isinstance(batch, pa.RecordBatch):
            scored = self._score(pa.Table.from_batches([batch])).combine_chunks()
            arrays = [
                column.chunk(0) if column.num_chunks else pa.array([], column.type)
                for column in scored.columns
            ]
            return pa.record_batch(arrays, schema=scored.schema)
        if isinstance(batch, pa.Table):
            return self._score(batch)
        raise UsageError(
            f"BatchScorer was given a {type(batch).__module__}.{type(batch).__qualname__}",
            hint="Give it a pyarrow.Table or RecordBatch, such as pyarrow.table(frame).",
        )

    def schema(self, input_schema: pa.Schema) -> pa.Schema:
        """Return the columns of the answer to batches with these columns; raises as a call does."""
        _, output = self._planned(_plain_schema(input_schema))
        return _answered(output)

    def __getstate__(self) -> dict[str, Any]:
        return {"options": self._options, "model": self._model, "kept": self._kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._open(state["options"], state["model"], state["kept"])

    def _open(self, options: ScoreOptions, model: VerifiedModel, kept: PredictorChoice) -> None:
        self._options, self._model, self._kept = options, model, kept
        self._session = LazyEstimator(lambda: _open_session(model))
        self._estimator = LazyEstimator(lambda: self._session.get().estimator)
        known = kept.description_of(model)
        session: Session | None = None if known is not None else self._session.get()
        self._description: ModelDescription = (
            known if known is not None else session.description  # type: ignore[union-attr]
        )
        self._planned = lru_cache(_MOST_PLANS)(self._plan)
        self._is_tried = threading.Event()
        if self._description.info.known_by_row or options.allow_batch_dependence:
            self._is_tried.set()

    def _plan(self, inputs: pa.Schema) -> tuple[FileContext, OutputPlan]:
        options, info = self._options, self._description.info
        repeated = duplicate_names(inputs.names)
        if repeated:
            raise DataError(f"it repeats column {', '.join(repeated)}", where=_WHERE)
        alignment = plan_alignment(
            self._description.schema, inputs, options.alignment, where=_WHERE, text_cells=False
        )
        output = plan_output(
            inputs,
            alignment,
            info,
            keep=options.keep,
            output_format="parquet",
            prediction_column=options.prediction_column,
            probability_column=options.probability_column,
        )
        clashes = sorted({REJECT_REASON, REJECT_COLUMN} & set(output.schema.names))
        if clashes:
            raise UsageError(
                f"the answer would have column {', '.join(clashes)} twice",
                hint="Rename it in the batch, or leave it out of keep.",
            )
        context = FileContext(
            input=_WHERE,
            parser=TableParser(),
            alignment=alignment,
            output=output,
            encoder=ArrowEncoder(),
            threshold=options.threshold,
            whole=options.allow_batch_dependence and not info.known_by_row,
            max_rejects=sys.maxsize,  # each row has its own verdict, however many are rejected
        )
        return context, output

    def _score(self, batch: pa.Table) -> pa.Table:
        plain = batch.cast(_plain_schema(batch.schema))
        context, output = self._planned(plain.schema)
        step = max(plain.num_rows, 1) if context.whole else _ROWS
        parts = [
            self._score_part(context, output, plain.slice(start, step), start)
            for start in range(0, plain.num_rows, step)
        ]
        schema = _answered(output).with_metadata(batch.schema.metadata)
        return pa.concat_tables(parts).cast(schema) if parts else schema.empty_table()

    def _score_part(
        self, context: FileContext, output: OutputPlan, rows: pa.Table, start: int
    ) -> pa.Table:
        rows = rows.combine_chunks()
        chunk = Chunk(data=b"", first_row=start + 1, row_count=rows.num_rows)
        context = replace(
            context,
            parser=TableParser(rows),
            trial=not self._is_tried.is_set() and rows.num_rows > 1,
        )
        with memory_errors():
            (result,) = score_chunks(
                [(context, chunk)],
                self._estimator,
                self._description.info,
                plan=self._kept.plan.plan if self._kept.plan is not None else None,
            )
        if isinstance(result, TitanicBatchError):
            raise result
        if result.rows_tried >= ENOUGH_ROWS:
            self._is_tried.set()
        return _in_place(result, output, rows, start + 1)


def _open_session(model: VerifiedModel) -> Session:
    from titanic_batch.engine.session import open_session  # imports scikit-learn

    return open_session(model)


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return a schema with plain strings for dictionaries of strings, large ones and views."""
    for index, field in enumerate(schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if kind in (pa.string(), pa.large_string(), pa.string_view()):
            schema = schema.set(index, field.with_type(pa.string()))
    return schema


def _answered(output: OutputPlan) -> pa.Schema:
    """Return the columns of an answer: those of a file's output, and why a row has none."""
    schema: pa.Schema = output.schema
    for name in (REJECT_REASON, REJECT_COLUMN):
        schema = schema.append(pa.field(name, pa.string()))
    return schema


def _in_place(result: ScoredChunk, output: OutputPlan, rows: pa.Table, first: int) -> pa.Table:
    """Return a row for each row: scored ones as the result holds them, rejected ones with nulls."""
    rejects = {reject.row - first: reject for reject in result.rejects}
    is_scored = np.ones(rows.num_rows, bool)
    is_scored[list(rejects)] = False
    places = pa.array(np.cumsum(is_scored) - 1, pa.int64(), mask=~is_scored)
    made = [name for name in output.schema.names if name not in output.kept]
    columns = [rows.column(name) for name in output.kept]
    if isinstance(result.payload, Rows):
        scored = result.payload.table
        columns += [scored.column(name).take(places) for name in made]
    else:
        columns += [pa.nulls(rows.num_rows, output.schema.field(name).type) for name in made]
    found = [rejects.get(row) for row in range(rows.num_rows)] if rejects else []
    for texts in (
        [reject.reason if reject else None for reject in found],
        [reject.column or None if reject else None for reject in found],
    ):
        columns.append(
            pa.array(texts, pa.string()) if rejects else pa.nulls(rows.num_rows, pa.string())
        )
    return pa.table(columns, schema=_answered(output))
