"""Ask the model directly, on what pandas read, typed as it was for training.

pandas.read_csv types a column by the cells of the file in hand: one blank more, and whole numbers
are floats. The model was trained on the training file's types, so a column comes back to them
wherever the cells allow it without loss, whatever the other rows hold.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.differential.models import Drawn


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a model said of one row.

    Attributes:
        label: Its prediction.
        probabilities: One for each class; empty for what has none.
        error: What it raised instead.
    """

    label: Any = None
    probabilities: tuple[float, ...] = ()
    error: str = ""


def read_input(
    path: Path, frame: pd.DataFrame, headers: dict[str, str], null: Sequence[str]
) -> pd.DataFrame:
    """Return a file's model columns as pandas reads them; texts stay texts.

    Args:
        path: A CSV or Parquet file.
        frame: The columns as in training.
        headers: Names that the file spells otherwise.
        null: What means null besides what pandas takes for it.
    """
    names = {headers.get(name, name): name for name in frame.columns}
    if path.suffix == ".parquet":
        found = pd.read_parquet(path)[list(names)].rename(columns=names)
        return found.mask(found.isin(list(null))) if null else found
    texts = {given: "str" for given, name in names.items() if _holds_texts(frame[name])}
    found = pd.read_csv(path, low_memory=False, dtype=texts, na_values=list(null))
    return found[list(names)].rename(columns=names)


def ask(drawn: Drawn, frame: pd.DataFrame, fills: dict[str, Any]) -> list[Answer]:
    """Return the model's answer for each row of `frame`, which pandas read."""
    answers: list[Answer] = [Answer()] * len(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for rows, part in as_trained(frame, drawn, fills):
            for row, answer in zip(rows, _ask(drawn, part), strict=True):
                answers[row] = answer
    return answers


def as_trained(
    frame: pd.DataFrame, drawn: Drawn, fills: dict[str, Any]
) -> Iterator[tuple[list[int], pd.DataFrame]]:
    """Yield groups of rows, typed as in training: those with null in the same columns together."""
    trained = drawn.frame
    typed = frame.reset_index(drop=True).copy()
    for name in trained.columns:
        if trained[name].dtype.kind in "iuf" and typed[name].dtype.kind not in "iuf":
            typed[name] = pd.to_numeric(typed[name].astype(object), errors="coerce")
        elif _holds_texts(trained[name]) and typed[name].dtype.kind in "iufb":
            typed[name] = typed[name].map(_as_text, na_action="ignore").astype("str")
        if name in fills:
            typed[name] = typed[name].astype(object).where(typed[name].notna(), fills[name])
    null = typed.isna()
    for _, rows in typed.groupby(null.apply(tuple, axis=1), sort=False):
        part = pd.DataFrame(
            {name: _typed(rows[name], trained[name], nones=drawn.nones) for name in trained.columns}
        )
        yield rows.index.tolist(), part.reset_index(drop=True)


def _typed(values: pd.Series[Any], trained: pd.Series[Any], *, nones: bool) -> pd.Series[Any]:
    """Type values, all null or none, as in training."""
    kind = trained.dtype
    if values.isna().all():
        null = None if nones or any(value is None for value in trained) else np.nan
        if kind.kind == "O":
            return pd.Series([null] * len(values), index=values.index, dtype=object)
        return values.astype(kind if kind.kind not in "iub" else float)
    if kind.kind in "iu" and (pd.to_numeric(values) % 1 != 0).any():
        return values  # no whole numbers: to be rejected
    if kind.kind == "b" or (kind.kind == "O" and {True, False} >= set(trained.dropna())):
        flags = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
        found = values.map(lambda value: flags.get(str(value).lower(), value))
        return found.astype(kind if set(found) <= {True, False} else object)
    return values.astype(kind)


def _holds_texts(values: pd.Series[Any]) -> bool:
    if values.dtype.kind in "iufb":
        return False
    return any(isinstance(value, str) for value in values)


def _as_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ask(drawn: Drawn, frame: pd.DataFrame) -> list[Answer]:
    try:
        return _predict(drawn, frame)
    except Exception as error:  # noqa: BLE001  # whatever a model raises
        if len(frame) == 1:
            return [Answer(error=f"{type(error).__name__}: {error}")]
    rows = range(len(frame))
    return [_ask(drawn, frame.iloc[[row]].reset_index(drop=True))[0] for row in rows]


def _predict(drawn: Drawn, frame: pd.DataFrame) -> list[Answer]:
    features = drawn.prepare(frame)
    labels = np.asarray(drawn.estimator.predict(features)).ravel().tolist()
    if not hasattr(drawn.estimator, "predict_proba"):
        return [Answer(label=label) for label in labels]
    shares = np.asarray(drawn.estimator.predict_proba(features), dtype=float)
    return [
        Answer(label=label, probabilities=tuple(row))
        for label, row in zip(labels, shares.tolist(), strict=True)
    ]
