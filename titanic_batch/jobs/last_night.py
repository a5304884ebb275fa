"""The last published night of a job before a date, by its manifests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from titanic_batch.jobs.dates import render
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.night import Night, place
from titanic_batch.publish.manifest import read_manifest
from titanic_batch.publish.paths import output_paths

_MANIFESTS = "*.manifest.json"
_LOOKED_BACK_DAYS = 400


@dataclass(frozen=True, kw_only=True)
class LastNight:
    """What the last published night before another was.

    Attributes:
        day: Its date.
        rows: Rows read, by the output's file name; by "" where a night has only one output.
        profile: Counts by column ("" for the score) and bins, of all its files together.
    """

    day: date
    rows: dict[str, int]
    profile: dict[str, tuple[dict[str, Any], list[int]]]


def find_last_night(job: Job, night: Night) -> LastNight | None:
    """Return the newest published night of a job before another; None where there is none.

    Raises:
        OutputError: if a manifest cannot be read.
    """
    seen = set()
    for days in range(_LOOKED_BACK_DAYS):
        output = place(str(job.folder), render(job.output, night.day - timedelta(days=days)))
        if output in seen:
            continue
        seen.add(output)
        found = [
            (day, document)
            for document in _manifests(output)
            if (day := _day_of(document, job)) is not None and day < night.day
        ]
        if found:
            newest = max(day for day, _ in found)
            documents = [document for day, document in found if day == newest]
            return _last_night(newest, documents, named=night.into_folder)
    return None


def _manifests(output: str) -> Iterator[dict[str, Any]]:
    if output.endswith("/"):
        paths = sorted(Path(output).glob(_MANIFESTS))
    else:
        paths = [output_paths(output).manifest]
    for path in paths:
        document = read_manifest(path)
        if document is not None:
            yield document


def _day_of(document: dict[str, Any], job: Job) -> date | None:
    try:
        told = document["job"]
        return date.fromisoformat(told["date"]) if told["name"] == job.name else None
    except (KeyError, TypeError, ValueError):
        return None


def _last_night(day: date, documents: list[dict[str, Any]], *, named: bool) -> LastNight:
    profile: dict[str, tuple[dict[str, Any], list[int]]] = {}
    rows: Counter[str] = Counter()
    for document in documents:
        name = Path(str(document["output"].get("path", ""))).name if named else ""
        rows[name] = int(document["rows"]["read"])
        for column, told in (document["job"].get("profile") or {}).items():
            bins, counts = told["bins"], [int(count) for count in told["counts"]]
            known, before = profile.setdefault(column, (bins, [0] * len(counts)))
            if known == bins and len(before) == len(counts):
                profile[column] = (bins, [a + b for a, b in zip(before, counts, strict=True)])
    return LastNight(day=day, rows=dict(rows), profile=profile)
