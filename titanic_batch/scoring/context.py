"""RunContext: what all files of a run share."""

from __future__ import annotations

from dataclasses import dataclass

from titanic_batch.models import VerifiedModel
from titanic_batch.publish.stale_files import StaleFiles
from titanic_batch.scoring.finishing import Finisher
from titanic_batch.scoring.guarding import Guard
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.planning import Planner
from titanic_batch.scoring.report import RunInfo


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """The objects that all files of a run share.

    Attributes:
        model: What scores them.
        options: What the run was told.
        fingerprint: Stands for all that its predictions depend on but the inputs.
        planner: Plans each of them.
        info: What their manifests have in common.
        stale_files: What earlier runs left in the output folders.
        finisher: Calls what ends each file's run.
        guard: Is asked before each file is published.
        profiles: Whether rows are counted by bin, for the manifests and the guard.
    """

    model: VerifiedModel
    options: ScoreOptions
    fingerprint: str
    planner: Planner
    info: RunInfo
    stale_files: StaleFiles
    finisher: Finisher
    guard: Guard | None = None
    profiles: bool = False

    @property
    def may_depend(self) -> bool:
        """Whether a row's score may depend on the rows beside it, as the user allows."""
        return (
            self.options.allow_batch_dependence and not self.planner.description.info.known_by_row
        )
