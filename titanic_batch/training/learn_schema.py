"""Learn a training schema from the estimator together with the data it was trained on."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from titanic_batch.errors import DataError, ModelError
from titanic_batch.models.versions import installed_libraries
from titanic_batch.schema import TrainingSchema, underscored
from titanic_batch.schema.derive import EstimatorInfo, look_into
from titanic_batch.schema.derive.names import input_count, input_names
from titanic_batch.training.column_stats import describe, holds_whole_floats, is_text
from titanic_batch.training.one_hot_sources import find_one_hot
from titanic_batch.training.read_training import read_training_file
from titanic_batch.training.score_profile import profile_of_training

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from titanic_batch.schema import ColumnSchema, OneHotSource, ScoreProfile
    from titanic_batch.training.reading import Reading


def learn_schema(
    estimator: Any,
    data: Path,
    target: str | None,
    *,
    features: Sequence[str] | None = None,
    reading: Reading | None = None,
) -> TrainingSchema:
    """Return the training schema that `estimator` and its training file show together.

    Args:
        estimator: A fitted estimator.
        data: The training file, CSV or Parquet.
        target: The predicted column in it, if it holds one.
        features: Column names in training order, for a model trained on a bare array; without
            them the file's columns are taken, the target left out.
        reading: How a CSV file is written.

    Raises:
        InputMissingError: if the file is not there or holds no rows.
        DataError: if the file lacks the target or a column of the model, or cannot be read.
        ModelError: if the file's columns cannot be those that the model was trained on.
    """
    read = read_training_file(
        data, reading=reading, known_texts=_text_categories(estimator, features)
    )
    return learn_schema_from_frame(
        estimator,
        read.frame,
        target=target,
        where=str(data),
        features=features,
        null_tokens=read.null_tokens,
    )


def learn_schema_from_frame(
    estimator: Any,
    frame: pd.DataFrame,
    *,
    target: str | None,
    where: str = "the training data",
    features: Sequence[str] | None = None,
    score: ScoreProfile | None = None,
    null_tokens: Mapping[str, tuple[str, ...]] | None = None,
) -> TrainingSchema:
    """Return the training schema that `estimator` and its training data show together.

    Args:
        estimator: A fitted estimator.
        frame: The training data, shape (n_rows, n_columns), the target among them or not.
        target: The predicted column's name.
        where: What to call the data in errors.
        features: Column names in training order, for a model trained on a bare array.
        score: How it scores that data, where rows that it was not fitted on show it better than
            the fitted estimator does.
        null_tokens: By column, the texts that were null in its file, besides the empty cell.

    Raises:
        DataError: if `frame` lacks the target or a column of the model.
        ModelError: if its columns cannot be those that the model was trained on.
    """
    names = [str(name) for name in frame.columns]
    if target is not None and target not in names:
        raise DataError(
            f"the training data has no column {target!r}{_nearest([target], names)}",
            where=where,
            hint="Name the predicted column.",
        )
    info = look_into(estimator, features=features or _names_from(estimator, names, target, where))
    if target is not None and any(column.name == target for column in info.columns):
        raise ModelError(
            f"the model takes the target {target!r} itself as an input",
            where=where,
            hint="Name the column that it predicts.",
        )
    tokens = null_tokens or {}
    wanted = [column.name for column in info.columns]
    if info.underscored:
        frame, tokens = _underscored(frame, tokens, wanted, where)
        names = [str(name) for name in frame.columns]
    one_hot = find_one_hot(wanted, frame, tokens, with_underscores=info.underscored)
    derived = {name for source in one_hot.values() for name in source.columns}
    _check_all_there(info, names, derived, where)
    hidden = [name for name in info.unseen if name in derived]
    if hidden:
        raise ModelError(
            f"whether its columns {', '.join(hidden)} held 1 or True cannot be seen from data that "
            "pandas.get_dummies has yet to encode",
            where=where,
            hint="Give the data as the model took it, with these columns in it.",
        )
    prepared = bool(one_hot) or _encoded_by_hand(info, frame)
    if score is None and not prepared:  # else the data is rawer than what the model takes
        shown = frame[wanted]
        score = profile_of_training(estimator, shown, named=info.named)
    # What code that is not known does with a null, it has shown if it takes all of this data.
    shows_nulls = info.tolerates_null if score else info.tolerates_null - info.foreign
    tolerant = frozenset() if prepared else shows_nulls
    columns = tuple(
        column
        if column.name in derived
        else replace(
            _learn_column(column, frame[column.name], info, tolerant=column.name in tolerant),
            null_tokens=tokens.get(column.name, ()),
        )
        for column in info.columns
    )
    sources: tuple[OneHotSource, ...] = tuple(found.source for found in one_hot.values())
    return TrainingSchema(
        columns=columns,
        named=info.named,
        target=target,
        classes=info.classes,
        libraries=installed_libraries(),
        score=score,
        one_hot=sources,
        underscored=info.underscored,
    )


def _underscored(
    frame: pd.DataFrame,
    tokens: Mapping[str, tuple[str, ...]],
    wanted: Sequence[str],
    where: str,
) -> tuple[pd.DataFrame, Mapping[str, tuple[str, ...]]]:
    """Return the data with the names that LightGBM gave the columns that it takes as they are."""
    names = {str(name): underscored(str(name)) for name in frame.columns}
    names = {name: new for name, new in names.items() if new in wanted}
    for name, new in names.items():
        if name != new and list(names.values()).count(new) > 1:
            both = " and ".join(repr(old) for old, its in names.items() if its == new)
            raise DataError(
                f"it has {both}, and LightGBM, which writes _ for a space, has one column {new}",
                where=where,
                hint="Leave out the one that it was not trained on.",
            )
    return (
        frame.rename(columns=names),
        {names.get(name, name): texts for name, texts in tokens.items()},
    )


def _learn_column(
    column: ColumnSchema, values: pd.Series[Any], info: EstimatorInfo, *, tolerant: bool
) -> ColumnSchema:
    foreign = column.name in info.foreign
    # What an encoder knows, it knows; else what foreign code was shown is what the data holds.
    opaque = column.name in info.unseen or (foreign and column.categories is None)
    described = describe(column, values, opaque=opaque, listed=column.name in info.unlisted)
    described = replace(described, exact=foreign, whole=foreign and holds_whole_floats(values))
    # Nulls in the data count where they can have reached the model: not where it fails on them,
    # and not where the file is visibly rawer than what the model saw, its ages still unfilled.
    reached = tolerant and bool(values.isna().any())
    return replace(described, accepts_null=column.accepts_null or reached)


def _encoded_by_hand(info: EstimatorInfo, frame: pd.DataFrame) -> bool:
    """Return whether the data has text where the model takes numbers."""
    return any(
        column.kind == "number"
        and column.name not in info.foreign
        and column.name not in info.unseen
        and is_text(frame[column.name])
        for column in info.columns
        if column.name in frame.columns
    )


def _text_categories(estimator: Any, features: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    """Return the columns whose encoder knows text, and which: "1" there is no number."""
    if input_names(estimator) is None and features is None:
        return {}
    info = look_into(estimator, features=features)
    found = {}
    for column in info.columns:
        if column.name in info.unseen or column.name in info.unlisted:
            continue  # their kind is the data's to say
        texts = [value for value in column.categories or () if isinstance(value, str)]
        if column.kind == "text" or (column.categories and len(texts) == len(column.categories)):
            found[column.name] = tuple(texts)
    return found


def _names_from(
    estimator: Any, names: Sequence[str], target: str | None, where: str
) -> tuple[str, ...] | None:
    """Return the data's own column names for a model trained on a bare array."""
    if input_names(estimator) is not None:
        return None
    candidates = tuple(name for name in names if name != target)
    count = input_count(estimator)
    if count is not None and count != len(candidates):
        target_text = "" if target is None else f" besides {target!r}"
        raise ModelError(
            f"it was trained on a bare array of {count} columns, the training data has "
            f"{len(candidates)}{target_text}",
            where=where,
            hint="Name those it was trained on, in order: "
            "`titanic-batch models save FILE --data train.csv --features A,B,C`.",
        )
    return candidates


def _check_all_there(
    info: EstimatorInfo, names: Sequence[str], derived: Iterable[str], where: str
) -> None:
    there = {*names, *derived}
    missing = [column.name for column in info.columns if column.name not in there]
    if missing:
        raise DataError(
            f"the training data lacks columns of the model: {', '.join(missing)}"
            f"{_nearest(missing, names)}",
            where=where,
            hint="Give the data that the model was trained on, under its own column names.",
        )


def _nearest(wanted: Iterable[str], names: Sequence[str]) -> str:
    """Return the names in the data that come nearest, as an end of a message."""
    folded = {name.casefold(): name for name in names}
    near = dict.fromkeys(
        folded[match]
        for name in wanted
        for match in difflib.get_close_matches(name.casefold(), folded, n=2)
    )
    return f" (nearest: {', '.join(near)})" if near else f" (it has: {', '.join(names)})"
