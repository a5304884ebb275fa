"""What needs a look, the worst first, and the command that helps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from titanic_batch.jobs.run_history import Damaged
from titanic_batch.jobs.run_records import RunRecord
from titanic_batch.printable import shell_quoted
from titanic_batch.report.drift import SOME_DRIFT, ColumnDrift
from titanic_batch.report.reading import Story
from titanic_batch.stores.names import last_part

_MOST_WARNINGS = 10
_MOST_COMMANDS = 3
_LONGEST_PATH = 500
_MOST_DATES = 8
_MOST_COLUMNS = 5
_MANY_MORE_NULLS = 0.1

State = Literal["bad", "warn", "info"]
SYMBOLS: dict[State, str] = {"bad": "✕", "warn": "▲", "info": "●"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that needs a look.

    Attributes:
        state: How bad it is.
        head: What it is, in short.
        said: More of it; "" for nothing.
        commands: What to run; none where nothing is to be run.
        then: What stands before them; "" for nothing.
    """

    state: State
    head: str
    said: str = ""
    commands: tuple[str, ...] = ()
    then: str = ""

    @property
    def symbol(self) -> str:
        """Says how bad it is without a colour."""
        return SYMBOLS[self.state]


def find(story: Story, columns: Sequence[ColumnDrift], missing: Sequence[str]) -> list[Finding]:
    """Return what needs a look.

    Args:
        story: What the page tells.
        columns: Its columns.
        missing: Dates on which the job would usually have run, and did not.
    """
    last = story.last
    return [
        *_failed(story.records),
        *_not_run(missing, _job_file(story.records)),
        *_unread(story.damaged),
        *_drifted(columns, last),
        *_nulls(columns, last),
        *_rejects(last),
        *_warnings(last, columns),
        *_model_changed(story.records),
    ]


