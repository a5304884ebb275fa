"""Draw an encoder of category_encoders or of feature_engine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import category_encoders as ce
from feature_engine import encoding
from sklearn.pipeline import make_pipeline


def draw_foreign_encoder(rng: random.Random, columns: Sequence[str] | None) -> Any:
    """Draw one of category_encoders' or feature_engine's."""
    chosen: Any = None if columns is None else list(columns)
    if rng.random() < 0.6:
        unknown = rng.choice(("value", "value", "return_nan", "error"))
        missing = rng.choice(("value", "value", "return_nan"))
        kind = rng.choice(
            (
                *(ce.OrdinalEncoder, ce.TargetEncoder, ce.CountEncoder, ce.BinaryEncoder),
                *(ce.OneHotEncoder, ce.LeaveOneOutEncoder, ce.MEstimateEncoder),
                *(ce.JamesSteinEncoder, ce.CatBoostEncoder, ce.HashingEncoder),
            )
        )
        if kind is ce.HashingEncoder:
            return kind(cols=chosen, n_components=4, max_process=1)
        more: dict[str, Any] = {"handle_unknown": unknown, "handle_missing": missing}
        if kind is ce.CountEncoder:
            more = rng.choice(({}, {"normalize": True}, {"handle_unknown": 0}))
        return kind(cols=chosen, **more)
    unseen = rng.choice(("ignore", "encode", "raise"))
    missing = rng.choice(("raise", "ignore"))
    made: Any = rng.choice(
        (
            *(encoding.OrdinalEncoder, encoding.CountFrequencyEncoder, encoding.OneHotEncoder),
            *(encoding.RareLabelEncoder, encoding.MeanEncoder),
        )
    )
    if made is encoding.OneHotEncoder:
        return made(variables=chosen, ignore_format=True)
    if made is encoding.RareLabelEncoder:
        rare = made(tol=0.2, n_categories=2, variables=chosen, missing_values=missing)
        return make_pipeline(
            rare, encoding.OrdinalEncoder(encoding_method="arbitrary", variables=chosen)
        )
    return made(variables=chosen, unseen=unseen, missing_values=missing, ignore_format=True)
