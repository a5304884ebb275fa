"""RunContext: what all files of a run share."""

from __future__ import annotations

from dataclasses import dataclass

from titanic_batch.engine.base import ModelDescription
from titanic_batch.models import VerifiedModel
from titanic_batch.publish.paths import Leftovers
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.report import RunFacts


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What all files of a run share.

    Attributes:
        model: What scores them.
        description: What is known of the model.
        options: What the run was told.
        facts: What their manifests have in common.
        leftovers: What earlier runs left in the output folders.
    """

    model: VerifiedModel
    description: ModelDescription
    options: ScoreOptions
    facts: RunFacts
    leftovers: Leftovers
