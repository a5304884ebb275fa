"""What comes before the prediction, and what comes after it, for one chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from titanic_batch.alignment.apply import Aligned, Features, align
from titanic_batch.chunk.answers import Predictions, taken
from titanic_batch.chunk.output import output_table
from titanic_batch.chunk.profile import profile_chunk
from titanic_batch.chunk.rejects import reject_records
from titanic_batch.chunk.task import ChunkResult, ChunkTask
from titanic_batch.faults import Fault
from titanic_batch.sources.base import Chunk, Parsed


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A chunk, parsed and aligned.

    Attributes:
        task: What it belongs to.
        chunk: The records.
        parsed: Its well-formed records.
        aligned: Those as the model's columns.
        rows: The rows of `parsed` without a fault; None for all of them.
        features: Those as one array per model column; None where there is nothing to predict.
    """

    task: ChunkTask
    chunk: Chunk
    parsed: Parsed
    aligned: Aligned
    rows: npt.NDArray[np.int64] | None
    features: tuple[Features, ...] | None

    @property
    def row_count(self) -> int:
        """How many rows are without a fault."""
        return int(self.parsed.cells.num_rows if self.rows is None else self.rows.size)


def prepare(task: ChunkTask, chunk: Chunk) -> Prepared:
    """Parse and align a chunk, and take its good rows."""
    parsed = task.parser.parse(chunk)
    aligned = align(task.alignment, parsed.cells)
    rows = _rows_without(aligned.faults, parsed.cells.num_rows)
    some = (parsed.cells.num_rows if rows is None else rows.size) > 0
    features = None
    if task.output is not None and some:
        features = aligned.features
        if rows is not None:
            features = tuple(column[rows] for column in features)
    return Prepared(
        task=task, chunk=chunk, parsed=parsed, aligned=aligned, rows=rows, features=features
    )


def finish(prepared: Prepared, predictions: Predictions | None) -> ChunkResult:
    """Lay out and encode what was predicted, and make rejects of the rest.

    Args:
        prepared: The chunk.
        predictions: For the rows of its features; None where nothing was predicted.
    """
    task, faults, rows = prepared.task, list(prepared.aligned.faults), prepared.rows
    payload, scored = b"", prepared.row_count
    recalled = predictions.recalled if predictions is not None else 0
    if task.output is not None and task.encoder is not None and predictions is not None:
        unusable = _not_finite(predictions)
        if unusable.size:
            everything = np.arange(scored) if rows is None else rows
            last = len(task.alignment.feeds) + len(task.alignment.dropped)
            faults.extend(
                Fault(int(row), last, task.output.prediction, "model-error")
                for row in everything[unusable]
            )
            usable = np.setdiff1d(np.arange(scored), unusable)
            rows, predictions, scored = everything[usable], taken(predictions, usable), usable.size
        if scored:
            table = output_table(
                task.output, prepared.parsed.cells, prepared.aligned.typed, rows, predictions
            )
            payload, scored = task.encoder.encode(table), table.num_rows  # counted, not reckoned
    profile = None
    if task.profile is not None and predictions is not None:
        profile = profile_chunk(task.profile, prepared.aligned.typed, rows, predictions)
    rejects, others = reject_records(task.parser, prepared.chunk, prepared.parsed, faults)
    return ChunkResult(
        rows_read=prepared.chunk.row_count,
        rows_scored=scored,
        rows_recalled=recalled,
        rejects=rejects,
        other_faults=others,
        counts=prepared.aligned.counts,
        payload=payload,
        profile=profile,
    )


def _rows_without(faults: tuple[Fault, ...], row_count: int) -> npt.NDArray[np.int64] | None:
    """Return the rows that no fault names; None where that is all of them."""
    if not faults:
        return None
    good = np.ones(row_count, dtype=bool)
    good[[fault.index for fault in faults]] = False
    return np.flatnonzero(good)


def _not_finite(predictions: Predictions) -> npt.NDArray[np.intp]:
    bad = np.zeros(predictions.labels.shape[0], dtype=bool)
    if predictions.labels.dtype.kind == "f":
        bad |= ~np.isfinite(predictions.labels)
    if predictions.probabilities is not None:
        bad |= ~np.isfinite(predictions.probabilities).all(axis=1)
    return np.flatnonzero(bad)
