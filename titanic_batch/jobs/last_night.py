"""The last published night of a job before a date, by its manifests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from titanic_batch.errors import FileAccessError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.jobs.dates import render
from titanic_batch.jobs.drift import added_profiles
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.night import Night, manifests_of
from titanic_batch.publish.manifest import Manifest, UnreadableManifest, find_manifest
from titanic_batch.stores import store_of
from titanic_batch.stores.names import as_folder

_LOOKED_BACK_DAYS = 400


@dataclass(frozen=True, kw_only=True)
class LastNight:
    """The last published night before another.

    Attributes:
        day: Its date.
        rows: Rows read, by the output's path in the night's folder; by "" where a night has only
            one output.
        profile: Counts by column ("" for the score) and bins, of all its files together.
    """

    day: date
    rows: dict[str, int]
    profile: dict[str, tuple[dict[str, Any], list[int]]]


@dataclass(frozen=True, kw_only=True)
class LookBack:
    """The result of looking back from a night for a published one.

    Attributes:
        last: The newest night before it that is published; None where there is none.
        passed_over: What stood on the way and could not be used, each in a sentence.
    """

    last: LastNight | None = None
    passed_over: tuple[str, ...] = ()


def find_last_night(job: Job, night: Night) -> LookBack:
    """Look for the newest published night of a job before another.

    A manifest that cannot be read is passed over, and said: it must not end every night after it.
    """
    seen = set()
    passed_over: list[str] = []
    for day in _days_back(night.day):
        output = job.absolute(render(job.output.path, day))
        if output in seen:
            continue
        seen.add(output)
        found = [
            (told, manifest)
            for manifest in _manifests(output, passed_over)
            if (told := _day_of(manifest, job)) is not None and told < night.day
        ]
        if found:
            newest = max(told for told, _ in found)
            manifests = [manifest for told, manifest in found if told == newest]
            last = _last_night(newest, manifests, output if night.into_folder else None)
            return LookBack(last=last, passed_over=tuple(passed_over))
    return LookBack(passed_over=tuple(passed_over))


def _days_back(day: date) -> Iterator[date]:
    for days in range(_LOOKED_BACK_DAYS):
        if day.toordinal() - days < date.min.toordinal():
            return
        yield day - timedelta(days=days)


def _manifests(output: str, passed_over: list[str]) -> Iterator[Manifest]:
    for path in manifests_of(output):
        stop_if_interrupted()
        try:
            found = find_manifest(path)
        except FileAccessError as exc:
            passed_over.append(f"{path} was passed over: {exc.message}")
            continue
        if isinstance(found, UnreadableManifest):
            passed_over.append(f"{path} was passed over: {found.reason}")
        elif found is not None:
            yield found


def _day_of(manifest: Manifest, job: Job) -> date | None:
    told = manifest.job
    return date.fromisoformat(told.date) if told and told.name == job.name else None


def _last_night(day: date, manifests: list[Manifest], folder: str | None) -> LastNight:
    rows: Counter[str] = Counter()
    inside = as_folder(store_of(folder).resolve(folder)) if folder is not None else None
    for manifest in manifests:
        name = manifest.output.path.removeprefix(inside) if inside is not None else ""
        rows[name] = manifest.rows.read
    added = added_profiles(manifest.counts_by_bin() for manifest in manifests)
    profile = {column: (told["bins"], told["counts"]) for column, told in added.items()}
    return LastNight(day=day, rows=dict(rows), profile=profile)
