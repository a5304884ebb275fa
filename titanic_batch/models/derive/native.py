"""Categories that gradient boosting libraries know without an encoder before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from titanic_batch.models.derive.categories import category_use
from titanic_batch.models.derive.slots import Ledger, Slot, Use, null_at

#: Position of a column, its categories, and the dtype to feed it with where the values don't say.
_Native = tuple[int, Sequence[Any], str | None]


def note_native(step: Any, slots: Sequence[Slot], ledger: Ledger) -> bool:
    """Record the uses of an estimator with categorical columns of its own; False if it has none."""
    natives = {i: (values, dtype) for i, values, dtype in _natives(step)}
    if not natives:
        return False
    for i, slot in enumerate(slots):
        if slot.column is None:
            continue
        if i not in natives or slot.changed:
            # All of these let a null pass in a column that never had one.
            ledger.note(slot, Use(kind="number", null=null_at(slot, tolerant=True)))
            continue
        values, dtype = natives[i]
        # An unknown value is scored like a null: nothing in training stands for it.
        use, none_is_null = category_use(
            values, imputed=slot.imputed, accepts_unknown=False, dtype=dtype
        )
        ledger.note(slot, use)
        if none_is_null and dtype is None:
            ledger.none_columns.add(slot.column)
    return True


def _natives(step: Any) -> Iterator[_Native]:
    if getattr(step, "is_categorical_", None) is not None:
        yield from _hist_gradient_boosting(step)
    elif hasattr(step, "booster_"):
        yield from _lightgbm(step)
    elif hasattr(step, "get_booster"):
        yield from _xgboost(step)


def _hist_gradient_boosting(step: Any) -> Iterator[_Native]:
    encoder = step._preprocessor.named_transformers_["encoder"]
    dtype = "category" if step.categorical_features == "from_dtype" else None
    positions = [i for i, native in enumerate(step.is_categorical_) if native]
    for i, values in zip(positions, encoder.categories_, strict=True):
        yield i, values, dtype


def _lightgbm(step: Any) -> Iterator[_Native]:
    booster = step.booster_
    positions = _lightgbm_positions(booster)
    by_dtype = booster.pandas_categorical or []
    if len(by_dtype) == len(positions):
        for i, values in zip(positions, by_dtype, strict=True):
            yield i, values, "category"
        return
    # Whole numbers that the caller declared to be categories: the trees name those they know.
    infos = booster.dump_model(num_iteration=1)["feature_infos"]
    for i in positions:
        known = infos.get(booster.feature_name()[i], {}).get("values", [])
        yield i, sorted(value for value in known if value >= 0), "int64"


def _lightgbm_positions(booster: Any) -> list[int]:
    # The parameters are part of the model's text, so they outlive pickling.
    for line in booster.model_to_string(num_iteration=1).splitlines():
        if line.startswith("[categorical_feature:"):
            text = line.partition(":")[2].strip(" ]")
            return [int(part) for part in text.split(",") if part]
    return []


def _xgboost(step: Any) -> Iterator[_Native]:
    booster = step.get_booster()
    types = booster.feature_types or []
    if "c" not in types or not hasattr(booster, "get_categories"):
        return
    for i, (_, values) in enumerate(booster.get_categories(export_to_arrow=True).to_arrow()):
        if values is not None:
            yield i, values.to_pylist(), "category"
