"""Parse and align a chunk before the prediction; encode it, with its rejects, after."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from titanic_batch.alignment.apply import Aligned, Column, align
from titanic_batch.alignment.counts import count_unknown
from titanic_batch.chunk.output import output_table
from titanic_batch.chunk.profile import profile_chunk
from titanic_batch.chunk.rejects import reject_records
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.errors import TitanicBatchError
from titanic_batch.faults import Fault
from titanic_batch.predict.base import Predictions
from titanic_batch.sinks.base import Payload
from titanic_batch.sources.base import Chunk, Parsed, Parser


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A chunk, parsed and aligned.

    Attributes:
        context: The file that it belongs to.
        chunk: The records.
        parsed: Its well-formed records.
        aligned: Those as the model's columns.
        rows: The rows of `parsed` without a fault; None for all of them.
        features: Those as one array per model column; None where there is nothing to predict.
    """

    context: FileContext
    chunk: Chunk
    parsed: Parsed
    aligned: Aligned
    rows: npt.NDArray[np.int64] | None
    features: tuple[Column, ...] | None

    @property
    def row_count(self) -> int:
        """How many rows are without a fault."""
        return int(self.parsed.cells.num_rows if self.rows is None else self.rows.size)

    def record_number(self, position: int) -> int:
        """Return the number in its input of the row at a position in `features`."""
        row = position if self.rows is None else int(self.rows[position])
        return self.chunk.first_row + (
            row if self.parsed.rows is None else int(self.parsed.rows[row])
        )


def prepare(context: FileContext, chunk: Chunk, *, coded: bool = False) -> Prepared:
    """Parse and align a chunk, and take its good rows; raises DataError where it has none.

    Args:
        context: The file's parser and alignment.
        chunk: The records.
        coded: Whether a plan predicts, which reads coded columns as they are.
    """
    parsed = context.parser.parse(chunk)
    return _prepared(context, chunk, parsed, align(context.alignment, parsed.cells), coded=coded)


def prepare_several(
    items: Sequence[tuple[FileContext, Chunk]], *, coded: bool = False
) -> list[Prepared | TitanicBatchError]:
    """Parse and align chunks, those of like files in one batch: a call costs more than a few rows.

    Returns:
        Each chunk, or the error that it alone ended in.
    """
    prepared: list[Prepared | TitanicBatchError] = []
    for _, batch in itertools.groupby(items, key=_batch_key):
        prepared += _prepare_batch(list(batch), coded=coded)
    return prepared


def _batch_key(item: tuple[FileContext, Chunk]) -> tuple[Parser, int]:
    """Return a key that is equal for chunks that can be parsed and aligned in one batch."""
    context, _ = item
    return context.parser, id(context.alignment)  # those of like files are one object


def _prepare_batch(
    items: Sequence[tuple[FileContext, Chunk]], *, coded: bool
) -> list[Prepared | TitanicBatchError]:
    context, chunks = items[0][0], [chunk for _, chunk in items]
    cells = context.parser.parse_together(chunks) if len(items) > 1 else None
    if cells is None:
        return [_prepared_or_error(*item, coded=coded) for item in items]
    aligned = align(context.alignment, cells)
    prepared: list[Prepared | TitanicBatchError] = []
    start = 0
    for context, chunk in items:
        stop = start + chunk.row_count
        parsed = Parsed(cells=cells.slice(start, chunk.row_count), rows=None)
        prepared.append(_prepared(context, chunk, parsed, aligned.part(start, stop), coded=coded))
        start = stop
    return prepared


def _prepared_or_error(
    context: FileContext, chunk: Chunk, *, coded: bool
) -> Prepared | TitanicBatchError:
    try:
        return prepare(context, chunk, coded=coded)
    except TitanicBatchError as exc:
        return exc


