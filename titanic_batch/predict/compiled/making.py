"""Make a plan: compile it, prove it equal to scikit-learn, and merge its tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from titanic_batch.alignment.apply import Features
from titanic_batch.predict.base import ModelDescription, Predictions
from titanic_batch.predict.compiled.compile.compiling import compile_plan
from titanic_batch.predict.compiled.compile.probing import Frame
from titanic_batch.predict.compiled.compile.sample_rows import plain_alignment
from titanic_batch.predict.compiled.compile.trees import merged
from titanic_batch.predict.compiled.compile.walk import NotCompilableError
from titanic_batch.predict.compiled.plan import ScoringPlan, Trees
from titanic_batch.predict.compiled.plan_file import plan_to_bytes
from titanic_batch.predict.compiled.proof import NotProvenError, prove
from titanic_batch.predict.frame import model_input
from titanic_batch.predict.sklearn_predictor import SklearnPredictor
from titanic_batch.schema import TrainingSchema

#: How long a plan may take where nobody asked for it.
MOST_SECONDS = 10.0


def make_plan(
    estimator: Any,
    schema: TrainingSchema,
    frame: Frame,
    predict: Callable[[Sequence[Features]], Predictions],
    *,
    seconds: float = MOST_SECONDS,
) -> ScoringPlan:
    """Compile a fitted model, and prove the plan.

    Args:
        estimator: The model.
        schema: What it expects.
        frame: Lays aligned columns out as the model is given them.
        predict: Asks the model.
        seconds: How long both may take.

    Raises:
        NotCompilableError: if it holds what is not compiled.
        NotProvenError: if the plan says anything else than the model, or takes too long.
    """
    started = time.perf_counter()
    plan = compile_plan(estimator, schema, frame)
    prove(plan, schema, predict, seconds=seconds - (time.perf_counter() - started))
    if time.perf_counter() - started > 2 * seconds:
        raise NotProvenError(f"it takes more than {2 * seconds:.0f} s to compile")
    return replace(plan, body=merged(plan.body)) if isinstance(plan.body, Trees) else plan


def plan_bytes(
    estimator: Any,
    description: ModelDescription,
    name: str,
    seconds: float | None,
    about: dict[str, Any] | None,
) -> bytes | str:
    """Return the content of a proven plan's file, or why there is none.

    Args:
        estimator: The model.
        description: What is known of it.
        name: The file's name.
        seconds: How long it may take; None for what nobody waits for.
        about: What the file is to say of the model.
    """
    info, schema = description.info, description.schema
    alignment = plain_alignment(schema)
    predictor = SklearnPredictor(estimator=estimator, info=info, alignment=alignment)
    try:
        plan = make_plan(
            estimator,
            schema,
            lambda columns: model_input(alignment, columns),
            predictor.predict,
            seconds=MOST_SECONDS if seconds is None else seconds,
        )
        return plan_to_bytes(plan, name, about)
    except (NotCompilableError, NotProvenError) as exc:
        return str(exc)
    except MemoryError:
        raise
    except Exception as exc:  # noqa: BLE001  # a plan is never needed
        return f"compiling it fails ({type(exc).__name__})"
