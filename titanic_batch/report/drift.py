"""Each column, and the score, over the dates and against training."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from titanic_batch.jobs.drift import FEWEST_ROWS, stability_index
from titanic_batch.jobs.run_records import RunRecord

#: The score among the columns.
SCORE = ""
#: By custom: below the first is no drift, above the second a large one.
SOME_DRIFT, LARGE_DRIFT = 0.1, 0.25

Level = Literal["none", "some", "large", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """What a date's rows hold in a column, beside what is expected.

    Attributes:
        labels: Of the bins, without nulls.
        counts: Rows in each bin, without nulls.
        expected: The share of each bin, without nulls; None where nobody knows.
        edges: Where the bins meet; None where each bin is a value.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...]
    expected: tuple[float, ...] | None
    edges: tuple[float, ...] | None


@dataclass(frozen=True, kw_only=True)
class ColumnDrift:
    """A column, or the score.

    Attributes:
        name: Its name; "" for the score.
        against: What it is held against: "training", or a date; "" for nothing.
        indexes: Its stability index on each date; None where it was not counted, or of too few.
        on: The last date that counted it; "" where none did.
        last: Its index on that date; None where there is none.
        since: Since when it has been above `SOME_DRIFT`; "" where it is not.
        distribution: On that date; None where there is none.
        null_rate: On the last date that is published; None where no row was read.
        expected_null_rate: In training; None where nobody knows.
    """

    name: str
    against: str = ""
    indexes: tuple[float | None, ...] = ()
    on: str = ""
    last: float | None = None
    since: str = ""
    distribution: Distribution | None = None
    null_rate: float | None = None
    expected_null_rate: float | None = None

    @property
    def level(self) -> Level:
        """How far it has drifted."""
        if self.last is None:
            return "unknown"
        if self.last <= SOME_DRIFT:
            return "none"
        return "some" if self.last <= LARGE_DRIFT else "large"


def column_drift(records: Sequence[RunRecord]) -> list[ColumnDrift]:
    """Return the columns that were counted, the most drifted first; the score is among them."""
    names = dict.fromkeys(name for record in records for name in (*record.profile, *record.nulls))
    found = [_column(name, records) for name in names]
    return sorted(found, key=lambda one: (-(one.last if one.last is not None else -1), one.name))


def _column(name: str, records: Sequence[RunRecord]) -> ColumnDrift:
    told = [_told(record, name) for record in records]
    at = next((at for at in reversed(range(len(told))) if told[at] is not None), None)
    last_told = told[at] if at is not None else None
    rate, expected_rate = _null_rates(name, records, last_told)
    if at is None or last_told is None:
        return ColumnDrift(name=name, null_rate=rate)
    against, expected = _expected(last_told, told, records)
    indexes = tuple(_index(one, expected, last_told["bins"]) for one in told)
    return ColumnDrift(
        name=name,
        against=against,
        indexes=indexes,
        on=records[at].date,
        last=indexes[at],
        since=_since(indexes, records),
        distribution=_distribution(last_told, expected),
        null_rate=rate,
        expected_null_rate=expected_rate,
    )


def _told(record: RunRecord, name: str) -> dict[str, Any] | None:
    """Return a record's counts of a column, if they are as a run of ours writes them."""
    told = record.profile.get(name)
    if told is None or not any(told["counts"]):
        return None
    edges, values = told["bins"].get("edges"), told["bins"].get("values")
    if isinstance(edges, list):
        known = all(isinstance(edge, int | float) and math.isfinite(edge) for edge in edges)
        return told if known and len(told["counts"]) == len(edges) + 2 else None
    return told if isinstance(values, list) and len(told["counts"]) == len(values) + 2 else None


def _expected(
    last: dict[str, Any], told: Sequence[dict[str, Any] | None], records: Sequence[RunRecord]
) -> tuple[str, list[float] | None]:
    """Return what a column is held against, and its shares by bin, nulls among them."""
    training = last.get("training")
    if training is not None and len(training) == len(last["counts"]) and sum(training) > 0:
        return "training", [max(share, 0.0) for share in training]
    for record, one in zip(records, told, strict=True):
        if one is not None and one is not last and one["bins"] == last["bins"]:
            return record.date, [count / sum(one["counts"]) for count in one["counts"]]
    return "", None


def _index(
    told: dict[str, Any] | None, expected: list[float] | None, bins: dict[str, Any]
) -> float | None:
    if told is None or expected is None or told["bins"] != bins:
        return None
    counts = told["counts"]
    return stability_index(expected, counts) if sum(counts) >= FEWEST_ROWS else None


def _since(indexes: Sequence[float | None], records: Sequence[RunRecord]) -> str:
    since = ""
    for index, record in zip(reversed(indexes), reversed(records), strict=True):
        if index is not None:
            if index <= SOME_DRIFT:
                break
            since = record.date
    return since


def _null_rates(
    name: str, records: Sequence[RunRecord], told: dict[str, Any] | None
) -> tuple[float | None, float | None]:
    rate = None
    last = next((record for record in reversed(records) if record.is_published), None)
    if last is not None and last.rows is not None and last.rows.read:
        rate = last.nulls.get(name, 0) / last.rows.read
    training = told.get("training") if told is not None else None
    return rate, training[-1] if training and name != SCORE else None


def _distribution(told: dict[str, Any], expected: list[float] | None) -> Distribution:
    edges, values = told["bins"].get("edges"), told["bins"].get("values")
    counts = told["counts"][:-1]
    shares = expected[:-1] if expected is not None else None
    if edges is not None:
        labels = tuple(_ranges([float(edge) for edge in edges]))
        return Distribution(
            labels=labels,
            counts=tuple(counts),
            expected=tuple(shares) if shares is not None else None,
            edges=tuple(float(edge) for edge in edges),
        )
    labels = (*(str(value) for value in values), "other values")
    if not counts[-1] and not (shares and shares[-1] > 0):  # there are none
        labels, counts = labels[:-1], counts[:-1]
        shares = shares[:-1] if shares is not None else None
    return Distribution(
        labels=labels,
        counts=tuple(counts),
        expected=tuple(shares) if shares is not None else None,
        edges=None,
    )


def _ranges(edges: list[float]) -> Iterator[str]:
    if not edges:
        yield "all values"
        return
    yield f"up to {number(edges[0])}"
    for low, high in itertools.pairwise(edges):
        yield f"{number(low)} to {number(high)}"
    yield f"above {number(edges[-1])}"


def number(value: float) -> str:
    """Return a number as a label has it."""
    return f"{value:,.4g}"
