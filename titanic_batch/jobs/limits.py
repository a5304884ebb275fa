"""What [guards] allows, each with a limit that warns, one that fails, or both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from titanic_batch.errors import UsageError
from titanic_batch.scoring.reject_limit import RejectLimit

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Limit(Generic[T]):
    """A limit for warnings and one for failures; None for none."""

    warn: T | None = None
    fail: T | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of a job.

    Attributes:
        min_rows: Rows read, at least.
        max_rejects: Rejected rows, at most.
        max_row_change: Change in rows read from the last night, as a share of them, 0 to 1 and up.
        max_null_rate: Model column (or `*` for all others) to its share of null cells, 0 to 1.
        max_drift_from_training: Population stability index of any column and of the score.
        max_drift_from_last: The same, against the last night.
    """

    min_rows: Limit[int] = field(default_factory=Limit)
    max_rejects: Limit[RejectLimit] = field(default_factory=Limit)
    max_row_change: Limit[float] = field(default_factory=Limit)
    max_null_rate: dict[str, Limit[float]] = field(default_factory=dict)
    max_drift_from_training: Limit[float] = field(default_factory=Limit)
    max_drift_from_last: Limit[float] = field(default_factory=Limit)

    @property
    def need_profile(self) -> bool:
        """Whether they can be judged only by what is in each bin."""
        return {self.max_drift_from_training, self.max_drift_from_last} != {Limit()}

    @property
    def need_last_night(self) -> bool:
        """Whether they can be judged only against the last night."""
        return {self.max_row_change, self.max_drift_from_last} != {Limit()}


def parse_share(text: str) -> float:
    """Return a share written as a percentage: 0.3 for `30%`.

    Raises:
        UsageError: if it is none.
    """
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else -1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1_000:
        raise UsageError(f"{text!r} is no share", cure="Write it as 30%.")
    return share
