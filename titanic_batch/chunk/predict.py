"""Ask an estimator for labels and probabilities, with its preprocessing done once."""

# ruff: noqa: E402

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from titanic_batch.chunk.memory import require_room

require_room()  # before the first import of scikit-learn, here and in `independence`
from sklearn.utils import _safe_indexing

from titanic_batch.chunk.distinct import distinct_rows, is_worth_sorting_for
from titanic_batch.chunk.independence import PIPELINE, independence_of
from titanic_batch.chunk.kept import FEWEST_ROWS, KeptRows, rows_to_ask
from titanic_batch.chunk.predictions import ModelInfo, Predictions, joined, taken
from titanic_batch.errors import ModelError
from titanic_batch.models.calling import model_code
from titanic_batch.schema.derive.exact import exact_class

#: scikit-learn classifiers whose `predict` is, by their own code, the class of the largest
#: `predict_proba`; asking for both would do the work twice. Ties are asked of `predict`.
_ARGMAX_CLASSIFIERS = frozenset(
    {
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
    }
)


def model_info(estimator: Any) -> ModelInfo:
    """Find out what an estimator answers with.

    Raises:
        ModelError: if it predicts several outputs at once.
    """
    classes = getattr(estimator, "classes_", None)
    known = independence_of(estimator)
    rows = {
        "independent_rows": known.rows,
        "independent_steps": known.steps,
        "known_by_row": known.by_row,
    }
    if classes is None or not len(classes):  # none at all: CatBoost's regressors
        return ModelInfo(classes=None, has_probability=False, label_type=pa.float64(), **rows)
    if isinstance(classes, list):
        raise _several_outputs()
    values = np.asarray(classes)
    label_type = {"i": pa.int64(), "u": pa.int64(), "b": pa.bool_(), "f": pa.float64()}.get(
        values.dtype.kind, pa.string()
    )
    return ModelInfo(
        classes=tuple(values.tolist()),
        has_probability=hasattr(estimator, "predict_proba"),
        label_type=label_type,
        **rows,
    )


@model_code()
def predict(
    estimator: Any,
    features: Any,
    facts: ModelInfo,
    threshold: float | None = None,
    kept: KeptRows | None = None,
    *,
    whole: bool = False,
) -> Predictions:
    """Predict a batch of rows, some at a time, so that a run that is killed loses little.

    How many is always the same where it may move the last bit, so that every run asks alike.

    Args:
        estimator: The fitted model.
        features: Frame or array of shape (n_rows, n_features), n_rows > 0.
        facts: What `model_info` said of it.
        threshold: For binary classifiers: the label is `classes_[1]` where its probability is at
            least this, else `classes_[0]`.
        kept: What an earlier run has predicted of them, and takes what this one does.
        whole: Ask for all rows at once, for the model may look from one at another.

    Raises:
        ModelError: if it predicts several outputs at once.
    """
    count, start = len(features), 0
    rows = count if whole else FEWEST_ROWS
    final: Any = None
    inputs: Any = None
    preprocessing_s = 0.0
    parts: list[Predictions] = []
    while start < count:
        part = kept.recall(start, count - start) if kept is not None else None
        if part is None:
            began = time.perf_counter()
            if final is None:
                final, inputs = _preprocessed(estimator, features)
                preprocessing_s = (time.perf_counter() - began) / count
            span = slice(start, min(start + rows, count))
            asked = time.perf_counter()
            some = inputs if span == slice(0, count) else _safe_indexing(inputs, span)
            sorts = facts.independent_rows and is_worth_sorting_for(final)
            ask = _ask_once if sorts else _ask
            part = ask(estimator, final, some, facts, threshold)
            if len(part.labels) != span.stop - span.start:
                raise ModelError(
                    f"asked about {span.stop - span.start:,} rows, the model answers with "
                    f"{len(part.labels):,} predictions",
                    hint="It must answer with one for each row.",
                )
            seconds = time.perf_counter() - asked
            if kept is not None:
                kept.keep(start, part, seconds + preprocessing_s * len(part.labels))
            if facts.independent_rows and not whole:
                rows = rows_to_ask(len(part.labels), seconds)
        parts.append(part)
        start += len(part.labels)
    return joined(parts)


