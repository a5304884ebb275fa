"""What a plan's file says of its model, so that a run need not load it to describe it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from titanic_batch.predict.base import ModelDescription, ModelInfo
from titanic_batch.predict.compiled.plan import ScoringPlan
from titanic_batch.schema import TrainingSchema, schema_from_json, schema_to_json

_LABEL_TYPES = {str(kind): kind for kind in (pa.int64(), pa.bool_(), pa.float64(), pa.string())}
_FLAGS = ("has_probability", "independent_rows", "independent_steps", "known_by_row")


def about_model(description: ModelDescription, *, derived: bool) -> dict[str, Any]:
    """Return a model's description as JSON.

    Args:
        description: It; that loading the model brought up nothing is taken for granted.
        derived: Whether its schema was derived from the estimator, and is to be kept here.
    """
    info = description.info
    return {
        "label_type": str(info.label_type),
        **{name: getattr(info, name) for name in _FLAGS},
        "libraries": description.libraries,
        "schema": schema_to_json(description.schema) if derived else None,
    }


def described(
    about: Any, plan: ScoringPlan, schema: TrainingSchema | None, warnings: tuple[str, ...]
) -> ModelDescription | None:
    """Return the description of a model by its plan's file; None where that has none.

    Args:
        about: What the file says.
        plan: The plan.
        schema: What came with the model; None where it was derived.
        warnings: What was noticed when the model was found.
    """
    try:
        libraries = about["libraries"]
        if not all(isinstance(text, str) for pair in libraries.items() for text in pair):
            return None
        info = ModelInfo(
            classes=None if plan.classes is None else tuple(plan.classes.tolist()),
            label_type=_LABEL_TYPES[about["label_type"]],
            **{name: about[name] is True for name in _FLAGS},
        )
        found = schema or schema_from_json(about["schema"], where="its plan")
    except Exception:  # noqa: BLE001  # then the model is loaded, and says it itself
        return None
    return ModelDescription(info=info, schema=found, warnings=warnings, libraries=libraries)
