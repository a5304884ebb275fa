"""Derive a training schema from nothing but a fitted estimator.

Each input column is followed through the fitted steps (`walk`), which record how they use it
(`slots.Ledger`); what the uses say together is the column's schema (`facts`).
"""

from __future__ import annotations

from titanic_batch.schema.derive.facts import EstimatorInfo, about_model, derive_schema, look_into

__all__ = ["EstimatorInfo", "about_model", "derive_schema", "look_into"]
