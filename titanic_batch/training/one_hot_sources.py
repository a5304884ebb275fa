"""Find the raw columns behind the columns that `pandas.get_dummies` makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from titanic_batch.errors import DataError
from titanic_batch.schema import OneHotSource, underscored
from titanic_batch.training.column_stats import distinct

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class OneHotGroup:
    """A raw column and the model's columns that were made from it."""

    source: OneHotSource
    columns: tuple[str, ...]


def find_one_hot(
    model_columns: Sequence[str],
    frame: pd.DataFrame,
    null_tokens: Mapping[str, tuple[str, ...]],
    *,
    with_underscores: bool = False,
) -> dict[str, OneHotGroup]:
    """Return the raw columns of `frame` that model columns named `name_value` stand for.

    A raw column counts if the model does not take it as it is, and every model column that starts
    with its name ends in a value that it holds; `drop_first` may have left one value out.

    Args:
        model_columns: The model's columns.
        frame: The training data.
        null_tokens: By column, the texts that were null in its file.
        with_underscores: Whether the model's columns have `_` for each space of the data's.

    Raises:
        DataError: if one of the model's columns stands for two values of a raw column.
    """
    written = underscored if with_underscores else str
    groups: dict[str, OneHotGroup] = {}
    absent = [name for name in model_columns if name not in frame.columns]
    # The longest name first: Cabin_Deck_A is of Cabin_Deck, if there is one.
    for raw in sorted((str(name) for name in frame.columns), key=len, reverse=True):
        made = [name for name in absent if name.startswith(f"{written(raw)}_")]
        if not made or raw in model_columns:
            continue
        values = distinct(frame[raw])
        has_null = bool(frame[raw].isna().any())
        # dummy_na=True names the nulls' own column after NaN.
        endings = {written(str(value)) for value in values} | ({"nan"} if has_null else set())
        if all(name[len(raw) + 1 :] in endings for name in made):
            _check_apart([str(value) for value in values], raw, written)
            source = OneHotSource(
                name=written(raw),
                categories=values,
                accepts_null=has_null,
                null_tokens=null_tokens.get(raw, ()),
            )
            groups[raw] = OneHotGroup(source=source, columns=tuple(made))
            absent = [name for name in absent if name not in made]
    order = [str(name) for name in frame.columns]
    return dict(sorted(groups.items(), key=lambda item: order.index(item[0])))


def _check_apart(values: Sequence[str], raw: str, written: Callable[[str], str]) -> None:
    first: dict[str, str] = {}
    for value in values:
        other = first.setdefault(written(value), value)
        if other != value:
            raise DataError(
                f"{raw} holds {other!r} and {value!r}, and LightGBM, which writes _ for a space, "
                f"has one column {written(f'{raw}_{value}')} for both",
                hint="Spell both alike in the data, and train again.",
            )
