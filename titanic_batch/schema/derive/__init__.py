"""Derive a training schema from nothing but a fitted estimator.

Each input column is followed through the fitted steps (`walk`), which record how they use it
(`slots.Ledger`); what the uses say together is the column's schema (`estimator_info`).
"""

from __future__ import annotations

from titanic_batch.schema.derive.estimator_info import (
    EstimatorInfo,
    about_model,
    derive_schema,
    look_into,
)

__all__ = ["EstimatorInfo", "about_model", "derive_schema", "look_into"]