def _prepared(
    context: FileContext, chunk: Chunk, parsed: Parsed, aligned: Aligned, *, coded: bool
) -> Prepared:
    rows = _rows_without(aligned.faults, parsed.cells.num_rows)
    some = (parsed.cells.num_rows if rows is None else rows.size) > 0
    features: tuple[Column, ...] | None = None
    if some and (context.output is not None or context.trial):
        features = aligned.columns if coded else aligned.features
        if rows is not None:
            features = tuple(column[rows] for column in features)
    return Prepared(
        context=context, chunk=chunk, parsed=parsed, aligned=aligned, rows=rows, features=features
    )


def finish(
    prepared: Prepared,
    predictions: Predictions | None,
    failed: Sequence[tuple[int, str]] = (),
    *,
    rows_tried: int = 0,
) -> ScoredChunk:
    """Lay out and encode what was predicted, and make rejects of the rest.

    Args:
        prepared: The chunk.
        predictions: For the rows of its features but those that failed; None where nothing was
            predicted.
        failed: The rows on which the model raises, by position, and what it says.
        rows_tried: See `ScoredChunk`.
    """
    context, faults, rows = prepared.context, list(prepared.aligned.faults), prepared.rows
    payload: Payload = b""
    is_file, scored = False, prepared.row_count
    last = len(context.alignment.column_mappings) + len(context.alignment.dropped)
    if failed:
        everything = np.arange(scored) if rows is None else rows
        faults.extend(
            Fault(int(everything[at]), last, "", "model-error", said) for at, said in failed
        )
        rows = np.delete(everything, [at for at, _ in failed])
        scored = rows.size
    cached = predictions.cached if predictions is not None else 0
    by_estimator = predictions.by_estimator if predictions is not None else 0
    if context.output is not None and context.encoder is not None and predictions is not None:
        unusable = _not_finite(predictions)
        if unusable.size:
            everything = np.arange(scored) if rows is None else rows
            faults.extend(
                Fault(int(row), last, context.output.prediction, "model-error")
                for row in everything[unusable]
            )
            usable = np.setdiff1d(np.arange(scored), unusable)
            rows, predictions, scored = everything[usable], predictions.take(usable), usable.size
        if scored:
            table = output_table(
                context.output, prepared.parsed.cells, prepared.aligned.typed, rows, predictions
            )
            encoder = context.file_encoder if prepared.chunk.is_all else None
            payload = (encoder or context.encoder).encode(table)
            is_file, scored = encoder is not None, table.num_rows  # counted, not reckoned
    profile = None
    if context.profile is not None and predictions is not None:
        profile = profile_chunk(context.profile, prepared.aligned.typed, rows, predictions)
    counts = prepared.aligned.counts
    counts.scored_unknown = count_unknown(prepared.aligned.observations, rows)
    rejects, others = reject_records(context.parser, prepared.chunk, prepared.parsed, faults)
    return ScoredChunk(
        rows_read=prepared.chunk.row_count,
        rows_scored=scored,
        rows_cached=cached,
        rows_by_estimator=by_estimator,
        rejects=rejects,
        other_faults=others,
        counts=counts,
        payload=payload,
        is_file=is_file,
        profile=profile,
        rows_tried=rows_tried,
        trimmed=prepared.parsed.trimmed,
    )


def _rows_without(faults: tuple[Fault, ...], row_count: int) -> npt.NDArray[np.int64] | None:
    """Return the rows that no fault names; None where that is all of them."""
    if not faults:
        return None
    good = np.ones(row_count, dtype=bool)
    good[[fault.index for fault in faults]] = False
    return np.flatnonzero(good)


def _not_finite(predictions: Predictions) -> npt.NDArray[np.intp]:
    """Return the rows for which the model has no answer: None, NaN, or something infinite."""
    labels = predictions.labels
    if labels.dtype.kind == "f":
        bad = ~np.isfinite(labels)
    elif labels.dtype.kind in "biuU":
        bad = np.zeros(len(labels), dtype=bool)
    else:
        import pandas as pd

        bad = np.asarray(pd.isna(labels), dtype=bool)
    if predictions.probabilities is not None:
        bad |= ~np.isfinite(predictions.probabilities).all(axis=1)
    return np.flatnonzero(bad)
