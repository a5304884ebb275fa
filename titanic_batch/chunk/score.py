"""Score chunks: parse, align, predict, lay out. What a worker does, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from titanic_batch.alignment.apply import Column
from titanic_batch.alignment.coded import decoded
from titanic_batch.chunk.failing import (
    TogetherError,
    failing_rows,
    most_failing,
)
from titanic_batch.chunk.prepare import Prepared, finish, prepare, prepare_several
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.errors import (
    DataError,
    RowDependenceError,
    TitanicBatchError,
    is_out_of_memory,
)
from titanic_batch.models.calling import described
from titanic_batch.models.code import LoadedCode
from titanic_batch.predict.base import ModelInfo, Predictions, Predictor
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.predict.compiled.predictor import CompiledPredictor
from titanic_batch.predict.lazy import InTurn, LazyEstimator
from titanic_batch.sources.base import Chunk

_SHOWN_ROWS = 5


@dataclass(frozen=True)
class _Model:
    """A model, what is known of it, its code, and its plan; without code, nothing is cached."""

    estimator: Any
    info: ModelInfo
    code: LoadedCode | None
    plan: ScoringPlan | None = None


def score_chunk(
    context: FileContext,
    chunk: Chunk,
    estimator: Any,
    info: ModelInfo | None,
    code: LoadedCode | None = None,
) -> ScoredChunk:
    """Score one chunk.

    Args:
        context: The file's parser, alignment and output.
        chunk: The records.
        estimator: The fitted model; None to validate only.
        info: What `model_info` said of it.
        code: What it runs; None to cache nothing.

    Raises:
        DataError: if the model fails on the chunk's rows, and on none of them alone.
        RowDependenceError: if the context asks for a trial, and a score depends on other rows.
        ModelError: if it predicts several outputs at once.
        MemoryError: if memory runs out.
    """
    prepared = prepare(context, chunk)
    if info is None or prepared.features is None:
        return finish(prepared, None)
    return _score_one(prepared, prepared.features, _Model(estimator, info, code))


def score_chunks(
    items: Sequence[tuple[FileContext, Chunk]],
    estimator: Any,
    info: ModelInfo,
    code: LoadedCode | None = None,
    plan: ScoringPlan | None = None,
) -> list[ScoredChunk | TitanicBatchError]:
    """Score the small chunks of several files, with one call of the model where that is the same.

    A call costs milliseconds whatever the rows, which is most of a small file's time. Whole models
    are called once where they predict each row on its own (`ModelInfo.independent_rows`), and else
    what comes before a pipeline's last step, where that treats each row on its own.

    Returns:
        Each chunk's result, or the error that it alone ended in.
    """
    model = _Model(estimator, info, code, plan)
    coded = plan is not None and not any(context.whole for context, _ in items)
    prepared = prepare_several(items, coded=coded)
    predictions = _predict_batched(
        [one for one in prepared if isinstance(one, Prepared) and one.features is not None],
        model,
    )
    results: list[ScoredChunk | TitanicBatchError] = []
    for one in prepared:
        if isinstance(one, TitanicBatchError):
            results.append(one)
            continue
        try:
            if one.features is None:
                results.append(finish(one, None))
            elif predictions is None:
                results.append(_score_one(one, one.features, model))
            else:
                results.append(finish(one, predictions.pop(0)))
        except TitanicBatchError as exc:
            results.append(exc)
    return results


def _score_one(prepared: Prepared, features: Sequence[Column], model: _Model) -> ScoredChunk:
    context = prepared.context
    predictions, failed = _predict_one(prepared, features, model)
    tried = 0
    if context.trial and not model.info.known_by_row and predictions is not None:
        good = np.delete(np.arange(prepared.row_count), [at for at, _ in failed])
        tried = _try(prepared, features, predictions, good, model)
    return finish(prepared, predictions, failed, rows_tried=tried)


def _predict_one(
    prepared: Prepared, features: Sequence[Column], model: _Model
) -> tuple[Predictions | None, list[tuple[int, str]]]:
    """Return what the model says of a chunk's rows, and on which of them it fails, saying what.

    Where more fail than may, the others are not predicted: nothing will be published.
    """
    try:
        return _predictor(prepared.context, model).predict(features), []
    except TitanicBatchError:
        raise
    except Exception as exc:  # a model may raise anything
        if is_out_of_memory(exc):
            raise MemoryError from exc
        return _predict_others(prepared, features, model, exc)


def _predict_others(
    prepared: Prepared, features: Sequence[Column], model: _Model, error: Exception
) -> tuple[Predictions | None, list[tuple[int, str]]]:
    """Find the rows on which the model raises, and predict the others."""
    context, count = prepared.context, prepared.row_count
    predictor = _predictor(context, model)
    most = most_failing(count, count=context.max_rejects, share=context.max_reject_share)
    try:
        found = failing_rows(
            lambda rows: predictor.predict([c[rows.start : rows.stop] for c in features]),
            count,
            error,
            most,
        )
        failed = [(at, described(exc)) for at, exc in found]
        if len(found) <= most and len(found) < count:
            good = np.delete(np.arange(count), [at for at, _ in found])
            return predictor.predict([column[good] for column in features]), failed
    except TogetherError:
        raise _fails(prepared, error, "the model fails on it") from error
    except TitanicBatchError:
        raise
    except Exception as exc:  # on rows of which it fails on none alone
        if is_out_of_memory(exc):
            raise MemoryError from exc
        raise _fails(prepared, exc, "the model fails on it") from exc
    if len(found) > most and context.max_reject_share:
        raise _fails(prepared, found[-1][1], f"the model fails on more than {most:,} rows")
    return None, failed


def _predictor(context: FileContext, model: _Model, *, caches: bool = True) -> Predictor:
    """Return what predicts the rows of a file's chunks."""
    if model.plan is not None and not context.whole:
        return CompiledPredictor(
            model.plan, model.info, lambda: _model_itself(context, model), context.threshold
        )
    return _model_itself(context, model, caches=caches)


