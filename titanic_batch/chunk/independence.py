"""Does a model predict each row on its own, to the last bit?

Most models do as far as mathematics goes, but a matrix product may sum in another order for
another number of rows. These do not: they look things up, compare, and add row by row.
"""

from __future__ import annotations

from typing import Any

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


def predicts_rows_independently(estimator: Any) -> bool:
    """Tell whether a fitted model is known to predict each row on its own, to the last bit."""
    name = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    if name == "sklearn.pipeline.Pipeline":
        *steps, (_, last) = estimator.steps
        return all(_is_elementwise(step) for _, step in steps) and predicts_rows_independently(last)
    return name in _PREDICTORS


def prepares_rows_independently(estimator: Any) -> bool:
    """Tell whether a fitted model is a pipeline whose steps, but for the last, are known to."""
    name = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    return name == "sklearn.pipeline.Pipeline" and all(
        _is_elementwise(step) for _, step in estimator.steps[:-1]
    )


def _is_elementwise(step: Any) -> bool:
    name = f"{type(step).__module__}.{type(step).__qualname__}"
    if step is None or isinstance(step, str):  # "passthrough", "drop"
        return True
    if name == "sklearn.pipeline.Pipeline":
        return all(_is_elementwise(inner) for _, inner in step.steps)
    if name == "sklearn.compose._column_transformer.ColumnTransformer":
        return all(_is_elementwise(inner) for _, inner, _ in step.transformers_)
    if name == "sklearn.preprocessing._function_transformer.FunctionTransformer":
        return step.func is None  # what a fitted ColumnTransformer makes of "passthrough"
    return name in _TRANSFORMERS
