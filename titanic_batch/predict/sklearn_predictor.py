"""Predict by a fitted estimator: labels and probabilities, with its preprocessing done once."""

# ruff: noqa: E402

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from titanic_batch.predict.memory import require_room

require_room()  # before the first import of scikit-learn, here and in `independence`
from sklearn.base import is_clusterer, is_outlier_detector
from sklearn.utils import _safe_indexing

from titanic_batch.alignment.apply import Column
from titanic_batch.alignment.coded import decoded
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.errors import ModelError
from titanic_batch.models.calling import model_code
from titanic_batch.models.code import LoadedCode
from titanic_batch.predict.base import ModelInfo, Predictions
from titanic_batch.predict.cache import CachedRows, PredictionCache
from titanic_batch.predict.distinct import is_worth_sorting_for, predict_distinct
from titanic_batch.predict.frame import model_input
from titanic_batch.predict.independence import PIPELINE, independence_of
from titanic_batch.predict.pacing import FEWEST_ROWS, Pace
from titanic_batch.schema.derive.exact import exact_class

#: Classifiers whose `predict` calls `predict_proba`, and takes the first of its largest.
_FORESTS = frozenset(
    {
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
    }
)
#: scikit-learn classifiers whose `predict` is, by their own code, the class of the largest
#: `predict_proba`; asking for both would do the work twice. Ties are asked of `predict`, but for
#: forests.
_ARGMAX_CLASSIFIERS = _FORESTS | {
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
}


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
        kind = pa.int64() if _answers_with_numbers_of_groups(estimator) else pa.float64()
        return ModelInfo(classes=None, has_probability=False, label_type=kind, **rows)
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


def _answers_with_numbers_of_groups(estimator: Any) -> bool:
    """Return whether an estimator is a clusterer or an outlier detector: it says 0, 1, or -1."""
    try:
        return bool(is_clusterer(estimator) or is_outlier_detector(estimator))
    except Exception:  # noqa: BLE001  # of a class that is not scikit-learn's
        return False


@dataclass(frozen=True, kw_only=True)
class SklearnPredictor:
    """Predicts by a fitted estimator, some rows at a time; see `Predictor`.

    Attributes:
        estimator: The model.
        info: What `model_info` said of it.
        alignment: How its columns are fed.
        threshold: For binary classifiers: the label is `classes_[1]` where its probability is at
            least this, else `classes_[0]`.
        cache: Where predictions are looked for, and put; None for nowhere.
        code: What the model runs; None to cache nothing.
        whole: Predict all rows at once, for the model may look from one at another.
    """

    estimator: Any
    info: ModelInfo
    alignment: AlignmentPlan
    threshold: float | None = None
    cache: PredictionCache | None = None
    code: LoadedCode | None = None
    whole: bool = False

    def predict(self, columns: Sequence[Column]) -> Predictions:
        """See `Predictor`."""
        columns = decoded(columns)
        cached = None
        if self.cache is not None and self.code is not None:
            cached = self.cache.for_rows(self.alignment, columns, self.info, self.code)
        frame = model_input(self.alignment, columns)
        return predict(self.estimator, frame, self.info, self.threshold, cached, whole=self.whole)


@model_code()
def predict(
    estimator: Any,
    features: Any,
    info: ModelInfo,
    threshold: float | None = None,
    cached: CachedRows | None = None,
    *,
    whole: bool = False,
) -> Predictions:
    """Predict a batch of rows, some at a time, so that a run that is killed loses little.

    How many is always the same where it may move the last bit.

    Args:
        estimator: The fitted model.
        features: Frame or array of shape (n_rows, n_features), n_rows > 0.
        info: What `model_info` said of it.
        threshold: See `SklearnPredictor`.
        cached: What an earlier run has predicted of them, and takes what this one does.
        whole: See `SklearnPredictor`.

    Raises:
        ModelError: if it predicts several outputs at once.
    """
    count, start = len(features), 0
    pace = Pace(rows=count if whole else FEWEST_ROWS, adapts=info.independent_rows and not whole)
    model: _Preprocessed | None = None
    parts: list[Predictions] = []
    while start < count:
        part = cached.get(start, count - start) if cached is not None else None
        if part is None:
            model = model or _preprocessed(estimator, features, info, threshold)
            began = time.perf_counter()
            part = model.predict(slice(start, min(start + pace.rows, count)))
            seconds = time.perf_counter() - began
            if cached is not None:
                cached.put(start, part, seconds + model.seconds_per_row * len(part.labels))
            pace.note(len(part.labels), seconds)
        parts.append(part)
        start += len(part.labels)
    return Predictions.concat(parts)


