"""Categories that gradient boosting libraries know without an encoder before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from titanic_batch.schema.derive.categories import category_use
from titanic_batch.schema.derive.slots import Ledger, NullUse, Slot, Use, null_at
from titanic_batch.schema.derive.trained_nulls import trained_nulls

#: Position of a column, its categories, and the dtype to feed it with where the values don't say.
_Native = tuple[int, Sequence[Any], str | None]


def note_native(step: Any, slots: Sequence[Slot], ledger: Ledger) -> bool:
    """Record the uses of an estimator with categorical columns of its own; False if it has none."""
    if hasattr(step, "get_cat_feature_indices"):
        return _note_catboost(step, slots, ledger)
    natives = {i: (values, dtype) for i, values, dtype in _natives(step)}
    if not natives:
        return False
    met = trained_nulls(step)
    for i, slot in enumerate(slots):
        if slot.column is None:
            continue
        if i not in natives or slot.changed:
            # All of these let a null pass in a column that never had one.
            null: NullUse = "handled" if i in met else null_at(slot, tolerant=True)
            ledger.note(slot, Use(kind="number", null=null))
            continue
        values, dtype = natives[i]
        # An unknown value is scored like a null: nothing in training stands for it.
        ledger.note(
            slot,
            category_use(
                values,
                imputed=slot.imputed or i in met,
                accepts_unknown=False,
                dtype=dtype,
                # Of scikit-learn's, the categories say whether a null was among them.
                tolerant=getattr(step, "is_categorical_", None) is None,
            ),
        )
    return True


def _note_catboost(step: Any, slots: Sequence[Slot], ledger: Ledger) -> bool:
    """Record the uses of a CatBoost model, which keeps its categories as hashes alone."""
    categories = set(step.get_cat_feature_indices())
    texts = set(step.get_text_feature_indices())
    met = trained_nulls(step)
    for i, slot in enumerate(slots):
        if i in categories and slot.column is not None:
            ledger.note(slot, Use(kind="any", null=null_at(slot, tolerant=False)))
            ledger.unlisted[slot.column] = type(step).__name__
        elif i in texts:
            ledger.note(slot, Use(kind="text", null=null_at(slot, tolerant=False)))
        else:
            null: NullUse = "handled" if i in met else null_at(slot, tolerant=True)
            ledger.note(slot, Use(kind="number", null=null))
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
