"""Names and number of the columns that a fitted estimator takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from titanic_batch.schema.derive.through import inner_estimators


def input_names(estimator: Any) -> tuple[str, ...] | None:
    """Return the column names an estimator was trained on, None for a bare array."""
    names = _attribute(estimator, "feature_names_in_")
    if names is not None:
        return tuple(str(name) for name in names)
    # LightGBM and CatBoost, where they have no feature_names_in_; a bare array's are numbered.
    for attribute, unnamed in (("feature_name_", "Column_{}"), ("feature_names_", "{}")):
        names = _attribute(estimator, attribute)
        if names is not None and list(names) != [unnamed.format(i) for i in range(len(names))]:
            return tuple(str(name) for name in names)
    for inner in _first_readers(estimator):
        found = input_names(inner)
        if found is not None:
            return found
    return None


def input_count(estimator: Any) -> int | None:
    """Return the number of columns an estimator was trained on, None where it does not say."""
    count = _attribute(estimator, "n_features_in_")
    if not count:  # CatBoost forgets it when it is pickled, but not the names
        count = len(_attribute(estimator, "feature_names_") or ()) or None
    if count is not None:
        return int(count)
    for inner in _first_readers(estimator):
        found = input_count(inner)
        if found is not None:
            return found
    return None


def takes_texts(estimator: Any) -> bool:
    """Return whether an estimator was trained on a list of texts, which no table can feed."""
    if isinstance(estimator, CountVectorizer | HashingVectorizer):
        return True
    return any(takes_texts(inner) for inner in _first_readers(estimator))


def underscores(estimator: Any, names: tuple[str, ...] | None) -> bool:
    """Return whether LightGBM gave an estimator its columns' names: it writes `_` for a space."""
    if names is None:
        return False
    own = _attribute(estimator, "feature_name_")
    if own is not None and _attribute(estimator, "booster_") is not None:
        return tuple(own) == names
    return any(underscores(inner, names) for inner in _first_readers(estimator))


def _first_readers(estimator: Any) -> Iterator[Any]:
    """Yield the fitted estimators inside that see the input as it comes."""
    if isinstance(estimator, Pipeline):
        for _, step in estimator.steps:
            if step is None or isinstance(step, str):
                continue
            yield step
            if not _is_identity(step):
                return
    elif isinstance(estimator, FeatureUnion):
        yield from (step for _, step in estimator.transformer_list if not isinstance(step, str))
    else:
        yield from inner_estimators(estimator) or ()


def _is_identity(step: Any) -> bool:
    # FunctionTransformer() is often a placeholder, and learns no names.
    return type(step).__name__ == "FunctionTransformer" and step.func is None


def _attribute(estimator: Any, name: str) -> Any:
    # Some of these are properties that raise until the estimator knows them.
    try:
        return getattr(estimator, name, None)
    except (ValueError, TypeError):
        return None
