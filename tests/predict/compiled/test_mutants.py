"""A compiler that makes a mistake is found out when its plan is proven."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.predict.compiled.models import NUMBERS, TEXTS, compiled, passengers, targets
from titanic_batch.predict.compiled.compile import compiling, leaves, trees, walk
from titanic_batch.predict.compiled.proof import NotProvenError

FRAME = passengers(400)


def model(last: Any, numbers: Any) -> Any:
    texts = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    columns = ColumnTransformer(
        [("numbers", numbers, NUMBERS), ("texts", texts, TEXTS)], sparse_threshold=0
    )
    return make_pipeline(columns, last)


FILLED = make_pipeline(SimpleImputer(), StandardScaler())
MODELS = {
    "boosting": model(GradientBoostingClassifier(n_estimators=8, random_state=0), FILLED),
    "nulls": model(HistGradientBoostingClassifier(max_iter=8, random_state=0), StandardScaler()),
    "linear": model(LogisticRegression(max_iter=300), FILLED),
    "three": model(LogisticRegression(max_iter=300), FILLED),
}


def after(room: Any, name: str, change: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Return what makes a function of the compiler give another result."""
    before = getattr(room, name)

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(room, name, lambda *given: change(before(*given)))

    return plant


def _one_tree_less(forest: leaves.Forest) -> leaves.Forest:
    return replace(forest, trees=forest.trees[:-1])


def _mirrored(forest: leaves.Forest) -> leaves.Forest:
    first, *others = forest.trees
    inner = first.left >= 0
    swapped = replace(
        first,
        left=np.where(inner, first.right, -1),
        right=np.where(inner, first.left, first.right),
    )
    return replace(forest, trees=(swapped, *others))


def _nulls_the_other_way(forest: leaves.Forest) -> leaves.Forest:
    return replace(forest, trees=tuple(replace(t, null_left=~t.null_left) for t in forest.trees))


def _last_category_lost(tables: dict[int, Any]) -> dict[int, Any]:
    return {at: np.where(np.arange(len(t))[:, None] == 0, 0.0, t) for at, t in tables.items()}


def _next_threshold(found: Any) -> Any:
    return np.nextafter(found, np.inf)


def _without_bias(body: Any) -> Any:
    return replace(body, bias=np.zeros_like(body.bias))


def _other_fill(columns: list[Any]) -> list[Any]:
    return [
        column
        if column.ops is None
        else replace(
            column, ops=tuple(("fill", op[1] + 1) if op[0] == "fill" else op for op in column.ops)
        )
        for column in columns
    ]


def _null_leaves_open(paths: Iterable[tuple[int, dict[int, leaves.Wanted]]]) -> Any:
    """Open the leaves that only nulls reach, of which no number may be, to all numbers."""
    for leaf, path in paths:
        yield (
            leaf,
            {
                column: replace(wanted, above=-np.inf, up_to=np.inf)
                if wanted.above >= wanted.up_to
                else wanted
                for column, wanted in path.items()
            },
        )


def _not_narrowed(ops: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(op for op in ops if op[0] != "float32")


MUTANTS = {
    "a bin off by one": ("boosting", after(trees, "raw_thresholds", _next_threshold)),
    "nulls on the other branch": ("nulls", after(compiling, "forest_of", _nulls_the_other_way)),
    "left for right": ("boosting", after(compiling, "forest_of", _mirrored)),
    "a category lost": ("boosting", after(compiling, "tables", _last_category_lost)),
    "another imputer's value": ("boosting", after(walk.Walk, "_through_imputer", _other_fill)),
    "float32 left out": (
        "boosting",
        after(trees.Origin, "ops", _not_narrowed),
    ),
    "classes in another order": (
        "three",
        after(compiling, "_classes", lambda classes: classes[::-1].copy()),
    ),
    "bias left out": ("linear", after(compiling, "compile_linear", _without_bias)),
    "a tree dropped": ("boosting", after(compiling, "forest_of", _one_tree_less)),
    "an empty interval": ("nulls", after(trees, "leaf_paths", _null_leaves_open)),
    "scaled twice": (
        "linear",
        after(walk, "_scaler_ops", lambda found: [(*ops, *ops) for ops in found]),
    ),
    "weights of another column": (
        "linear",
        after(
            compiling,
            "compile_linear",
            lambda body: replace(
                body, terms=tuple(replace(t, input=body.terms[0].input) for t in body.terms)
            ),
        ),
    ),
}


def fitted(name: str) -> Any:
    labels = targets(FRAME, 3 if name == "three" else 2)
    if name == "nulls":  # they say the most, so that trees have leaves for them alone
        labels = np.where(FRAME["age"].isna(), FRAME["sibs"] > 2, labels)
    return MODELS[name].fit(FRAME, labels)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_compiled_right_is_proven(name: str) -> None:
    assert compiled(fitted(name)).proof().rows > 2_000


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mistake_of_the_compiler_is_found_out(
    mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, plant = MUTANTS[mutant]
    estimator = fitted(name)
    plant(monkeypatch)
    one = compiled(estimator)
    with pytest.raises(NotProvenError):
        one.proof()
