"""Follow the input columns through the fitted steps of an estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.feature_selection import RFE
from sklearn.multiclass import OneVsOneClassifier
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from titanic_batch.schema.derive.names import input_count
from titanic_batch.schema.derive.native import note_native
from titanic_batch.schema.derive.slots import (
    Ledger,
    NullUse,
    Slot,
    Use,
    conform,
    null_at,
    opaque,
)
from titanic_batch.schema.derive.steps import (
    lets_nan_pass,
    note_transformer,
    reads_numbers_alone,
)
from titanic_batch.schema.derive.through import inner_estimators
from titanic_batch.schema.derive.trained_nulls import trained_nulls


def walk(step: Any, slots: Sequence[Slot], ledger: Ledger, *, frame: bool) -> list[Slot] | None:
    """Record in `ledger` what `step` does with each column, and return what it hands on.

    Args:
        step: A fitted estimator.
        slots: The columns that it is given.
        ledger: Where the uses are recorded.
        frame: Whether it is given the user's own named frame, in which a ColumnTransformer looks
            for nothing but the columns that it uses.

    Returns:
        The columns it hands to the next step; None where their number is not known here.
    """
    if step is None or step == "passthrough":
        return list(slots)
    if isinstance(step, Pipeline):
        return _walk_pipeline(step, slots, ledger, frame=frame)
    if isinstance(step, ColumnTransformer):
        return _walk_columns(step, slots, ledger, frame=frame)
    if isinstance(step, FeatureUnion):
        return _walk_union(step, slots, ledger, frame=frame)
    inner = inner_estimators(step)
    if inner is not None:
        for one in inner:
            walk(one, slots, ledger, frame=frame)
        if getattr(step, "passthrough", False):  # stacking: the final estimator sees the input too
            _note_numbers(step.final_estimator_, slots, ledger)
        return None
    if _walk_checked(step, slots, ledger) or note_native(step, slots, ledger):
        return None
    if hasattr(step, "transform"):
        return note_transformer(step, slots, ledger)
    _note_numbers(step, slots, ledger)
    return None


def _walk_pipeline(
    pipeline: Pipeline, slots: Sequence[Slot], ledger: Ledger, *, frame: bool
) -> list[Slot] | None:
    current: list[Slot] | None = list(slots)
    before: Any = pipeline
    for _, step in pipeline.steps:
        if step is None or step == "passthrough":
            continue
        if hasattr(step, "fit_resample") and not hasattr(step, "transform"):
            continue  # imbalanced-learn's samplers work on training rows only
        given = conform(current, input_count(step), ledger, before)
        current = walk(step, given, ledger, frame=frame)
        before = step
        frame = frame and current == given and getattr(step, "func", step) is None
    return current


def _walk_columns(
    columns: ColumnTransformer, slots: Sequence[Slot], ledger: Ledger, *, frame: bool
) -> list[Slot]:
    # Positions, however the columns were chosen: by name, position, slice, mask or function.
    chosen: dict[str, list[int]] = columns._transformer_to_input_indices
    used: set[int] = set()
    width = max((part.stop for part in columns.output_indices_.values()), default=0)
    out = opaque(width)
    for name, transformer, _ in columns.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        indices = list(chosen[name])
        if not indices:
            continue
        used.update(indices)
        part = columns.output_indices_[name]
        made = walk(transformer, [slots[i] for i in indices], ledger, frame=False)
        out[part] = conform(made, part.stop - part.start, ledger, transformer)
    by_name = frame and hasattr(columns, "feature_names_in_")
    if not by_name:
        # Anything but a frame of its own must still have the width it was fitted on.
        ledger.note_idle(slot for i, slot in enumerate(slots) if i not in used)
    return out


def _walk_union(
    union: FeatureUnion, slots: Sequence[Slot], ledger: Ledger, *, frame: bool
) -> list[Slot] | None:
    made = [
        walk(step, slots, ledger, frame=frame)
        for _, step in union.transformer_list
        if not (isinstance(step, str) and step == "drop")
    ]
    if any(part is None for part in made):
        return None
    return [slot for part in made for slot in part or ()]


def _walk_checked(step: Any, slots: Sequence[Slot], ledger: Ledger) -> bool:
    """Walk into estimators that turn their input into an array, all columns of it, first."""
    if isinstance(step, BaggingClassifier | BaggingRegressor):
        parts = [
            (one, [slots[i] for i in features])
            for one, features in zip(step.estimators_, step.estimators_features_, strict=True)
        ]
    elif isinstance(step, RFE):
        parts = [(step.estimator_, [slots[i] for i in step.get_support(indices=True)])]
    elif isinstance(step, OneVsOneClassifier):
        parts = [(one, list(slots)) for one in step.estimators_]
    elif isinstance(step, SelfTrainingClassifier):
        parts = [(step.estimator_, list(slots))]
    else:
        return False
    ledger.note_idle(slots)
    for one, given in parts:
        walk(one, given, ledger, frame=False)
    return True


def _note_numbers(step: Any, slots: Sequence[Slot], ledger: Ledger) -> None:
    # Code that is not known may take a null without saying so: training data can show that it does.
    tolerant = lets_nan_pass(step) or not reads_numbers_alone(step)
    met = trained_nulls(step)
    for i, slot in enumerate(slots):
        null: NullUse = "handled" if i in met else null_at(slot, tolerant=tolerant)
        ledger.note(slot, Use(kind="number", null=null))
    if not reads_numbers_alone(step):
        ledger.note_foreign(slots)