def ranges(dates: Iterable[str]) -> list[tuple[str, str]]:
    """Return dates as ranges of days that follow each other."""
    found: list[tuple[str, str]] = []
    for day in dates:
        if found and date.fromisoformat(day) - date.fromisoformat(found[-1][1]) == timedelta(1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def spoken(dates: Sequence[str]) -> str:
    """Return dates for a sentence; of many, the last."""
    parts = [first if first == last else f"{first} to {last}" for first, last in ranges(dates)]
    left = len(parts) - _MOST_DATES
    shown = ", ".join(parts[-_MOST_DATES:])
    return f"{shown}, and {left:,} times before" if left > 0 else shown


def _run_again(dates: Sequence[str], job_file: str) -> tuple[str, ...]:
    if not job_file or len(job_file) > _LONGEST_PATH:  # half a command is worse than none
        return ()
    run = f"titanic-batch run {shell_quoted(job_file)}"
    found = ranges(dates)
    if len(found) > _MOST_COMMANDS:  # what is published between them stays as it is
        found = [(found[0][0], found[-1][1])]
    return tuple(
        f"{run} --date {first}" if first == last else f"{run} --backfill {first}..{last}"
        for first, last in found
    )


def _job_file(records: Sequence[RunRecord]) -> str:
    return next((record.job_file for record in reversed(records) if record.job_file), "")


def _failed(records: Sequence[RunRecord]) -> list[Finding]:
    """Return the dates that failed, those of one reason together, the latest first."""
    groups: dict[tuple[int, str], list[RunRecord]] = {}
    for record in records:
        if record.status == "failed":
            groups.setdefault((record.exit_code, _kind_of_error(record)), []).append(record)
    found = []
    for (code, _), group in sorted(groups.items(), key=lambda one: one[1][-1].date, reverse=True):
        latest = group[-1]
        dates = [record.date for record in group]
        error = latest.error
        said = ""
        if error is not None:
            what = first_line(error.what).removesuffix(":")
            what = f"{error.where}: {what}" if error.where else what
            said = f"{_sentence(what)} {error.cure}".strip()
        found.append(
            Finding(
                state="bad",
                then="Once that is fixed:",
                head=f"Failed ({code}) for {spoken(dates)}{_of_files(latest)}",
                said=said,
                commands=_run_again(dates, _job_file(group)),
            )
        )
    return found[:_MOST_WARNINGS]


def _of_files(record: RunRecord) -> str:
    """Return how many of several files failed, where others are published."""
    if not 0 < record.files_failed < record.files:
        return ""
    return f", {record.files_failed:,} of {record.files:,} files"


def first_line(text: str) -> str:
    """Return the first line of what may be followed by a list of rows."""
    return text.partition("\n")[0]


def _kind_of_error(record: RunRecord) -> str:
    """Return what an error says, without what is another for each date: counts, paths."""
    if record.error is None:
        return ""
    what = first_line(record.error.what).replace(record.input, "").replace(record.output, "")
    return re.sub(r"\d+", "", what)


def _not_run(missing: Sequence[str], job_file: str) -> list[Finding]:
    if not missing:
        return []
    return [
        Finding(
            state="bad",
            head=f"Not run for {spoken(missing)}",
            said="Dates before and after have a run; these have none.",
            commands=_run_again(missing, job_file),
        )
    ]


def _unread(damaged: Sequence[Damaged]) -> list[Finding]:
    return [
        Finding(
            state="warn", head=f"{last_part(one.path)} was passed over", said=_sentence(one.reason)
        )
        for one in damaged[:_MOST_WARNINGS]
    ]


def _drifted(columns: Sequence[ColumnDrift], last: RunRecord) -> list[Finding]:
    found = []
    is_series = any(len(column.indexes) > 1 for column in columns)
    drifted = [column for column in columns if column.level in ("some", "large")]
    for column in drifted[:_MOST_COLUMNS]:
        since = f", above {SOME_DRIFT:g} since {column.since}" if is_series else ""
        on = f" on {column.on}" if column.on != last.date else ""
        found.append(
            Finding(
                state="warn",
                head=f"{column.name or 'The score'} has drifted from {column.against}",
                said=f"Its stability index is {column.last:.2f}{on}, "
                f"{'a large drift' if column.level == 'large' else 'some drift'} by custom{since}.",
                commands=_check(last) if column.name else (),
            )
        )
    if len(drifted) > _MOST_COLUMNS:
        names = [column.name or "the score" for column in drifted[_MOST_COLUMNS:][:_MOST_DATES]]
        more = len(drifted) - _MOST_COLUMNS
        said = ", ".join(names) + (", ..." if more > len(names) else "")
        found.append(Finding(state="warn", head=f"{more:,} more have drifted", said=said))
    return found


def _nulls(columns: Sequence[ColumnDrift], last: RunRecord) -> list[Finding]:
    return [
        Finding(
            state="warn",
            head=f"{column.name} is null in {column.null_rate:.1%} of the rows",
            said=f"In training it was in {column.expected_null_rate:.1%}.",
            commands=_check(last),
        )
        for column in columns
        if column.null_rate is not None
        and column.expected_null_rate is not None
        and column.null_rate - column.expected_null_rate > _MANY_MORE_NULLS
    ][:_MOST_COLUMNS]


def _rejects(last: RunRecord) -> list[Finding]:
    if last.rows is None or not last.rows.rejected or not last.is_published:
        return []
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in last.rejects.by_reason.items())
    where = f" They are in {last.rejects.path}." if last.rejects.path else ""
    return [
        Finding(
            state="warn",
            head=f"{last.rows.rejected:,} of {last.rows.read:,} rows were rejected",
            said=f"{reasons}.{where}",
            commands=_check(last),
        )
    ]


def _warnings(last: RunRecord, columns: Sequence[ColumnDrift]) -> list[Finding]:
    """Return what the last run warned of, but for drift that is said already."""
    drifted = {column.name for column in columns if column.level in ("some", "large")}
    said = {
        finding["said"]
        for finding in last.guards
        if finding["guard"] == "max_drift_from_training" and finding["column"] in drifted
    }
    texts = [text for text in last.warnings if text.removeprefix("guards: ") not in said]
    found = [Finding(state="warn", head=_sentence(text)) for text in texts[:_MOST_WARNINGS]]
    if len(texts) > _MOST_WARNINGS:
        more = len(texts) - _MOST_WARNINGS
        found.append(Finding(state="warn", head=f"{more:,} more warnings are in its manifest."))
    return found


def _model_changed(records: Sequence[RunRecord]) -> list[Finding]:
    models = [(record.date, record.model) for record in records if record.model is not None]
    for (_, before), (day, now) in zip(reversed(models[:-1]), reversed(models), strict=False):
        if before.sha256 != now.sha256:
            return [
                Finding(
                    state="info",
                    head=f"Another model scores since {day}",
                    said=f"{before.tag} before, {now.tag} since.",
                )
            ]
    return []


def _check(last: RunRecord) -> tuple[str, ...]:
    """Return the command that says how an input is fed; a job's has options of the job file."""
    if last.job or not last.input_sha256 or last.input in ("", "-"):
        return ()
    if len(last.input) > _LONGEST_PATH:
        return ()
    model = f" -m {shell_quoted(last.model.ref)}" if last.model is not None else ""
    return (f"titanic-batch check {shell_quoted(last.input)}{model}",)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."
