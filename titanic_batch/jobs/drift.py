"""Population stability index: how far a distribution has moved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from titanic_batch.publish.manifest import Manifest

_GUARDS = "max_drift_from_"
#: Stands for the share of an empty bin, whose logarithm there is none of.
_SMALLEST_SHARE = 1e-4
#: Of fewer rows than this, the index shows chance more than drift: between two samples of one
#: distribution it is about (bins - 1) * (1 / rows + 1 / rows of the other).
FEWEST_ROWS = 100


def drift_of(manifest: Manifest | None) -> Iterator[tuple[str, str, float]]:
    """Yield the drift that a manifest tells of: column, `training` or `last`, and index.

    The score's column is `(score)`.
    """
    job = manifest.job if manifest is not None else None
    for finding in job.guards if job is not None else ():
        guard, value = finding["guard"], finding["value"]
        if guard.startswith(_GUARDS) and value is not None:
            yield finding["column"] or "(score)", guard.removeprefix(_GUARDS), float(value)


def added_profiles(profiles: Iterable[Mapping[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return the counts of several profiles in one; other bins than the first's are left out."""
    total: dict[str, dict[str, Any]] = {}
    for profile in profiles:
        for column, told in profile.items():
            known = total.get(column)
            if known is None:
                total[column] = told
            elif known["bins"] == told["bins"] and len(known["counts"]) == len(told["counts"]):
                counts = [a + b for a, b in zip(known["counts"], told["counts"], strict=True)]
                total[column] = {**known, "counts": counts}
    return total


def stability_index(expected: Sequence[float], found: Sequence[float]) -> float:
    """Return the population stability index of two distributions over the same bins.

    The sum over bins of (f - e) * ln(f / e). By custom, below 0.1 is no drift, and above 0.25 is a
    large one (N. Siddiqi, Credit Risk Scorecards, 2006).

    Args:
        expected: Counts or shares by bin, some of them above 0.
        found: The same of what is held against it.
    """
    return sum(
        (f - e) * math.log(f / e) for e, f in zip(_shares(expected), _shares(found), strict=True)
    )


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [max(count / total, _SMALLEST_SHARE) for count in counts]
