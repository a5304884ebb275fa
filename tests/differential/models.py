"""Draw a fitted model: its training frame, its steps, and how it is fed by hand."""

from __future__ import annotations

import random
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from tests.differential import own_steps
from tests.differential.data import NULL_TEXTS, Data
from tests.differential.finals import draw_final, draw_target
from tests.differential.foreign import draw_foreign_encoder
from tests.differential.steps import draw_after, draw_columns_step, own, sort_of

#: From a frame of the input's columns, typed as in training, to what the model takes.
Prepare = Callable[[pd.DataFrame], Any]


class NothingFittedError(Exception):
    """Nothing that was drawn could be fitted."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A fitted model.

    Attributes:
        family: The sort of model.
        estimator: The model.
        frame: The input columns as it was trained on them.
        prepare: What its author did to them before.
        features: Names for a model that was trained on a bare array.
        options: What a run must be told.
        nones: Whether it takes None for null in columns of objects, not NaN.
    """

    family: str
    estimator: Any
    frame: pd.DataFrame
    prepare: Prepare = field(repr=False)
    features: tuple[str, ...] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    nones: bool = False


def draw_model(rng: random.Random, data: Data, train: Path, *, known: bool) -> Drawn:
    """Draw a model that can be fitted on `data`, and write `train`, the training file.

    A Parquet file is written, and read, by pandas, from what it read from a CSV file.

    Args:
        rng: What draws.
        data: Has the training cells.
        train: Where to write them.
        known: Whether only steps of scikit-learn's own are wanted, which show what they take.

    Raises:
        NothingFittedError: if none of many can be.
    """
    target, labels = draw_target(rng, _signal(data))
    source = train.with_suffix(".csv")
    data.write_train(source, labels)
    whole = pd.read_csv(source, low_memory=False)
    if train.suffix == ".parquet":
        whole.to_parquet(train, index=False)
        whole = pd.read_parquet(train)
    y, raw = whole["target"], whole[data.names]
    for _ in range(30):
        family = rng.choice(_KNOWN_FAMILIES if known else _FAMILIES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                drawn = family(rng, raw, y, target)
                if drawn is not None:
                    drawn.estimator.predict(drawn.prepare(drawn.frame.head(7)))
                    return drawn
            except Exception:  # noqa: BLE001  # what cannot be fitted is drawn again
                continue
    raise NothingFittedError


def _signal(data: Data) -> npt.NDArray[np.float64]:
    """Return what can be learned: something of each cell, and of its being null."""
    total = np.zeros(len(data.columns[0].train))
    for column in data.columns:
        cells = ["" if cell in NULL_TEXTS else cell for cell in column.train]
        texts = [f"{column.name}={cell}".encode() for cell in cells]
        total += [zlib.crc32(text) / 2**32 for text in texts]
    return total


def _fit(estimator: Any, features: Any, y: Any) -> Any:
    return estimator.fit(features, y)


def _as_it_is(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _final(rng: random.Random, target: str, y: pd.Series[Any], *, nulls: bool) -> Any:
    return draw_final(rng, target, y.unique().tolist(), nulls=nulls)


# ---------------------------------------------------------------------------------------------
# Families


def _known_steps(rng: random.Random, raw: pd.DataFrame, y: Any, target: str) -> Drawn:
    """Steps of scikit-learn's own by column, then a model."""
    return _column_steps(rng, raw, y, target, known=True)


def _column_steps(
    rng: random.Random, raw: pd.DataFrame, y: Any, target: str, *, known: bool = False
) -> Drawn:
    """Steps by column, then a model; what most people write.

    Only where all steps are known may null be None: a CSV file cannot show it, the steps do.
    """
    nones = known and rng.random() < 0.4
    frame = with_nones(raw) if nones else raw
    steps: list[Any] = []
    if not known and rng.random() < 0.1:
        steps.append(own(own_steps.texts_beside))
        steps.append(draw_columns_step(rng, own_steps.texts_beside(frame), nones=nones))
    else:
        steps.append(draw_columns_step(rng, frame, nones=nones, known=known))
    steps += draw_after(rng)
    nulls = bool(raw.isna().to_numpy().any())
    model = make_pipeline(*steps, _final(rng, target, y, nulls=nulls))
    if rng.random() < 0.1:
        model.set_output(transform="pandas")
    family = ("known " if known else "") + "steps by column" + (", on None" if nones else "")
    return Drawn(
        family=family,
        estimator=_fit(model, frame, y),
        frame=frame,
        prepare=_as_it_is,
        nones=nones,
    )


def _foreign_whole(rng: random.Random, raw: pd.DataFrame, y: Any, target: str) -> Drawn:
    """An encoder of another library over the whole frame, then a model."""
    texts = [name for name in raw.columns if sort_of(raw[name]) != "numbers"]
    whole = rng.random()
    columns = texts if whole < 0.5 else list(raw.columns) if whole < 0.7 else None
    if columns == []:
        columns = list(raw.columns)
    codes = y if target == "number" else pd.Series(pd.factorize(y, sort=True)[0])
    steps = [draw_foreign_encoder(rng, columns), *draw_after(rng)]
    nulls = bool(raw.isna().to_numpy().any())
    model = make_pipeline(*steps, _final(rng, target, codes, nulls=nulls))
    return Drawn(
        family="foreign encoder", estimator=_fit(model, raw, codes), frame=raw, prepare=_as_it_is
    )


def _own_whole(rng: random.Random, raw: pd.DataFrame, y: Any, target: str) -> Drawn:
    """A function of the user's own over the whole frame, then steps."""
    function = rng.choice(
        (own_steps.as_text, own_steps.fill_with_question_mark, own_steps.text_of_each)
    )
    model = make_pipeline(
        own(function),
        draw_columns_step(rng, function(raw), nones=False),
        _final(rng, target, y, nulls=False),
    )
    return Drawn(family="own function", estimator=_fit(model, raw, y), frame=raw, prepare=_as_it_is)


def _numbers(raw: pd.DataFrame) -> pd.DataFrame:
    frame = raw[[name for name in raw.columns if sort_of(raw[name]) != "texts"]]
    if frame.shape[1] == 0:
        raise NothingFittedError
    return frame


def _plain(rng: random.Random, raw: pd.DataFrame, y: Any, target: str) -> Drawn:
    """A model on columns of numbers, nulls and all, perhaps with steps that know no columns."""
    frame = _numbers(raw)
    nulls = bool(frame.isna().to_numpy().any())
    model: Any = _final(rng, target, y, nulls=nulls)
    if rng.random() < 0.5:
        first = [own(own_steps.ratio)] if rng.random() < 0.2 else []
        model = make_pipeline(*first, *draw_after(rng), model)
    return Drawn(family="numbers", estimator=_fit(model, frame, y), frame=frame, prepare=_as_it_is)


def _bare(rng: random.Random, raw: pd.DataFrame, y: Any, target: str) -> Drawn:
    """The same, trained on a bare array."""
    frame = _numbers(raw)
    nulls = bool(frame.isna().to_numpy().any())
    model = make_pipeline(*draw_after(rng), _final(rng, target, y, nulls=nulls))
    return Drawn(
        family="bare array",
        estimator=_fit(model, frame.to_numpy(float), y),
        frame=frame,
        prepare=lambda frame: frame.to_numpy(float),
        features=tuple(frame.columns),
    )


def _categorical(rng: random.Random, raw: pd.DataFrame, y: Any, target: str) -> Drawn:
    """A model that takes pandas' categories itself."""
    texts = [name for name in raw.columns if sort_of(raw[name]) == "texts"]
    if not texts:
        raise NothingFittedError
    kinds = {
        name: pd.CategoricalDtype(sorted(raw[name].dropna().unique().tolist(), key=str))
        for name in texts
    }

    def prepare(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.astype(kinds)

    boosting = (
        HistGradientBoostingRegressor if target == "number" else HistGradientBoostingClassifier
    )
    model = boosting(max_iter=5, min_samples_leaf=5, categorical_features="from_dtype")
    return Drawn(
        family="categories", estimator=_fit(model, prepare(raw), y), frame=raw, prepare=prepare
    )


def _dummies(rng: random.Random, raw: pd.DataFrame, y: Any, target: str) -> Drawn:
    """A model on what pandas.get_dummies made of the frame."""
    few = [n for n in raw.columns if sort_of(raw[n]) == "texts" and raw[n].nunique() in range(2, 9)]
    frame = raw[[n for n in raw.columns if sort_of(raw[n]) != "texts" or n in few]]
    if not few:
        raise NothingFittedError
    more: dict[str, Any] = rng.choice(({}, {"dtype": int}, {"drop_first": True}))
    made = pd.get_dummies(frame, columns=few, **more)

    def prepare(frame: pd.DataFrame) -> pd.DataFrame:
        now = pd.get_dummies(frame, columns=few, **{**more, "drop_first": False})
        now = now.reindex(columns=made.columns, fill_value=0)
        return now.astype({n: kind for n, kind in made.dtypes.items() if n not in frame.columns})

    model = _final(rng, target, y, nulls=bool(made.isna().to_numpy().any()))
    return Drawn(family="get_dummies", estimator=_fit(model, made, y), frame=frame, prepare=prepare)


def _by_hand(rng: random.Random, raw: pd.DataFrame, y: Any, target: str) -> Drawn:
    """A model whose author turned texts into numbers by a dictionary."""
    few = [n for n in raw.columns if sort_of(raw[n]) == "texts" and raw[n].nunique() in range(2, 9)]
    if not few:
        raise NothingFittedError
    frame = raw[[n for n in raw.columns if sort_of(raw[n]) == "numbers" or n in few]]
    codes = {
        name: {text: code for code, text in enumerate(frame[name].dropna().astype(str).unique())}
        for name in few
    }

    def prepare(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{n: frame[n].astype(str).map(codes[n]).astype(float) for n in few})

    made = prepare(frame)
    model = _final(rng, target, y, nulls=bool(made.isna().to_numpy().any()))
    return Drawn(
        family="encoded by hand",
        estimator=_fit(model, made, y),
        frame=frame,
        prepare=prepare,
        options={"map": codes},
    )


def with_nones(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame as a database's client builds it: text as objects, None for null."""
    texts = [name for name in frame.columns if sort_of(frame[name]) == "texts"]
    return frame.assign(**{n: frame[n].astype(object).where(frame[n].notna(), None) for n in texts})


_FAMILIES: tuple[Callable[..., Drawn], ...] = (
    *(_column_steps,) * 8,
    *(_known_steps,) * 3,
    *(_foreign_whole,) * 4,
    *(_own_whole,) * 2,
    *(_plain,) * 2,
    _bare,
    _categorical,
    _dummies,
    _by_hand,
)
_KNOWN_FAMILIES: tuple[Callable[..., Drawn], ...] = (
    *(_known_steps,) * 8,
    *(_plain, _plain, _categorical, _dummies, _by_hand),
)
