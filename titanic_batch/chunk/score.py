"""Score chunks: parse, align, predict, lay out. What a worker does, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from titanic_batch.chunk.answers import ModelFacts, Predictions
from titanic_batch.chunk.predict import predict
from titanic_batch.chunk.prepare import Prepared, finish, prepare
from titanic_batch.chunk.task import ChunkResult, ChunkTask
from titanic_batch.errors import DataError, TitanicBatchError
from titanic_batch.sources.base import Chunk


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
    prepared = prepare(task, chunk)
    return finish(prepared, _predict_one(prepared, estimator, facts))


def score_chunks(
    items: Sequence[tuple[ChunkTask, Chunk]], estimator: Any, facts: ModelFacts
) -> list[ChunkResult | TitanicBatchError]:
    """Score the small chunks of several files with one call of the model.

    A call costs milliseconds whatever the rows, which is most of a small file's time. Only for
    models that predict each row on its own (`ModelFacts.independent_rows`): their predictions do
    not depend on what stands beside a row.

    Returns:
        Each chunk's result, or the error that it alone ended in.
    """
    prepared = [prepare(task, chunk) for task, chunk in items]
    predictions = _predict_together(
        [one for one in prepared if one.frame is not None], estimator, facts
    )
    results: list[ChunkResult | TitanicBatchError] = []
    for one in prepared:
        try:
            if predictions is None:
                results.append(finish(one, _predict_one(one, estimator, facts)))
            else:
                results.append(finish(one, None if one.frame is None else predictions.pop(0)))
        except TitanicBatchError as exc:
            results.append(exc)
    return results


def _predict_one(
    prepared: Prepared, estimator: Any, facts: ModelFacts | None
) -> Predictions | None:
    if prepared.frame is None or facts is None:
        return None
    chunk = prepared.chunk
    try:
        return predict(estimator, prepared.frame, facts, prepared.task.threshold)
    except Exception as exc:  # a model may raise anything
        last = chunk.first_row + chunk.row_count - 1
        raise DataError(
            f"the model fails on it: {type(exc).__name__}: {_first_line(exc)}",
            where=f"{prepared.task.input}, rows {chunk.first_row} to {last}",
            cure="See what it is fed with `titanic-batch check`.",
        ) from exc


def _predict_together(
    prepared: list[Prepared], estimator: Any, facts: ModelFacts
) -> list[Predictions] | None:
    """Predict several frames at once; None where they don't go together or the model fails."""
    if len(prepared) < 2:
        return None
    frames = [one.frame for one in prepared]
    threshold = prepared[0].task.threshold
    if not _alike(frames) or any(one.task.threshold != threshold for one in prepared):
        return None
    is_array = isinstance(frames[0], np.ndarray)
    together = np.concatenate(frames) if is_array else pd.concat(frames, ignore_index=True)
    try:
        answers = predict(estimator, together, facts, threshold)
    except Exception:  # noqa: BLE001  # whose rows it were is found out one by one
        return None
    bounds = np.cumsum([len(frame) for frame in frames])[:-1]
    labels = np.split(answers.labels, bounds)
    if answers.probabilities is None:
        return [Predictions(each, None) for each in labels]
    parts = np.split(answers.probabilities, bounds)
    return [Predictions(*pair) for pair in zip(labels, parts, strict=True)]


def _alike(frames: list[Any]) -> bool:
    """Tell whether frames have the same types, so that joining them converts nothing."""
    first = frames[0]
    if isinstance(first, np.ndarray):
        return all(frame.dtype == first.dtype for frame in frames)
    return all(frame.dtypes.equals(first.dtypes) for frame in frames)


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or [""])[0]
