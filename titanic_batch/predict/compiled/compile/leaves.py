"""Read fitted trees, and what each leaf's path asks of the derived columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from titanic_batch.predict.compiled.compile.estimators import (
    BOOSTERS,
    FORESTS,
    HISTOGRAMS,
    SINGLE_TREES,
)
from titanic_batch.predict.compiled.compile.walk import NotCompilableError
from titanic_batch.predict.compiled.plan import Floats, Op
from titanic_batch.schema.derive.exact import exact_class

_BITSET_BITS = 32


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One fitted tree, its arrays of shape (n_nodes,).

    Attributes:
        feature: Which derived column a node looks at.
        threshold: A value up to it goes left.
        left: The node on the left; -1 for leaves.
        right: The node on the right.
        null_left: Whether a null goes left.
        category_sets: Of nodes that ask for categories: which codes go left, and which are known;
            others go where nulls do.
        values: What a leaf adds, shape (n_nodes, n_outputs).
        output: The one output to which it adds; None for all.
    """

    feature: npt.NDArray[np.intp]
    threshold: Floats
    left: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]
    null_left: npt.NDArray[np.bool_]
    category_sets: dict[int, tuple[frozenset[int], frozenset[int]]]
    values: Floats
    output: int | None

    @property
    def leaf_count(self) -> int:
        """How many leaves it has."""
        return int((self.left < 0).sum())


@dataclass(frozen=True, kw_only=True)
class Forest:
    """All trees of a model.

    Attributes:
        trees: They, those of one output side by side.
        bases: What each output's sum begins with.
        divisor: What it is divided by.
        is_float32: Whether they look at numbers as float32.
    """

    trees: tuple[Tree, ...]
    bases: tuple[float, ...]
    divisor: float
    is_float32: bool

    @property
    def rounding(self) -> tuple[Op, ...]:
        """The last step of a number's way to a comparison."""
        return (("float32",),) if self.is_float32 else ()


def forest_of(estimator: Any) -> Forest:
    """Read the trees of a fitted model of one of `estimators.TREES`."""
    name = exact_class(estimator)
    if name in HISTOGRAMS:
        return _histogram_forest(estimator)
    if name in BOOSTERS:
        return _booster_forest(estimator)
    single = name in SINGLE_TREES
    members = [estimator] if single else estimator.estimators_
    is_binary_forest = name in FORESTS and len(getattr(estimator, "classes_", ())) == 2
    # Of two classes, the second one's share says all; but a single tree compares them as they are.
    outputs = slice(1, 2) if is_binary_forest else slice(None)
    trees = tuple(
        _sklearn_tree(member.tree_, member.tree_.value[:, 0, outputs], None) for member in members
    )
    count = trees[0].values.shape[1]
    return Forest(trees=trees, bases=(0.0,) * count, divisor=float(len(trees)), is_float32=True)


def _booster_forest(estimator: Any) -> Forest:
    if estimator.init is not None and not isinstance(estimator.init, str):
        raise NotCompilableError("its init is an estimator")
    zeros = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    bases = estimator._raw_predict_init(zeros).reshape(-1)
    # The exponential loss takes half of the log odds for its sums.
    factor = 2.0 if getattr(estimator, "loss", "") == "exponential" else 1.0
    scale = factor * estimator.learning_rate
    trees = tuple(
        _sklearn_tree(member.tree_, scale * member.tree_.value[:, 0, :], output)
        for output in range(estimator.estimators_.shape[1])
        for member in estimator.estimators_[:, output]
    )
    return Forest(
        trees=trees,
        bases=tuple((factor * bases).tolist()),
        divisor=1.0,
        is_float32=True,
    )


def _histogram_forest(estimator: Any) -> Forest:
    known, places = estimator._bin_mapper.make_known_categories_bitsets()
    bases = np.asarray(estimator._baseline_prediction, dtype=np.float64).reshape(-1)
    trees = tuple(
        _histogram_tree(stage[output], output, known, places)
        for output in range(estimator.n_trees_per_iteration_)
        for stage in estimator._predictors
    )
    return Forest(trees=trees, bases=tuple(bases.tolist()), divisor=1.0, is_float32=False)