@model_code()
def predict_each(
    estimator: Any,
    features: Any,
    counts: Sequence[int],
    info: ModelInfo,
    threshold: float | None = None,
) -> list[Predictions]:
    """Predict several batches as `predict` does each, with their preprocessing done at once.

    Only where `info.independent_steps`.

    Args:
        estimator: The fitted model.
        features: The batches one below the other, shape (n_rows, n_features).
        counts: How many rows each has; together n_rows.
        info: What `model_info` said of it.
        threshold: See `SklearnPredictor`.
    """
    model = _preprocessed(estimator, features, info, threshold)
    predictions = []
    start = 0
    for count in counts:
        stop = start + count
        spans = [slice(at, min(at + FEWEST_ROWS, stop)) for at in range(start, stop, FEWEST_ROWS)]
        parts = [model.predict_last(_own_rows(model.inputs, span)) for span in spans]
        predictions.append(Predictions.concat(parts))
        start = stop
    return predictions


def _own_rows(inputs: Any, span: slice) -> Any:
    """Return some rows, laid out in memory as if they had been made alone."""
    rows = _safe_indexing(inputs, span)
    return rows.copy(order="K") if isinstance(rows, np.ndarray) else rows.copy()


@dataclass(frozen=True, kw_only=True)
class _Preprocessed:
    """A model's last step, and what the steps before it made of a batch of rows.

    Attributes:
        estimator: The whole model.
        last: Its last step.
        inputs: What that is fed, n_rows of it.
        row_count: How many rows there are.
        seconds_per_row: How long the steps before it took.
        info: What `model_info` said of the model.
        threshold: See `SklearnPredictor`.
    """

    estimator: Any
    last: Any
    inputs: Any
    row_count: int
    seconds_per_row: float
    info: ModelInfo
    threshold: float | None

    def predict(self, span: slice) -> Predictions:
        """Predict some of the rows, each distinct one once where they are independent."""
        everything = span == slice(0, self.row_count)
        inputs = self.inputs if everything else _safe_indexing(self.inputs, span)
        if self.info.independent_rows and is_worth_sorting_for(self.last):
            found = predict_distinct(self.predict_last, inputs)
        else:
            found = self.predict_last(inputs)
        if len(found.labels) != span.stop - span.start:
            raise ModelError(
                f"asked about {span.stop - span.start:,} rows, the model answers with "
                f"{len(found.labels):,} predictions",
                hint="It must answer with one for each row.",
            )
        return found

    def predict_last(self, inputs: Any) -> Predictions:
        """Predict by the last step."""
        last = self.last
        if not self.info.has_probability:
            return Predictions(_labels(last, inputs), None)
        probabilities = np.asarray(last.predict_proba(inputs), dtype=np.float64)
        classes = np.asarray(self.estimator.classes_)
        if self.threshold is not None:
            labels = classes[(probabilities[:, 1] >= self.threshold).astype(np.intp)]
        elif exact_class(last) in _ARGMAX_CLASSIFIERS:
            labels = _most_probable(last, inputs, probabilities)
        else:
            labels = _labels(last, inputs)
        return Predictions(labels, probabilities)


def _labels(last: Any, inputs: Any) -> npt.NDArray[Any]:
    """Return the predictions, shape (n_rows,); some regressors give a column of them."""
    answer = last.predict(inputs)
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
    last: Any, inputs: Any, probabilities: npt.NDArray[np.float64]
) -> npt.NDArray[Any]:
    labels: npt.NDArray[Any] = np.asarray(last.classes_).take(np.argmax(probabilities, axis=1))
    if exact_class(last) in _FORESTS:
        return labels
    largest = probabilities.max(axis=1, keepdims=True)
    tied = np.flatnonzero((probabilities == largest).sum(axis=1) > 1)
    if tied.size:
        labels[tied] = last.predict(_safe_indexing(inputs, tied))
    return labels


def _preprocessed(
    estimator: Any, features: Any, info: ModelInfo, threshold: float | None
) -> _Preprocessed:
    """Run the transformers of a plain Pipeline once, whatever is then predicted of its rows."""
    began = time.perf_counter()
    last, inputs = _transformed(estimator, features)
    return _Preprocessed(
        estimator=estimator,
        last=last,
        inputs=inputs,
        row_count=len(features),
        seconds_per_row=(time.perf_counter() - began) / len(features),
        info=info,
        threshold=threshold,
    )


def _transformed(estimator: Any, features: Any) -> tuple[Any, Any]:
    """Return a model's last step, and what that is fed."""
    if exact_class(estimator) != PIPELINE or len(estimator.steps) < 2:
        return estimator, features
    for _, _, transformer in estimator._iter(with_final=False):
        features = transformer.transform(features)
    return _transformed(estimator.steps[-1][1], features)
