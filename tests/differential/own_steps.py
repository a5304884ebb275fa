"""What a user's own module has: functions that turn cells into others, in their own ways.

Each makes the same of a row whatever rows stand beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def as_text(frame: pd.DataFrame) -> Any:
    return frame.astype(str)


def as_objects(frame: pd.DataFrame) -> Any:
    return frame.astype(object)


def text_of_each(frame: pd.DataFrame) -> Any:
    return frame.map(lambda cell: f"<{cell}>")


def fill_with_question_mark(frame: pd.DataFrame) -> Any:
    return frame.astype(object).where(frame.notna(), "?").astype(str)


def fill_with_zero(frame: pd.DataFrame) -> Any:
    return frame.fillna(0)


def lengths(frame: pd.DataFrame) -> Any:
    return frame.apply(lambda column: column.astype(str).str.len())


def lower_lengths(frame: pd.DataFrame) -> Any:
    return frame.apply(lambda column: column.str.strip().str.lower().str.len().fillna(-1))


def first_letter(frame: pd.DataFrame) -> Any:
    return frame.apply(lambda column: column.astype(str).str[0])


def known_words(frame: pd.DataFrame) -> Any:
    words = {"male": 0, "female": 1, "S": 2, "C": 3, "yes": 4, "no": 5, "Y": 6, "1": 7, "A": 8}
    return frame.apply(lambda column: column.map(words).fillna(-1).astype(float))


def known_numbers(frame: pd.DataFrame) -> Any:
    words = {1: 10, 2: 20, 3: 30, 22.0: 40, 7: 50}
    return frame.apply(lambda column: column.map(words).fillna(-1).astype(float))


def is_true(frame: pd.DataFrame) -> Any:
    return frame.map(lambda cell: 1 if cell is True else 0 if cell is False else -1)


def which_null(frame: pd.DataFrame) -> Any:
    """Tell None from NaN, as code with `is None` in it does."""
    return frame.map(_kind_of_null)


def _kind_of_null(cell: object) -> int:
    return 2 if cell is None else 1 if cell != cell else 0  # noqa: PLR0124  # NaN is not itself


def type_names(frame: pd.DataFrame) -> Any:
    """Tell 1 from 1.0 and from "1", as code with isinstance in it does."""
    kinds = {int: 1, float: 2, str: 3, bool: 4}
    return frame.map(lambda cell: kinds.get(getattr(cell, "item", lambda: cell)().__class__, 0))


def number_kinds(frame: pd.DataFrame) -> Any:
    """Tell types as `select_dtypes` does, column by column."""
    return frame.apply(lambda column: column * 0 + (1 if column.dtype.kind == "i" else 2))


def days(frame: pd.DataFrame) -> Any:
    first = pd.Timestamp("2024-01-01")
    return frame.apply(
        lambda column: (pd.to_datetime(column.astype(str), errors="coerce") - first).dt.days.fillna(
            -1
        )
    )


def ratio(frame: pd.DataFrame) -> Any:
    return frame.assign(added=frame.sum(axis=1), signs=np.sign(frame.iloc[:, 0]))


def texts_beside(frame: pd.DataFrame) -> Any:
    """Add a column of two others' texts, as `df.a.astype(str) + df.b.astype(str)` does."""
    both: Any = frame.iloc[:, 0].astype(str) + "|" + frame.iloc[:, -1].astype(str)
    return frame.assign(both=both.str.len().fillna(-1).astype(float))
