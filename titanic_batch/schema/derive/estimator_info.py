"""Put together what the steps of an estimator say about each input column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from titanic_batch.errors import ModelError
from titanic_batch.printable import shell_quoted
from titanic_batch.schema import ColumnSchema, Kind, Scalar, TrainingSchema
from titanic_batch.schema.derive.categories import as_scalar, category_dtype, category_kind
from titanic_batch.schema.derive.names import input_count, input_names, takes_texts, underscores
from titanic_batch.schema.derive.slots import Ledger, Slot, Use
from titanic_batch.schema.derive.walk import walk

FEATURES_CURE = (
    "Name its columns, in the order it was trained on: "
    "`titanic-batch models save FILE --features A,B,C`."
)
DATA_CURE = (
    "Show the data it was trained on: "
    "`titanic-batch models save FILE --data train.csv --target TARGET`."
)


@contextmanager
def about_model(ref: str) -> Iterator[None]:
    """Say in errors that name no model that it is this one, also in the command that helps."""
    try:
        yield
    except ModelError as exc:
        exc.where = exc.where or ref
        exc.hint = exc.hint.replace(" save FILE ", f" save {shell_quoted(ref)} ")
        raise


@dataclass(frozen=True, kw_only=True)
class EstimatorInfo:
    """The input that a fitted estimator was trained on, as far as it says.

    Attributes:
        columns: What is known of each column that must be there, in the model's order.
        named: Whether the estimator was trained on named columns.
        classes: A classifier's labels.
        unseen: Columns read by foreign code alone, with that code's class names: their kind in
            `columns` is a placeholder.
        foreign: Columns that code reads which is not known here: the exact type of their values
            may matter to it.
        unlisted: Columns that an estimator takes for categories without saying which, with its
            class name: their kind in `columns` is a placeholder.
        tolerates_null: Columns in which a null would pass although nothing was trained for it.
        dropped: Columns that it was trained with, and does without.
        underscored: Whether the columns' names have `_` for each space that they had in training.
    """

    columns: tuple[ColumnSchema, ...]
    named: bool
    classes: tuple[Scalar, ...] | None
    unseen: dict[str, tuple[str, ...]]
    foreign: frozenset[str]
    unlisted: dict[str, str]
    tolerates_null: frozenset[str]
    dropped: tuple[str, ...]
    underscored: bool


def derive_schema(estimator: Any, *, features: Sequence[str] | None = None) -> TrainingSchema:
    """Return the training schema that a fitted estimator itself shows.

    Args:
        estimator: Any fitted estimator with scikit-learn's API.
        features: Column names in training order, for a model trained on a bare array.

    Raises:
        ModelError: if the estimator is not fitted, or does not show what its columns are.
    """
    info = look_into(estimator, features=features)
    if info.unseen:
        names = ", ".join(info.unseen)
        readers = ", ".join(sorted({reader for some in info.unseen.values() for reader in some}))
        raise ModelError(
            f"what its columns hold cannot be seen from the model: {names} go into {readers}",
            hint=DATA_CURE,
        )
    if info.unlisted:
        names = ", ".join(info.unlisted)
        readers = ", ".join(sorted(set(info.unlisted.values())))
        raise ModelError(
            f"a {readers} does not show which categories it knows: {names}", hint=DATA_CURE
        )
    return TrainingSchema(
        columns=info.columns,
        named=info.named,
        classes=info.classes,
        underscored=info.underscored,
        origin="estimator",
    )


def look_into(estimator: Any, *, features: Sequence[str] | None = None) -> EstimatorInfo:
    """Return all that a fitted estimator says about its columns.

    Raises:
        ModelError: if the estimator is not fitted, or its columns have no names and
            `features` does not give them.
    """
    _check_fitted(estimator)
    try:
        own, count = input_names(estimator), input_count(estimator)
        _check_takes_table(estimator)
        names = _resolve_names(own, count, features)
        ledger = Ledger()
        slots = [Slot(column=i) for i in range(len(names))]
        walk(estimator, slots, ledger, frame=own is not None)
    except (AttributeError, IndexError, KeyError) as exc:
        # Fitted state is private to scikit-learn, and another version may keep it elsewhere.
        raise ModelError(
            f"the fitted steps of the {type(estimator).__name__} cannot be read: {exc}",
            hint="Fit it again with the installed scikit-learn (a search needs refit=True).",
        ) from exc
    columns: list[ColumnSchema] = []
    unseen: dict[str, tuple[str, ...]] = {}
    tolerates: set[str] = set()
    for i, name in enumerate(names):
        uses = ledger.uses.get(i)
        if not uses:
            continue  # the pipeline drops it
        columns.append(_combine(name, uses))
        # Numbers, too: code that turns them into text tells 3 from 3.0.
        if i in ledger.readers and all(use.categories is None for use in uses):
            unseen[name] = tuple(sorted(ledger.readers[i]))
        if all(use.null != "refused" for use in uses):
            tolerates.add(name)
    kept = {column.name for column in columns}
    by_position = dict(enumerate(names))
    return EstimatorInfo(
        columns=tuple(columns),
        # Every estimator of scikit-learn counts its columns, and names those of a frame. One that
        # does neither is foreign code, which more often than not looks columns up by name.
        named=own is not None or count is None,
        classes=_classes(estimator),
        unseen=unseen,
        foreign=frozenset(by_position[i] for i in ledger.foreign),
        unlisted={by_position[i]: reader for i, reader in sorted(ledger.unlisted.items())},
        tolerates_null=frozenset(tolerates),
        dropped=tuple(name for name in names if name not in kept),
        underscored=underscores(estimator, own),
    )


def _check_fitted(estimator: Any) -> None:
    try:
        check_is_fitted(estimator)
    except NotFittedError as exc:
        raise ModelError(
            f"the {type(estimator).__name__} was saved before it was fitted",
            hint="Fit it, then save it again.",
        ) from exc
    except (AttributeError, TypeError):
        pass  # not built on scikit-learn's base class; its attributes will show


def _check_takes_table(estimator: Any) -> None:
    if takes_texts(estimator):
        raise ModelError(
            "it takes a list of texts, not a table",
            hint="Train it again with its vectorizer in a ColumnTransformer, on a column by name.",
        )


def _resolve_names(
    own: tuple[str, ...] | None, count: int | None, features: Sequence[str] | None
) -> tuple[str, ...]:
    if own is not None:
        if features is not None and tuple(features) != own:
            raise ModelError(
                f"it was trained on named columns: {', '.join(own)}",
                hint="Leave out --features.",
            )
        return own
    if features is None and count is None:
        raise ModelError(
            "it does not show which columns it takes", hint=f"{FEATURES_CURE} Or: {DATA_CURE}"
        )
    if features is None:
        raise ModelError(
            f"it was trained on a bare array, so its {count} columns have no names",
            hint=FEATURES_CURE,
        )
    names = tuple(features)
    if len(set(names)) != len(names):
        raise ModelError("--features names a column twice", hint=FEATURES_CURE)
    if count is not None and len(names) != count:
        raise ModelError(
            f"it was trained on {count} columns, and --features names {len(names)}",
            hint=FEATURES_CURE,
        )
    return names


def _combine(name: str, uses: Sequence[Use]) -> ColumnSchema:
    """Return what all uses of a column together ask of it: it must suit each of them."""
    nulls = {use.null_is for use in uses if use.null_is is not None}
    # Where one step knows None alone, and another NaN alone, no null suits both.
    accepts_null = len(nulls) < 2 and all(use.null == "handled" for use in uses)
    null = nulls.pop() if len(nulls) == 1 else None
    encoders = [use for use in uses if use.categories is not None]
    if not encoders:
        kinds = {use.kind for use in uses}
        # A column that nothing reads may hold anything.
        kind: Kind = "text" if "text" in kinds or "number" not in kinds else "number"
        return ColumnSchema(name=name, kind=kind, null=null, accepts_null=accepts_null)
    everything = dict.fromkeys(value for use in encoders for value in use.categories or ())
    known = tuple(
        value
        for value in everything
        if all(use.accepts_unknown or value in (use.categories or ()) for use in encoders)
    )
    dtypes = {use.dtype for use in encoders}
    dtype = dtypes.pop() if len(dtypes) == 1 else category_dtype(known)
    kind = category_kind(known, dtype)
    return ColumnSchema(
        name=name,
        kind=kind,
        dtype=dtype,
        null=null or ("NaN" if dtype == "object" else None),
        categories=None if kind == "boolean" else known,
        accepts_null=accepts_null,
        accepts_unknown=all(use.accepts_unknown for use in encoders),
    )


def _classes(estimator: Any) -> tuple[Scalar, ...] | None:
    labels = getattr(estimator, "classes_", None)
    if labels is None or isinstance(labels, list) or not len(labels):
        # A list holds one array for each of several targets; CatBoost's regressors have none.
        return None
    return tuple(as_scalar(label) for label in labels)