def _sklearn_tree(tree: Any, values: Floats, output: int | None) -> Tree:
    return Tree(
        feature=tree.feature.astype(np.intp),
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        null_left=tree.missing_go_to_left.astype(bool),
        category_sets={},
        values=values,
        output=output,
    )


def _histogram_tree(predictor: Any, output: int, known: Any, places: Any) -> Tree:
    nodes = predictor.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    asks = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~is_leaf)
    sets = {
        int(node): (
            _members(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]),
            _members(known[places[nodes["feature_idx"][node]]]),
        )
        for node in asks
    }
    return Tree(
        feature=nodes["feature_idx"].astype(np.intp),
        threshold=nodes["num_threshold"],
        left=np.where(is_leaf, -1, nodes["left"].astype(np.intp)),
        right=nodes["right"].astype(np.intp),
        null_left=nodes["missing_go_to_left"].astype(bool),
        category_sets=sets,
        values=nodes["value"].astype(np.float64)[:, None],
        output=output,
    )


def _members(words: Any) -> frozenset[int]:
    """Return the numbers in a set of bits, which is held in 32-bit words."""
    return frozenset(
        at
        for at in range(len(words) * _BITSET_BITS)
        if words[at // _BITSET_BITS] >> (at % _BITSET_BITS) & 1
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the path to a leaf asks of one derived column.

    Attributes:
        above: The greatest threshold that the value has to be above.
        up_to: The smallest that it must not be above.
        null: Whether a null comes this way.
        sets: Categories' questions on the way: (node, whether it goes left).
    """

    above: float = -np.inf
    up_to: float = np.inf
    null: bool = True
    sets: tuple[tuple[int, bool], ...] = ()

    def split(self, threshold: float, *, null_left: bool) -> tuple[Wanted, Wanted]:
        """Return what is asked on the left and on the right of a node."""
        left = Wanted(self.above, min(self.up_to, threshold), self.null and null_left, self.sets)
        right = Wanted(
            max(self.above, threshold), self.up_to, self.null and not null_left, self.sets
        )
        return left, right


def leaf_paths(tree: Tree) -> Iterator[tuple[int, dict[int, Wanted]]]:
    """Yield each leaf from left to right, with what its path asks, by derived column."""
    stack: list[tuple[int, dict[int, Wanted]]] = [(0, {})]
    left, right = tree.left.tolist(), tree.right.tolist()
    features, null_left = tree.feature.tolist(), tree.null_left.tolist()
    # `x <= NaN` is never true: all go right.
    thresholds = np.where(np.isnan(tree.threshold), -np.inf, tree.threshold).tolist()
    while stack:
        node, path = stack.pop()
        if left[node] < 0:
            yield node, path
            continue
        feature, threshold = features[node], thresholds[node]
        before = path.get(feature, Wanted())
        if node in tree.category_sets:
            to_left = replace(before, sets=(*before.sets, (node, True)))
            to_right = replace(before, sets=(*before.sets, (node, False)))
        else:
            to_left, to_right = before.split(threshold, null_left=null_left[node])
        stack.append((right[node], {**path, feature: to_right}))
        stack.append((left[node], {**path, feature: to_left}))


def takes(tree: Tree, wanted: Wanted, values: Floats) -> npt.NDArray[np.bool_]:
    """Tell which values of a derived column come to a leaf, shape (n_values,)."""
    null = np.isnan(values)
    taken: npt.NDArray[np.bool_] = np.where(
        null, wanted.null, (values > wanted.above) & ~(values > wanted.up_to)
    )
    for node, goes_left in wanted.sets:
        taken &= _goes_left(tree, node, values) == goes_left
    return taken


def _goes_left(tree: Tree, node: int, values: Floats) -> npt.NDArray[np.bool_]:
    lefts, known = tree.category_sets[node]
    null_left = bool(tree.null_left[node])
    codes = np.nan_to_num(values, nan=-1.0).astype(np.int64).tolist()
    known |= lefts
    return np.array([code in lefts if code in known else null_left for code in codes])