def _model_itself(context: FileContext, model: _Model, *, caches: bool = False) -> Predictor:
    from titanic_batch.predict.null_groups import InNullGroups  # imports pandas
    from titanic_batch.predict.sklearn_predictor import SklearnPredictor  # imports scikit-learn

    lazy = model.estimator if isinstance(model.estimator, LazyEstimator) else None
    predictor: Predictor = SklearnPredictor(
        estimator=model.estimator if lazy is None else lazy.get(),
        info=model.info,
        alignment=context.alignment,
        threshold=context.threshold,
        cache=context.cache if caches else None,
        code=model.code,
        whole=context.whole,
    )
    if not context.whole:  # else a row's score may depend on those beside it
        predictor = InNullGroups(predictor, context.alignment)
    return predictor if lazy is None else InTurn(predictor, lazy.lock)


def _try(
    prepared: Prepared,
    features: Sequence[Column],
    predictions: Predictions,
    good: npt.NDArray[np.intp],
    model: _Model,
) -> int:
    """Try the model on some of the rows that it has scored, and return how many.

    Raises:
        RowDependenceError: if a score depends on the rows beside its own.
    """
    from titanic_batch.predict.row_trial import try_rows  # imports pandas

    context = prepared.context
    scored = decoded([column[good] for column in features])

    predictor = _predictor(context, model, caches=False)

    def predict(rows: npt.NDArray[np.intp]) -> Predictions:
        return predictor.predict([column[rows] for column in scored])

    trial = try_rows(predict, scored, predictions, has_threshold=context.threshold is not None)
    if trial.moved:
        rows = [prepared.record_number(int(good[at])) for at in trial.moved]
        shown = ", ".join(f"{row:,}" for row in rows[:_SHOWN_ROWS])
        more = f" and {len(rows) - _SHOWN_ROWS:,} more" if len(rows) > _SHOWN_ROWS else ""
        raise RowDependenceError(
            "the model's score of a row depends on the rows beside it, or on what it was asked "
            f"before: row{'s' if len(rows) > 1 else ''} {shown}{more} ({trial.shown})",
            where=context.input,
            hint="Let the model use what it learned in training only, or accept scores that "
            "depend on how the input is cut into chunks with --allow-batch-dependence.",
        )
    return trial.rows


def _fails(prepared: Prepared, exc: Exception, what: str) -> DataError:
    first = prepared.chunk.first_row
    said = described(exc)
    error = DataError(
        f"{what}: {said}",
        where=f"{prepared.context.input}, rows {first} to {first + prepared.chunk.row_count - 1}",
        hint="See what it is fed with `titanic-batch check`.",
    )
    error.logged_message = f"{what}: {said.partition(':')[0]}"  # its own words may quote a cell
    return error


def _predict_batched(prepared: list[Prepared], model: _Model) -> list[Predictions] | None:
    """Predict several chunks' rows at once; None if they can't be batched or the model fails."""
    estimator, info = model.estimator, model.info
    if model.plan is not None:
        return None  # a call costs next to nothing
    from titanic_batch.predict.frame import model_input
    from titanic_batch.predict.null_groups import null_groups
    from titanic_batch.predict.sklearn_predictor import predict, predict_each

    if len(prepared) < 2 or not info.batchable:
        return None
    if any(one.context.whole or one.context.trial for one in prepared):
        return None
    parts = [decoded(one.features or ()) for one in prepared]
    first = prepared[0].context
    types = [column.dtype for column in parts[0]]
    if any([column.dtype for column in part] != types for part in parts):
        return None  # joining them would convert some
    if any(one.context.threshold != first.threshold for one in prepared):
        return None
    counts = [one.row_count for one in prepared]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    if len(null_groups(first.alignment, columns)) > 1:
        return None
    try:
        frame = model_input(first.alignment, columns)
        if not info.independent_rows:
            return predict_each(estimator, frame, counts, info, first.threshold)
        batched = predict(estimator, frame, info, first.threshold)
    except Exception as exc:
        if is_out_of_memory(exc):
            raise MemoryError from exc
        return None  # whose rows it were is found out one by one
    return _split(batched, counts)


def _split(batched: Predictions, counts: list[int]) -> list[Predictions]:
    bounds = np.cumsum(counts)[:-1]
    labels = np.split(batched.labels, bounds)
    if batched.probabilities is None:
        return [Predictions(part, None) for part in labels]
    probabilities = np.split(batched.probabilities, bounds)
    return [Predictions(*part) for part in zip(labels, probabilities, strict=True)]
