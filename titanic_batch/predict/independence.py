"""Does a model predict each row on its own?

To the last bit: these look things up, compare, and add row by row. A matrix product may sum in
another order for another number of rows, so most models do as far as mathematics goes, and no
further. Whatever is not known to do either is tried (`predict/row_trial.py`).

Only scikit-learn's own code is known (`models/exact.py`), all through the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_array

from titanic_batch.schema.derive.exact import consists_of, exact_class

PIPELINE = "sklearn.pipeline.Pipeline"
_COLUMNS = "sklearn.compose._column_transformer.ColumnTransformer"
_FUNCTION = "sklearn.preprocessing._function_transformer.FunctionTransformer"
_DUMMY = "sklearn.dummy.DummyClassifier"
_TRANSFORMERS = {
    "sklearn.impute._base.SimpleImputer",
    "sklearn.impute._base.MissingIndicator",
    "sklearn.preprocessing._data.Binarizer",
    "sklearn.preprocessing._data.MaxAbsScaler",
    "sklearn.preprocessing._data.MinMaxScaler",
    "sklearn.preprocessing._data.RobustScaler",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing._encoders.OneHotEncoder",
    "sklearn.preprocessing._encoders.OrdinalEncoder",
}
_PREDICTORS = {
    f"{module}.{name}{kind}"
    for kind in ("Classifier", "Regressor")
    for module, name in (
        ("sklearn.ensemble._forest", "RandomForest"),
        ("sklearn.ensemble._forest", "ExtraTrees"),
        ("sklearn.ensemble._hist_gradient_boosting.gradient_boosting", "HistGradientBoosting"),
        ("sklearn.tree._classes", "DecisionTree"),
    )
}
#: Modules whose estimators all predict, or transform, each row by what they learned in training.
_BY_ROW = tuple(
    f"sklearn.{module}."
    for module in (
        *("calibration", "compose", "cross_decomposition", "decomposition._pca"),
        *("decomposition._truncated_svd", "discriminant_analysis", "dummy", "ensemble"),
        *("feature_extraction", "feature_selection", "frozen", "gaussian_process"),
        *("impute._base", "impute._knn", "isotonic", "kernel_approximation", "kernel_ridge"),
        *("linear_model", "model_selection", "multiclass", "naive_bayes", "neighbors"),
        *("neural_network", "pipeline", "preprocessing", "random_projection"),
        *("semi_supervised", "svm", "tree"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Independence:
    """How a fitted model treats rows, as far as that is known; False where it is not.

    Attributes:
        rows: It predicts each row on its own, to the last bit.
        steps: It is a pipeline whose steps, but for the last, treat each row so.
        by_row: It does not look from one row at another.
    """

    rows: bool
    steps: bool
    by_row: bool


def independence_of(estimator: Any) -> Independence:
    """Return what is known of a fitted model."""
    by_row = predicts_by_row(estimator)
    steps = [step for _, step in estimator.steps] if exact_class(estimator) == PIPELINE else []
    return Independence(
        rows=by_row and _is_independent(estimator),
        steps=bool(steps)
        and all(_is_elementwise(step) for step in steps[:-1])
        and (by_row or all(predicts_by_row(step) for step in steps[:-1])),
        by_row=by_row,
    )


def predicts_by_row(estimator: Any) -> bool:
    """Return whether a fitted model, or a step of one, is known to treat each row on its own."""
    return consists_of(estimator, _is_known)


def _is_known(name: str, estimator: Any) -> bool:
    if name == _FUNCTION:  # scikit-learn's own functions too may look at all rows: `scale`
        func = getattr(estimator.func, "func", estimator.func)  # of a functools.partial
        return func is None or func is check_array or isinstance(func, np.ufunc)
    if name == _DUMMY:  # what gradient boosting begins with
        return estimator.strategy not in ("stratified", "uniform")
    return name.startswith(_BY_ROW)


def _is_independent(estimator: Any) -> bool:
    name = exact_class(estimator)
    if name == PIPELINE:
        *steps, (_, last) = estimator.steps
        return all(_is_elementwise(step) for _, step in steps) and _is_independent(last)
    return name in _PREDICTORS


def _is_elementwise(step: Any) -> bool:
    if step is None or isinstance(step, str):  # "passthrough", "drop"
        return True
    name = exact_class(step)
    if name == PIPELINE:
        return all(_is_elementwise(inner) for _, inner in step.steps)
    if name == _COLUMNS:
        return all(_is_elementwise(inner) for _, inner, _ in step.transformers_)
    if name == _FUNCTION:
        return step.func is None  # what a fitted ColumnTransformer makes of "passthrough"
    return name in _TRANSFORMERS
