"""Follow a column through a single transformer: encoder, imputer, scaler, vectorizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import OneToOneFeatureMixin
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.impute._base import _BaseImputer
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.utils import get_tags

from titanic_batch.schema import Null
from titanic_batch.schema.derive.categories import category_use
from titanic_batch.schema.derive.exact import is_class_of, is_sklearn_class, overrides_sklearn
from titanic_batch.schema.derive.slots import Ledger, Slot, Use, null_at, opaque

#: Their estimators turn what they are given into numbers.
_LIBRARIES = ("sklearn.", "lightgbm.", "xgboost.", "catboost.")


def note_transformer(step: Any, slots: Sequence[Slot], ledger: Ledger) -> list[Slot] | None:
    """Record what a fitted transformer does with its columns, and return what it hands on.

    Returns:
        The columns it hands to the next step; None where their number is not known here.
    """
    if overrides_sklearn(step):  # what its class does is not what it does
        ledger.note_unseen(slots, step)
        return None
    if isinstance(step, OneHotEncoder | OrdinalEncoder | TargetEncoder):
        return _note_encoder(step, slots, ledger)
    if isinstance(step, MissingIndicator):
        return _note_indicator(step, slots, ledger)
    if isinstance(step, _BaseImputer):
        return _note_imputer(step, slots, ledger)
    if isinstance(step, CountVectorizer | HashingVectorizer):
        for slot in slots:
            ledger.note(slot, Use(kind="text", null="refused"))
        return None
    if isinstance(step, FunctionTransformer):
        return _note_function(step, slots, ledger)
    if not is_sklearn_class(type(step)) or get_tags(step).input_tags.dict:
        ledger.note_unseen(slots, step)
        return None
    return _note_numeric(step, slots, ledger)


def lets_nan_pass(step: Any) -> bool:
    """Return whether an estimator takes NaN without an error."""
    try:
        return bool(get_tags(step).input_tags.allow_nan)
    except (AttributeError, TypeError, ValueError):
        return False  # not built on scikit-learn's base class: it makes no such promise


def reads_numbers_alone(step: Any) -> bool:
    """Return whether an estimator is one of those known to take every column for numbers."""
    return is_class_of(type(step), _LIBRARIES)  # type: ignore[arg-type]


def _note_encoder(step: Any, slots: Sequence[Slot], ledger: Ledger) -> list[Slot] | None:
    for i, slot in enumerate(slots):
        if slot.column is None:
            continue
        if slot.changed:
            # It encodes what an earlier step made of the column, bins for instance.
            ledger.note(slot, Use(kind="number", null=null_at(slot, tolerant=False)))
            continue
        use = category_use(
            step.categories_[i], imputed=slot.imputed, accepts_unknown=_has_bucket(step, i)
        )
        # What an imputer for None let pass, it was no null to.
        ledger.note(slot, replace(use, null_is=None) if slot.imputed_none else use)
    return opaque(len(slots)) if isinstance(step, OrdinalEncoder) else None


def _has_bucket(step: Any, i: int) -> bool:
    """Return whether training gave an unknown value of column `i` a place of its own."""
    if isinstance(step, OneHotEncoder):
        # handle_unknown="ignore" makes it all zeros: a score that nothing in training stands for.
        if step.handle_unknown not in ("infrequent_if_exist", "warn"):
            return False
        infrequent = getattr(step, "infrequent_categories_", None)
        return infrequent is not None and infrequent[i] is not None
    if isinstance(step, OrdinalEncoder):
        return bool(step.handle_unknown == "use_encoded_value")
    return True  # TargetEncoder: the target's mean


def _note_imputer(step: Any, slots: Sequence[Slot], ledger: Ledger) -> list[Slot]:
    marker = step.missing_values
    takes_null = marker is None or marker is pd.NA or _is_nan(marker)
    statistics = getattr(step, "statistics_", None)
    # Text can be imputed by SimpleImputer alone, which then holds its fills as objects.
    numeric = statistics is None or np.asarray(statistics).dtype.kind in "fiu"
    made: list[Slot] = []
    for slot in slots:
        filled = replace(
            slot,
            imputed=slot.imputed or takes_null,
            imputed_none=slot.imputed_none or marker is None,
        )
        null = null_at(filled, tolerant=False)
        only: Null | None = "None" if marker is None and not slot.imputed else None
        ledger.note(slot, Use(kind="number" if numeric else "any", null=null, null_is=only))
        made.append(filled)
    kept = [slot for slot, keep in zip(made, _kept(step, len(slots)), strict=True) if keep]
    indicator = getattr(step, "indicator_", None)
    return kept + opaque(0 if indicator is None else len(indicator.features_))


def _kept(step: Any, count: int) -> list[bool]:
    """Return which columns an imputer hands on: by default not those it saw only nulls in."""
    if getattr(step, "keep_empty_features", False):
        return [True] * count
    if isinstance(step, SimpleImputer):
        # A fill of zero length or kind is never NaN; only "nothing seen" is.
        return [not _is_nan(value) for value in step.statistics_]
    if isinstance(step, KNNImputer):
        return [bool(keep) for keep in step._valid_mask]
    initial = getattr(step, "initial_imputer_", None)
    return [True] * count if initial is None else _kept(initial, count)


def _note_indicator(step: Any, slots: Sequence[Slot], ledger: Ledger) -> list[Slot]:
    seen = set(step.features_.tolist())
    for i, slot in enumerate(slots):
        # With error_on_new it fails on a null in a column that had none in training.
        safe = slot.imputed or i in seen or not step.error_on_new or step.features == "all"
        ledger.note(slot, Use(kind="any", null="handled" if safe else "refused"))
    return opaque(len(seen))


def _note_function(step: Any, slots: Sequence[Slot], ledger: Ledger) -> list[Slot] | None:
    if step.validate:
        for slot in slots:  # checked to be finite numbers before the function sees them
            ledger.note(slot, Use(kind="number", null=null_at(slot, tolerant=False)))
        if step.func is not None and not isinstance(step.func, np.ufunc):
            ledger.note_foreign(slots)
    if step.func is None:
        return list(slots)
    if isinstance(step.func, np.ufunc):  # log1p and its like: numbers one by one, NaN to NaN
        for slot in slots:
            ledger.note(slot, Use(kind="number", null="handled"))
        return [replace(slot, changed=True) for slot in slots]
    if not step.validate:
        ledger.note_unseen(slots, step)
    return None


def _note_numeric(step: Any, slots: Sequence[Slot], ledger: Ledger) -> list[Slot] | None:
    tolerant = lets_nan_pass(step)
    one_to_one = isinstance(step, OneToOneFeatureMixin)
    selects = isinstance(step, SelectorMixin)
    support = step.get_support() if selects else [False] * len(slots)
    made: list[Slot] = []
    for slot, selected in zip(slots, support, strict=True):
        goes_on = one_to_one or bool(selected)
        if goes_on and tolerant:
            # It hands a null on, so what comes after decides: an imputer may take care of it.
            ledger.note(slot, Use(kind="number", null="handled"))
        else:
            null = null_at(slot, tolerant=tolerant)
            ledger.note(slot, Use(kind="number", null=null))
        if goes_on:
            made.append(replace(slot, changed=slot.changed or one_to_one))
    return made if one_to_one or selects else None


def _is_nan(value: Any) -> bool:
    return isinstance(value, float | np.floating) and bool(np.isnan(value))
