"""Hold what is about to be published against limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from titanic_batch.jobs.drift import FEWEST_ROWS, stability_index
from titanic_batch.jobs.last_night import LastNight
from titanic_batch.jobs.tables import GuardsTable, Limit, limit_of
from titanic_batch.scoring.guarding import PublishRequest
from titanic_batch.scoring.profiles import (
    bins_document,
    profile_of,
    shares_in_training,
)
from titanic_batch.scoring.reject_limit import RejectLimit

T = TypeVar("T")
GuardStatus = Literal["passed", "warning", "failure", "not judged"]

#: In max_null_rate, every column that has no limit of its own.
ALL_OTHERS = "*"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of holding an output against one limit.

    Attributes:
        guard: The key in [guards].
        column: The model column, "" for the score, or None where it is about all rows.
        verdict: What became of it.
        value: What was held against the limit; None where it was not judged.
        said: The same in words.
    """

    guard: str
    column: str | None = None
    verdict: GuardStatus
    value: float | None = None
    said: str = ""


def judge(
    request: PublishRequest, limits: GuardsTable, last: LastNight | None
) -> Iterator[Finding]:
    """Yield what becomes of each limit that is set."""
    read, rejected = request.rows.read, request.rows.rejected
    if (min_rows := limit_of(limits.min_rows)) is not None:
        yield _held_against(
            "min_rows",
            min_rows,
            float(read),
            lambda least: read < least,
            lambda least: f"{read:,} rows read, at least {least:,} are wanted (min_rows)",
        )
    if (max_rejects := limit_of(limits.max_rejects)) is not None:
        yield _held_against(
            "max_rejects",
            max_rejects,
            float(rejected),
            lambda most: most.exceeded_by(rejected, read, finished=True),
            lambda most: (
                f"{rejected:,} of {read:,} rows rejected, at most {_written(most)} may be "
                "(max_rejects)"
            ),
        )
    if (change := limit_of(limits.max_row_change)) is not None:
        yield _row_change(request, change, last)
    yield from _null_rates(request, limits.max_null_rate)
    if (drift := limit_of(limits.max_drift_from_training)) is not None:
        yield from _drift_from_training(request, drift)
    if (drift := limit_of(limits.max_drift_from_last)) is not None:
        yield from _drift_from_last(request, drift, last)


def _row_change(request: PublishRequest, limit: Limit[float], last: LastNight | None) -> Finding:
    guard = "max_row_change"
    if last is None:
        return _not_judged(guard, "there is no earlier night")
    name = request.name
    before = last.rows.get(name, last.rows.get(""))
    if not before:
        return _not_judged(guard, f"{last.day} has no rows to hold {name} against")
    read = request.rows.read
    change = abs(read - before) / before
    return _held_against(
        guard,
        limit,
        change,
        lambda most: change > most,
        lambda most: (
            f"{read:,} rows read, {before:,} on {last.day}: a change of {change:.0%}, at "
            f"most {most:.0%} is allowed (max_row_change)"
        ),
    )


def _null_rates(
    request: PublishRequest, limits: Mapping[str, float | Limit[float]]
) -> Iterator[Finding]:
    for name in request.schema.names:
        limit = limit_of(limits.get(name, limits.get(ALL_OTHERS)))
        if limit is None or not request.rows.read:
            continue
        rate = request.nulls.get(name, 0) / request.rows.read
        yield _null_rate(name, limit, rate)


def _null_rate(name: str, limit: Limit[float], rate: float) -> Finding:
    return _held_against(
        "max_null_rate",
        limit,
        rate,
        lambda most: rate > most,
        lambda most: f"{rate:.1%} of {name} is null, at most {most:.1%} may be (max_null_rate)",
        column=name,
    )


def _drift_from_training(request: PublishRequest, limit: Limit[float]) -> Iterator[Finding]:
    guard = "max_drift_from_training"
    if request.rows.scored < FEWEST_ROWS:
        yield _not_judged(guard, f"fewer than {FEWEST_ROWS} rows show no drift")
        return
    for column, _, counts in profile_of(request.plan, request.profile):
        shares = shares_in_training(column, request.schema)
        if shares is None or len(shares) != len(counts):
            yield _not_judged(guard, "its training profile is not known", column)
        else:
            yield _drift(guard, limit, column, stability_index(shares, counts), "training")


def _drift_from_last(
    request: PublishRequest, limit: Limit[float], last: LastNight | None
) -> Iterator[Finding]:
    guard = "max_drift_from_last"
    if last is None:
        yield _not_judged(guard, "there is no earlier night")
        return
    if request.rows.scored < FEWEST_ROWS:
        yield _not_judged(guard, f"fewer than {FEWEST_ROWS} rows show no drift")
        return
    for column, bins, counts in profile_of(request.plan, request.profile):
        known, before = last.profile.get(column, ({}, []))
        if known != bins_document(bins):
            yield _not_judged(guard, f"{last.day} has no profile with the same bins", column)
        elif sum(before) < FEWEST_ROWS:
            yield _not_judged(guard, f"{last.day} has fewer than {FEWEST_ROWS} rows", column)
        else:
            yield _drift(guard, limit, column, stability_index(before, counts), str(last.day))


def _drift(guard: str, limit: Limit[float], column: str, index: float, against: str) -> Finding:
    name = column or "the score"
    return _held_against(
        guard,
        limit,
        round(index, 6),
        lambda most: index > most,
        lambda most: (
            f"{name} has drifted from {against}: its stability index is {index:.3f}, at "
            f"most {most:g} is allowed ({guard})"
        ),
        column=column,
    )


def _held_against(
    guard: str,
    limit: Limit[T],
    value: float,
    exceeds: Callable[[T], bool],
    words: Callable[[T], str],
    *,
    column: str | None = None,
) -> Finding:
    verdict: GuardStatus = "passed"
    said = ""
    if limit.fail is not None and exceeds(limit.fail):
        verdict, said = "failure", words(limit.fail)
    elif limit.warn is not None and exceeds(limit.warn):
        verdict, said = "warning", words(limit.warn)
    return Finding(guard=guard, column=column, verdict=verdict, value=value, said=said)


def _not_judged(guard: str, why: str, column: str | None = None) -> Finding:
    return Finding(guard=guard, column=column, verdict="not judged", said=why)


def _written(limit: RejectLimit) -> str:
    return f"{limit.share:.1%}" if limit.share is not None else f"{limit.count:,}"