@model_code()
def predict_each(
    estimator: Any,
    features: Any,
    counts: Sequence[int],
    facts: ModelInfo,
    threshold: float | None = None,
) -> list[Predictions]:
    """Predict several batches as `predict` does each, with their preprocessing done at once.

    Only where `facts.independent_steps`.

    Args:
        estimator: The fitted model.
        features: The batches one below the other, shape (n_rows, n_features).
        counts: How many rows each has; together n_rows.
        facts: What `model_info` said of it.
        threshold: See `predict`.
    """
    final, inputs = _preprocessed(estimator, features)
    predictions = []
    start = 0
    for count in counts:
        stop = start + count
        spans = [slice(at, min(at + FEWEST_ROWS, stop)) for at in range(start, stop, FEWEST_ROWS)]
        parts = [
            _ask(estimator, final, _own_rows(inputs, span), facts, threshold) for span in spans
        ]
        predictions.append(joined(parts))
        start = stop
    return predictions


def _own_rows(inputs: Any, span: slice) -> Any:
    """Return some rows, laid out in memory as if they had been made alone."""
    rows = _safe_indexing(inputs, span)
    return rows.copy(order="K") if isinstance(rows, np.ndarray) else rows.copy()


def _ask_once(
    estimator: Any, final: Any, inputs: Any, facts: ModelInfo, threshold: float | None
) -> Predictions:
    """Ask about each distinct row once; only where rows are independent."""
    found = distinct_rows(inputs)
    if found is None:
        return _ask(estimator, final, inputs, facts, threshold)
    rows, answers = found
    return taken(_ask(estimator, final, _safe_indexing(inputs, rows), facts, threshold), answers)


def _ask(
    estimator: Any, final: Any, inputs: Any, facts: ModelInfo, threshold: float | None
) -> Predictions:
    """Ask a model's last step."""
    if not facts.has_probability:
        return Predictions(_labels(final, inputs), None)
    probabilities = np.asarray(final.predict_proba(inputs), dtype=np.float64)
    classes = np.asarray(estimator.classes_)
    if threshold is not None:
        labels = classes[(probabilities[:, 1] >= threshold).astype(np.intp)]
    elif exact_class(final) in _ARGMAX_CLASSIFIERS:
        labels = _most_probable(final, inputs, probabilities)
    else:
        labels = _labels(final, inputs)
    return Predictions(labels, probabilities)


def _labels(final: Any, inputs: Any) -> npt.NDArray[Any]:
    """Return the predictions, shape (n_rows,); some regressors give a column of them."""
    answer = final.predict(inputs)
    if isinstance(answer, np.ma.MaskedArray):
        answer = [None if value is np.ma.masked else value for value in answer]
    labels = np.asarray(answer)
    if labels.dtype == object:
        labels = labels.copy()
        labels[np.asarray(pd.isna(labels))] = None  # NaN and NA, too, are no answer
    if labels.ndim > 1 and labels.shape[1:] != (1,):
        raise _several_outputs()
    return labels.reshape(-1)


def _several_outputs() -> ModelError:
    return ModelError(
        "the model predicts several outputs at once, which is not supported",
        hint="Save one model per output.",
    )


def _most_probable(
    final: Any, inputs: Any, probabilities: npt.NDArray[np.float64]
) -> npt.NDArray[Any]:
    labels = np.asarray(final.classes_).take(np.argmax(probabilities, axis=1))
    largest = probabilities.max(axis=1, keepdims=True)
    tied = np.flatnonzero((probabilities == largest).sum(axis=1) > 1)
    if tied.size:
        labels[tied] = final.predict(_safe_indexing(inputs, tied))
    result: npt.NDArray[Any] = labels
    return result


def _preprocessed(estimator: Any, features: Any) -> tuple[Any, Any]:
    """Run a plain Pipeline's transformers once; return its last step and what that is fed."""
    if exact_class(estimator) != PIPELINE or len(estimator.steps) < 2:
        return estimator, features
    for _, _, transformer in estimator._iter(with_final=False):
        features = transformer.transform(features)
    return _preprocessed(estimator.steps[-1][1], features)
