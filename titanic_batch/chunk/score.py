"""Score chunks: parse, align, predict, lay out. What a worker does, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from titanic_batch.chunk.answers import ModelFacts, Predictions
from titanic_batch.chunk.frame import model_input
from titanic_batch.chunk.predict import predict, predict_each
from titanic_batch.chunk.prepare import Prepared, finish, prepare, prepare_several
from titanic_batch.chunk.task import ChunkResult, ChunkTask
from titanic_batch.errors import DataError, TitanicBatchError
from titanic_batch.models.code import LoadedCode
from titanic_batch.sources.base import Chunk


def score_chunk(
    task: ChunkTask,
    chunk: Chunk,
    estimator: Any,
    facts: ModelFacts | None,
    code: LoadedCode | None = None,
) -> ChunkResult:
    """Score one chunk.

    Args:
        task: The file's parser, alignment and output.
        chunk: The records.
        estimator: The fitted model; None to validate only.
        facts: What `model_facts` said of it.
        code: What it runs; None to keep nothing.

    Raises:
        DataError: if the model fails on the chunk's rows.
        ModelError: if it predicts several outputs at once.
    """
    prepared = prepare(task, chunk)
    return finish(prepared, _predict_one(prepared, estimator, facts, code))


def score_chunks(
    items: Sequence[tuple[ChunkTask, Chunk]],
    estimator: Any,
    facts: ModelFacts,
    code: LoadedCode | None = None,
) -> list[ChunkResult | TitanicBatchError]:
    """Score the small chunks of several files, with one call of the model where that is the same.

    A call costs milliseconds whatever the rows, which is most of a small file's time. Whole models
    are called once where they predict each row on its own (`ModelFacts.independent_rows`), and else
    what comes before a pipeline's last step, where that treats each row on its own.

    Returns:
        Each chunk's result, or the error that it alone ended in.
    """
    prepared = prepare_several(items)
    predictions = _predict_together(
        [one for one in prepared if isinstance(one, Prepared) and one.features is not None],
        estimator,
        facts,
    )
    results: list[ChunkResult | TitanicBatchError] = []
    for one in prepared:
        if isinstance(one, TitanicBatchError):
            results.append(one)
            continue
        try:
            if predictions is None:
                results.append(finish(one, _predict_one(one, estimator, facts, code)))
            else:
                results.append(finish(one, predictions.pop(0) if one.features else None))
        except TitanicBatchError as exc:
            results.append(exc)
    return results


def _predict_one(
    prepared: Prepared, estimator: Any, facts: ModelFacts | None, code: LoadedCode | None
) -> Predictions | None:
    if prepared.features is None or facts is None:
        return None
    task, chunk = prepared.task, prepared.chunk
    try:
        frame = model_input(task.alignment, prepared.features)
        kept = None
        if task.keeper is not None and code is not None:
            kept = task.keeper.of_rows(task.alignment, prepared.features, facts, code)
        return predict(estimator, frame, facts, task.threshold, kept)
    except TitanicBatchError:
        raise
    except Exception as exc:  # a model may raise anything
        last = chunk.first_row + chunk.row_count - 1
        kind = f"the model fails on it: {type(exc).__name__}"
        error = DataError(
            f"{kind}: {_first_line(exc)}",
            where=f"{task.input}, rows {chunk.first_row} to {last}",
            cure="See what it is fed with `titanic-batch check`.",
        )
        error.logged_what = kind  # its own words may quote a cell
        raise error from exc


def _predict_together(
    prepared: list[Prepared], estimator: Any, facts: ModelFacts
) -> list[Predictions] | None:
    """Predict several chunks' rows at once; None if they don't go together or the model fails."""
    if len(prepared) < 2 or not facts.goes_together:
        return None
    parts = [one.features or () for one in prepared]
    first = prepared[0].task
    types = [column.dtype for column in parts[0]]
    if any([column.dtype for column in part] != types for part in parts):
        return None  # joining them would convert some
    if any(one.task.threshold != first.threshold for one in prepared):
        return None
    counts = [one.row_count for one in prepared]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    try:
        frame = model_input(first.alignment, columns)
        if not facts.independent_rows:
            return predict_each(estimator, frame, counts, facts, first.threshold)
        answers = predict(estimator, frame, facts, first.threshold)
    except Exception:  # noqa: BLE001  # whose rows it were is found out one by one
        return None
    return _split(answers, counts)


def _split(answers: Predictions, counts: list[int]) -> list[Predictions]:
    bounds = np.cumsum(counts)[:-1]
    labels = np.split(answers.labels, bounds)
    if answers.probabilities is None:
        return [Predictions(part, None) for part in labels]
    probabilities = np.split(answers.probabilities, bounds)
    return [Predictions(*part) for part in zip(labels, probabilities, strict=True)]


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or [""])[0]
