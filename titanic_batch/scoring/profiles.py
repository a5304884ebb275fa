"""What a manifest says of the rows' distribution: counts by bin, beside the shares in training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from titanic_batch.bins import Bins, training_score_shares, training_shares

if TYPE_CHECKING:
    from titanic_batch.chunk.profile import Profile, ProfilePlan
    from titanic_batch.schema import TrainingSchema

#: What the score is called among the columns: no column has an empty name.
SCORE = ""


def profile_of(
    plan: ProfilePlan | None, profile: Profile | None
) -> Iterator[tuple[str, Bins, list[int]]]:
    """Yield each column's bins and counts, the score's last."""
    if plan is None or profile is None:
        return
    for column, _, bins in plan.columns:
        if column in profile.columns:
            yield column, bins, profile.columns[column].tolist()
    if plan.score is not None and profile.score is not None:
        yield SCORE, plan.score, profile.score.tolist()


def bins_document(bins: Bins) -> dict[str, Any]:
    """Return bins as a manifest holds them."""
    if bins.values is not None:
        return {"values": list(bins.values)}
    return {"edges": list(bins.edges)}


def profile_document(
    plan: ProfilePlan | None, profile: Profile | None, schema: TrainingSchema
) -> dict[str, dict[str, Any]] | None:
    """Return the manifest's `profile`; None where nothing was counted."""
    if plan is None:
        return None
    return {
        column: {
            "bins": bins_document(bins),
            "counts": counts,
            "training": _shares(column, schema, len(counts)),
        }
        for column, bins, counts in profile_of(plan, profile)
    }


def shares_in_training(column: str, schema: TrainingSchema) -> tuple[float, ...] | None:
    """Return the share of training rows in each bin of a column, or of the score, if known."""
    if column == SCORE:
        return training_score_shares(schema.score)
    return training_shares(schema.column(column))


def _shares(column: str, schema: TrainingSchema, count: int) -> list[float] | None:
    shares = shares_in_training(column, schema)
    if shares is None or len(shares) != count:
        return None
    return [round(share, 6) for share in shares]
