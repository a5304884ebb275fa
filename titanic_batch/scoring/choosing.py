"""Choose what predicts: a plan that is kept, one made now, or the estimator itself."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from titanic_batch.errors import TitanicBatchError
from titanic_batch.predict.compiled.about import described
from titanic_batch.predict.compiled.plan_cache import (
    PlanRefusedError,
    ProvenPlan,
    find_plan,
    plan_folder,
    plan_name,
    plan_of,
    require_place,
    write_plan,
)
from titanic_batch.scoring.model import open_chosen_model

if TYPE_CHECKING:
    from titanic_batch.engine.base import Engine
    from titanic_batch.models import VerifiedModel
    from titanic_batch.predict.base import ModelDescription
    from titanic_batch.schema import TrainingSchema
    from titanic_batch.scoring.options import ScoreOptions

#: From so many bytes of input on, a plan is made where none is kept.
WORTH_BYTES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class PredictorChoice:
    """The predictor of a run.

    Attributes:
        plan: The plan; None for the estimator.
        reason: Why the estimator; "" with a plan.
        made: The bytes of the plan's file, where this run has made it.
    """

    plan: ProvenPlan | None
    reason: str
    made: bytes = field(default=b"", repr=False)

    @property
    def words(self) -> str:
        """The predictor in words: `compiled`, or `scikit-learn (why)`."""
        return "compiled" if self.plan is not None else f"scikit-learn ({self.reason})"

    def description_of(self, model: VerifiedModel) -> ModelDescription | None:
        """Return what the plan's file says of its model; None where it has to be loaded."""
        if self.plan is None or model.allow_version_mismatch:
            return None
        return described(self.plan.about, self.plan.plan, model.schema, model.warnings)


def kept_predictor(model_sha256: str, schema: TrainingSchema | None) -> PredictorChoice:
    """Return what predicts a small input, by what is kept of a model.

    Args:
        model_sha256: Of the model's file.
        schema: What came with the model.
    """
    try:
        plan = find_plan(plan_folder(), plan_name(model_sha256, schema))
    except PlanRefusedError as exc:
        return PredictorChoice(plan=None, reason=str(exc))
    return PredictorChoice(plan=plan, reason="" if plan else "no plan is kept")


@dataclass(frozen=True, kw_only=True)
class OpenedModel:
    """The model of a run, which passed the trust gate, and what is kept of it."""

    model: VerifiedModel
    kept: PredictorChoice

    @property
    def is_planned(self) -> bool:
        """Whether a plan is kept by which its rows are scored in threads."""
        return self.kept.description_of(self.model) is not None


def open_ahead(options: ScoreOptions) -> OpenedModel | None:
    """Open the chosen model before anything else of a run is imported; None where that fails."""
    try:
        model = open_chosen_model(options)
    except TitanicBatchError:
        return None  # it is said when the run opens it
    return opened_model(model)


def opened_model(model: VerifiedModel) -> OpenedModel:
    """Return a model with what is kept of it."""
    return OpenedModel(model=model, kept=kept_predictor(model.sha256, model.schema))


def choose_predictor(
    engine: Engine, model: VerifiedModel, kept: PredictorChoice, input_bytes: int
) -> PredictorChoice:
    """Choose what predicts, and tell the engine.

    Args:
        engine: What has loaded the model.
        model: The model, which passed the trust gate.
        kept: What predicts by what is kept of it.
        input_bytes: How much there is to score: for much, a plan is made where none is kept.
    """
    choice = kept
    if choice.plan is None and input_bytes > WORTH_BYTES:
        choice = _make(engine, model)
    if choice.plan is not None:
        engine.use_plan(choice.plan.plan)
    return choice


def _make(engine: Engine, model: VerifiedModel) -> PredictorChoice:
    name = plan_name(model.sha256, model.schema)
    made = engine.make_plan(name)
    if isinstance(made, str):
        return PredictorChoice(plan=None, reason=made)
    with contextlib.suppress(OSError, PlanRefusedError):  # the next run makes it again
        require_place(plan_folder())
        write_plan(plan_folder(), name, made)
    return PredictorChoice(plan=plan_of(made, name), reason="", made=made)
