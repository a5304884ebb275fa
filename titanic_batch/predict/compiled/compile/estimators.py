"""What is compiled of scikit-learn's last steps: which parts they are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from titanic_batch.predict.compiled.compile.walk import NotCompilableError
from titanic_batch.predict.compiled.plan import Link
from titanic_batch.schema.derive.exact import exact_class

_LINEAR = "sklearn.linear_model."
#: Linear models, by class, and their link with two classes and with more.
LINEAR: dict[str, tuple[Link, Link]] = {
    f"{_LINEAR}_logistic.LogisticRegression": ("logistic", "softmax"),
    f"{_LINEAR}_stochastic_gradient.SGDClassifier": ("logistic", "normalized"),
    f"{_LINEAR}_base.LinearRegression": ("value", "value"),
    f"{_LINEAR}_ridge.Ridge": ("value", "value"),
    f"{_LINEAR}_coordinate_descent.Lasso": ("value", "value"),
    f"{_LINEAR}_coordinate_descent.ElasticNet": ("value", "value"),
    f"{_LINEAR}_stochastic_gradient.SGDRegressor": ("value", "value"),
    "sklearn.svm._classes.LinearSVC": ("decision", "decision"),
    "sklearn.svm._classes.LinearSVR": ("value", "value"),
}
_HISTOGRAM = "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoosting"
HISTOGRAMS = {f"{_HISTOGRAM}Classifier", f"{_HISTOGRAM}Regressor"}
BOOSTERS = {f"sklearn.ensemble._gb.GradientBoosting{kind}" for kind in ("Classifier", "Regressor")}
SINGLE_TREES = {f"sklearn.tree._classes.DecisionTree{kind}" for kind in ("Classifier", "Regressor")}
FORESTS = {
    f"sklearn.ensemble._forest.{name}{kind}"
    for name in ("RandomForest", "ExtraTrees")
    for kind in ("Classifier", "Regressor")
}
TREES = HISTOGRAMS | BOOSTERS | SINGLE_TREES | FORESTS


def link_of(estimator: Any) -> Link:
    """Return what turns a last step's sums into predictions.

    Raises:
        NotCompilableError: if it is none that is compiled.
    """
    name = exact_class(estimator)
    classes = getattr(estimator, "classes_", None)
    count = 0 if classes is None else len(classes)
    coefficients = getattr(estimator, "coef_", np.zeros(1))
    several = not count and coefficients.ndim > 1 and len(coefficients) > 1
    if several or getattr(estimator, "n_outputs_", 1) != 1:
        raise NotCompilableError("it predicts several outputs")
    if count == 1:
        raise NotCompilableError("it knows one class only")
    if name in LINEAR:
        loss = getattr(estimator, "loss", "")
        if name.endswith("SGDClassifier") and loss != "log_loss":
            if loss == "modified_huber":  # its probabilities are of another kind
                raise NotCompilableError(f"its loss, {loss}, is not compiled")
            return "decision"
        return LINEAR[name][count > 2]
    if name in HISTOGRAMS | BOOSTERS:
        if not count:
            loss = estimator._loss.link
            return _link_of_loss(type(loss).__name__)
        return "softmax" if count > 2 else "logistic"
    if name in FORESTS | SINGLE_TREES:
        return "share" if count else "value"
    raise NotCompilableError(f"{type(estimator).__name__} is not compiled")


def _link_of_loss(name: str) -> Link:
    if name == "IdentityLink":
        return "value"
    if name == "LogLink":
        return "exp"
    raise NotCompilableError(f"its loss's {name} is not compiled")
