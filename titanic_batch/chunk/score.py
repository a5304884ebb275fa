"""Score one chunk: parse, align, predict. What a worker does, and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from titanic_batch.alignment.apply import align
from titanic_batch.chunk.answers import ModelFacts, Predictions
from titanic_batch.chunk.frame import model_input
from titanic_batch.chunk.output import output_table
from titanic_batch.chunk.predict import predict
from titanic_batch.chunk.task import ChunkResult, ChunkTask, Reject
from titanic_batch.errors import DataError
from titanic_batch.faults import Fault
from titanic_batch.sources.base import Chunk, Parsed, Parser


def score_chunk(
    task: ChunkTask, chunk: Chunk, estimator: Any, facts: ModelFacts | None
) -> ChunkResult:
    """Score one chunk.

    Args:
        task: The file's parser, alignment and output.
        chunk: The records.
        estimator: The fitted model; None to validate only.
        facts: What `model_facts` said of it.

    Raises:
        DataError: if the model fails on the chunk's rows.
    """
    parsed = task.parser.parse(chunk)
    aligned = align(task.alignment, parsed.cells)
    faults = list(aligned.faults)
    good = _rows_without(faults, parsed.cells.num_rows)
    payload, scored = b"", 0
    if task.output is not None and task.encoder is not None and facts is not None:
        predictions = None
        if (parsed.cells.num_rows if good is None else good.size) > 0:
            frame = model_input(task.alignment, aligned.features, good)
            predictions = _predict(task, chunk, frame, estimator, facts)
            unusable = _not_finite(predictions)
            if unusable.size:
                rows = np.arange(parsed.cells.num_rows) if good is None else good
                faults.extend(
                    Fault(
                        int(row), len(task.alignment.feeds), task.output.prediction, "model-error"
                    )
                    for row in rows[unusable]
                )
                keep = np.setdiff1d(np.arange(rows.size), unusable)
                good = rows[keep]
                predictions = _take(predictions, keep)
        if predictions is not None and predictions.labels.size:
            table = output_table(task.output, parsed.cells, aligned.typed, good, predictions)
            payload, scored = task.encoder.encode(table), table.num_rows
    else:
        scored = parsed.cells.num_rows if good is None else good.size
    rejects, others = _rejects(task.parser, chunk, parsed, faults)
    return ChunkResult(
        rows_read=chunk.row_count,
        rows_scored=scored,
        rejects=rejects,
        other_faults=others,
        counts=aligned.counts,
        payload=payload,
    )


def _predict(
    task: ChunkTask, chunk: Chunk, frame: Any, estimator: Any, facts: ModelFacts
) -> Predictions:
    try:
        return predict(estimator, frame, facts, task.threshold)
    except Exception as exc:  # a model may raise anything
        last = chunk.first_row + chunk.row_count - 1
        raise DataError(
            f"the model fails on it: {type(exc).__name__}: {_first_line(exc)}",
            where=f"{task.input}, rows {chunk.first_row} to {last}",
            cure="See what it is fed with `titanic-batch check`.",
        ) from exc


def _rows_without(faults: list[Fault], row_count: int) -> npt.NDArray[np.int64] | None:
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


def _take(predictions: Predictions, rows: npt.NDArray[np.intp]) -> Predictions:
    probabilities = predictions.probabilities
    return Predictions(
        predictions.labels[rows], None if probabilities is None else probabilities[rows]
    )


def _rejects(
    parser: Parser, chunk: Chunk, parsed: Parsed, faults: list[Fault]
) -> tuple[tuple[Reject, ...], Counter[str]]:
    """Return one reject per record with a fault, its first, and the count of the others."""
    first: dict[int, Fault] = {fault.index: fault for fault in parsed.faults}
    others: Counter[str] = Counter()
    for fault in faults:
        index = fault.index if parsed.rows is None else int(parsed.rows[fault.index])
        if index in first:
            others[fault.reason] += 1
        else:
            first[index] = fault
    indices = sorted(first)
    records = parser.raw_records(chunk, indices)
    rejects = tuple(
        Reject(
            row=chunk.first_row + index,
            line=record.line,
            column=first[index].column,
            reason=first[index].reason,
            record=record.text,
        )
        for index, record in zip(indices, records, strict=True)
    )
    return rejects, others


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or [""])[0]
