"""Find the raw columns behind the columns that `pandas.get_dummies` makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from titanic_batch.schema import OneHotSource
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
) -> dict[str, OneHotGroup]:
    """Return the raw columns of `frame` that model columns named `name_value` stand for.

    A raw column counts if the model does not take it as it is, and every model column that starts
    with its name ends in a value that it holds; `drop_first` may have left one value out.

    Args:
        model_columns: The model's columns.
        frame: The training data.
        null_tokens: By column, the texts that were null in its file.
    """
    groups: dict[str, OneHotGroup] = {}
    absent = [name for name in model_columns if name not in frame.columns]
    # The longest name first: Cabin_Deck_A is of Cabin_Deck, if there is one.
    for raw in sorted((str(name) for name in frame.columns), key=len, reverse=True):
        made = [name for name in absent if name.startswith(f"{raw}_")]
        if not made or raw in model_columns:
            continue
        values = distinct(frame[raw])
        has_null = bool(frame[raw].isna().any())
        # dummy_na=True names the nulls' own column after NaN.
        endings = {str(value) for value in values} | ({"nan"} if has_null else set())
        if all(name.removeprefix(f"{raw}_") in endings for name in made):
            source = OneHotSource(
                name=raw,
                categories=values,
                accepts_null=has_null,
                null_tokens=null_tokens.get(raw, ()),
            )
            groups[raw] = OneHotGroup(source=source, columns=tuple(made))
            absent = [name for name in absent if name not in made]
    order = [str(name) for name in frame.columns]
    return dict(sorted(groups.items(), key=lambda item: order.index(item[0])))
