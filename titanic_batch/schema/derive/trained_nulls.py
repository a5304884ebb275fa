"""Find the columns in which a fitted tree model met nulls: each library leaves other traces."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import numpy as np
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.tree import BaseDecisionTree


def trained_nulls(step: Any) -> frozenset[int]:
    """Return the positions of the columns in which an estimator met nulls when it was fitted.

    Only where the fitted model shows it: one that was trained on filled ages takes a null age as
    well, and scores it as something that its author never meant.
    """
    try:
        return frozenset(_find(step))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return frozenset()  # kept elsewhere by another version: no trace, no promise


def _find(step: Any) -> set[int]:
    if isinstance(step, BaseDecisionTree):
        return _in_trees([step])
    if isinstance(step, BaseForest):
        return _in_trees(step.estimators_)
    if isinstance(step, BaseHistGradientBoosting):
        return _in_boosted_trees(step)
    if hasattr(step, "booster_"):
        return _in_lightgbm(step)
    if hasattr(step, "get_booster"):
        return _in_xgboost(step)
    if hasattr(step, "_get_nan_treatments"):  # CatBoost: AsIs where there was none
        return {i for i, how in step._get_nan_treatments().items() if how != "AsIs"}
    return set()


def _in_trees(trees: list[Any]) -> set[int]:
    # Where no null comes by, scikit-learn sends nulls to the larger side. A branch that sends them
    # to the smaller one has met some.
    found: set[int] = set()
    for one in trees:
        tree = one.tree_
        inner = np.flatnonzero(tree.children_left >= 0)
        rows = tree.n_node_samples
        larger = rows[tree.children_left[inner]] > rows[tree.children_right[inner]]
        odd = inner[tree.missing_go_to_left[inner].astype(bool) != larger]
        found.update(tree.feature[odd].tolist())
    return found


def _in_boosted_trees(step: Any) -> set[int]:
    found: set[int] = set()  # the same as in a single tree
    for predictor in (one for iteration in step._predictors for one in iteration):
        nodes = predictor.nodes
        inner = nodes[nodes["is_leaf"] == 0]
        larger = nodes["count"][inner["left"]] > nodes["count"][inner["right"]]
        odd = inner[inner["missing_go_to_left"].astype(bool) != larger]
        found.update(odd["feature_idx"].tolist())
    return _before_encoding(step, found)


def _before_encoding(step: Any, positions: set[int]) -> set[int]:
    """Return positions among the columns as they came: its own encoder puts categories first."""
    native = step.is_categorical_
    if native is None:
        return positions
    came = [*np.flatnonzero(native).tolist(), *np.flatnonzero(~np.asarray(native)).tolist()]
    return {came[i] for i in positions}


def _in_lightgbm(step: Any) -> set[int]:
    # decision_type's third and fourth bit say how a branch takes nulls: 2 where it has met NaN.
    found: set[int] = set()
    columns: list[str] = []
    for line in step.booster_.model_to_string().splitlines():
        name, _, values = line.partition("=")
        if name == "split_feature":
            columns = values.split()
        elif name == "decision_type":
            found.update(
                int(column)
                for column, kind in zip(columns, values.split(), strict=True)
                if int(kind) >> 2 & 3 == 2
            )
    return found


def _in_xgboost(step: Any) -> set[int]:
    # Every branch of a column that never held a null sends nulls the same way.
    if not np.isnan(step.missing):
        return set()  # another number stood for a null
    model = json.loads(step.get_booster().save_raw("json"))["learner"]["gradient_booster"]
    trees = (model.get("gbtree") or model)["model"]["trees"]
    ways: defaultdict[int, set[int]] = defaultdict(set)
    for tree in trees:
        kinds = tree.get("split_type") or [0] * len(tree["left_children"])
        branches = zip(
            tree["left_children"], tree["split_indices"], tree["default_left"], kinds, strict=True
        )
        for child, column, way, kind in branches:
            if child >= 0 and kind == 0:  # of its own categories, none is known
                ways[column].add(int(way))
    return {column for column, found in ways.items() if len(found) > 1}
