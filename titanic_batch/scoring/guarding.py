"""Guard: looks at what is about to be published, and may keep it from being published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from titanic_batch.errors import DataError
from titanic_batch.models import VerifiedModel
from titanic_batch.publish.manifest import JobInfo, RowCounts
from titanic_batch.schema import TrainingSchema

if TYPE_CHECKING:
    from titanic_batch.chunk.profile import Profile, ProfilePlan


@dataclass(frozen=True, kw_only=True)
class PublishRequest:
    """An output that is about to be published.

    Attributes:
        input: The input.
        name: Of the output, in the folder that several go into.
        output: Where it goes; None for standard output.
        rows: How many.
        nulls: Null cells by model column, of all well-formed records.
        schema: What the model expects.
        plan: What the profile counts; None where nothing is counted.
        profile: What was counted, of the rows that were scored.
    """

    input: str
    name: str
    output: str | None
    rows: RowCounts
    nulls: Mapping[str, int]
    schema: TrainingSchema
    plan: ProfilePlan | None
    profile: Profile | None


@dataclass(frozen=True, kw_only=True)
class GuardDecision:
    """A guard's notes on an output that it lets through.

    Attributes:
        job: The manifest's `job`.
        warnings: What is added to the manifest's `warnings`.
        keeps_replaced: Whether the manifest that is replaced is kept beside the new one.
    """

    job: JobInfo
    warnings: tuple[str, ...] = ()
    keeps_replaced: bool = False


class GuardsError(DataError):
    """A limit that fails is exceeded; the run record keeps what was found.

    Args:
        message: As of any error; so are `where` and `hint`.
        where: See there.
        hint: See there.
        findings: What became of each limit.
        profile: What was counted.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str,
        hint: str,
        findings: tuple[dict[str, Any], ...],
        profile: dict[str, dict[str, Any]] | None,
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.findings = findings
        self.profile = profile


class Guard(Protocol):
    """Is asked before each file is published, one at a time, perhaps in another thread."""

    @property
    def profiles(self) -> bool:
        """Whether it needs a profile, however many files there are."""
        ...

    def check(self, model: VerifiedModel, schema: TrainingSchema, /) -> None:
        """Raise before anything is scored if the model is not what the guard wants.

        The model is the one that scores, whatever its reference may mean by now.
        """
        ...

    def __call__(self, request: PublishRequest, /) -> GuardDecision:
        """Let an output be published; raises GuardsError to keep the old one."""
        ...
