"""The dates of a page: how each ended, and those on which nobody ran the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from titanic_batch.jobs.run_records import RunRecord
from titanic_batch.publish.manifest import RowCounts

#: A job runs on a day of the week if it has on more than this share of them.
_USUAL = 0.5
_FEWEST_DATES = 7
_LONGEST_SPAN_DAYS = 360


@dataclass(frozen=True, kw_only=True)
class State:
    """How a date ended, as the page shows it."""

    symbol: str
    word: str
    kind: str


FAILED = State(symbol="✕", word="failed", kind="bad")
ABSENT = State(symbol="\N{EN DASH}", word="no input", kind="info")
WARNED = State(symbol="▲", word="published, with warnings", kind="warn")
GOOD = State(symbol="✓", word="published", kind="ok")
REPEATED = State(symbol="=", word="nothing was to do", kind="info")
NOT_RUN = State(symbol="?", word="not run", kind="bad")


@dataclass(frozen=True, kw_only=True)
class DateRow:
    """A date of the page; one that has no record was not run."""

    date: str
    state: State
    record: RunRecord | None

    @property
    def scored(self) -> int:
        """Rows that this date has published."""
        return self._rows.scored if self._rows is not None else 0

    @property
    def rejected(self) -> int:
        """Rows that were rejected beside them."""
        return self._rows.rejected if self._rows is not None else 0

    @property
    def _rows(self) -> RowCounts | None:
        if self.record is None or self.state not in (GOOD, WARNED):
            return None
        return self.record.rows


def date_rows(records: Sequence[RunRecord]) -> list[DateRow]:
    """Return a row for each date, those on which the job usually runs and did not among them."""
    rows: list[DateRow] = []
    seen: set[str] = set()
    for record in records:
        rows.append(DateRow(date=record.date, state=_state(record, seen), record=record))
        if record.run_id is not None:
            seen.add(record.run_id)
    missing = [
        DateRow(date=day, state=NOT_RUN, record=None)
        for day in _missing([record.date for record in records])
    ]
    return sorted([*rows, *missing], key=lambda row: row.date)


def _state(record: RunRecord, seen: set[str]) -> State:
    if record.status == "failed":
        return FAILED
    if record.status == "absent":
        return ABSENT
    if record.run_id in seen:  # what another date has published, such as that week's first
        return REPEATED
    return WARNED if record.warnings else GOOD


def _missing(dates: Sequence[str]) -> list[str]:
    """Return the days on which the job usually runs and did not, between the first and the last."""
    if len(dates) < _FEWEST_DATES:
        return []
    known = {date.fromisoformat(day) for day in dates}
    first, last = min(known), max(known)
    days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
    if len(days) > _LONGEST_SPAN_DAYS:
        return []
    all_days, run_days = (Counter(day.weekday() for day in some) for some in (days, known))
    return [
        str(day)
        for day in days
        if day not in known and run_days[day.weekday()] > _USUAL * all_days[day.weekday()]
    ]


def counted(rows: Sequence[DateRow]) -> str:
    """Return how many dates ended how, in words."""
    counts = Counter(row.state for row in rows)
    words = (
        (counts[GOOD] + counts[WARNED], "published"),
        (counts[FAILED], "failed"),
        (counts[ABSENT], "without an input"),
        (counts[NOT_RUN], "not run"),
        (counts[REPEATED], "with nothing to do"),
    )
    return ", ".join(f"{count:,} {word}" for count, word in words if count)
