"""The dates of a job: as run records tell of them, and manifests of the dates before records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import FileAccessError, os_errors
from titanic_batch.interrupts import interruptible
from titanic_batch.jobs.dates import distinguishes_days, parse_date, render
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.night import RUN_MANIFEST, outputs_glob
from titanic_batch.jobs.recording import record_of_manifests
from titanic_batch.jobs.run_records import RunRecord, find_record, records_folder
from titanic_batch.publish.manifest import Manifest, UnreadableManifest, find_manifest
from titanic_batch.publish.paths import MANIFEST_SUFFIX, output_paths
from titanic_batch.stores import store_of
from titanic_batch.stores.names import last_part

_RECORD = re.compile(r"\d{4}-\d{2}-\d{2}\.json")

#: Older records are kept in memory without what is counted by bin, of which nobody asks.
_MOST_WHOLE = 400


@dataclass(frozen=True, kw_only=True)
class Damaged:
    """A run record or a manifest that could not be used, and why: "it is not JSON"."""

    path: str
    reason: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"{self.path} was passed over: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class RunHistory:
    """What is known of the dates of a job.

    Attributes:
        records: A record of each date, in order.
        damaged: What could not be read.
    """

    records: tuple[RunRecord, ...] = ()
    damaged: tuple[Damaged, ...] = ()


def history_of_job(job: Job) -> RunHistory:
    """Return the dates of a job.

    Raises:
        FileAccessError: if the system refuses to list the folders.
    """
    with interruptible():
        found = history_in_folder(records_folder(job), job=job.name)
        known = {record.date for record in found.records}
        damaged = list(found.damaged)
        older = _of_manifests(job, known, damaged)
    records = sorted((*found.records, *older), key=lambda record: record.date)
    return RunHistory(records=tuple(records), damaged=tuple(damaged))


def history_in_folder(folder: str, *, job: str | None = None) -> RunHistory:
    """Return what the run records in a folder say: all of them, or one job's.

    Raises:
        FileAccessError: if the system refuses to list the folder.
    """
    damaged: list[Damaged] = []
    records: list[RunRecord] = []
    paths = record_paths(folder)
    for number, path in enumerate(paths, start=1):
        record = _record_at(path, damaged)
        if record is not None and job in (None, record.job):
            is_late = len(paths) - number < _MOST_WHOLE
            records.append(record if is_late else replace(record, profile={}, guards=()))
    return RunHistory(records=tuple(records), damaged=tuple(damaged))


def record_paths(folder: str) -> list[str]:
    """Return where the run records in a folder are, by date."""
    with os_errors(folder, "listing the run records"):
        names = store_of(folder).list(folder)
    return [name for name in names if _RECORD.fullmatch(last_part(name))]


def _record_at(path: str, damaged: list[Damaged]) -> RunRecord | None:
    """Return the run record at a path; one that cannot be used is said in `damaged`."""
    try:
        record = find_record(path)
        if record is None or record.date == last_part(path).removesuffix(".json"):
            return record
        why = f"it is of {record.date}"
    except NotADocumentError as exc:
        why = str(exc)
    except FileAccessError as exc:
        why = exc.message
    damaged.append(Damaged(path=path, reason=why))
    return None


def _of_manifests(job: Job, known: set[str], damaged: list[Damaged]) -> Iterator[RunRecord]:
    """Yield a record of each date that only manifests tell of."""
    by_date: dict[str, list[Manifest]] = {}
    for manifest in _manifests(job, known, damaged):
        told = manifest.job
        if told is not None and told.name == job.name and told.date not in known:
            by_date.setdefault(told.date, []).append(manifest)
    for date, manifests in by_date.items():
        yield record_of_manifests(manifests, job=job.name, job_file=str(job.path), date=date)


def _manifests(job: Job, known: set[str], damaged: list[Damaged]) -> Iterator[Manifest]:
    """Yield the manifests of a job's outputs; the paths of known dates need not be opened."""
    pattern = outputs_glob(job)
    inside = "**/*" if pattern.endswith("/") else ""
    outputs = _outputs(job, known) if distinguishes_days(job.output.path) else set()
    for path in store_of(pattern).glob(f"{pattern}{inside}{MANIFEST_SUFFIX}"):
        output = path.removesuffix(MANIFEST_SUFFIX)
        if inside:  # the folder, however deep in it a file is
            output = "/".join(path.split("/")[: pattern.count("/")]) + "/"
        if last_part(path) == RUN_MANIFEST or output in outputs:
            continue
        try:
            found = find_manifest(path)
        except FileAccessError as exc:
            damaged.append(Damaged(path=path, reason=exc.message))
            continue
        if isinstance(found, UnreadableManifest):
            damaged.append(Damaged(path=path, reason=found.reason))
        elif found is not None:
            yield found


def _outputs(job: Job, dates: set[str]) -> set[str]:
    outputs = {job.absolute(render(job.output.path, parse_date(day))) for day in dates}
    return outputs | {output_paths(path).data for path in outputs if not path.endswith("/")}


def newest_record(job: Job) -> tuple[RunRecord | None, tuple[Damaged, ...]]:
    """Return the record of a job's last date that can be read, and what was passed over.

    Raises:
        FileAccessError: if the system refuses to list the folder.
    """
    damaged: list[Damaged] = []
    for path in reversed(record_paths(records_folder(job))):
        record = _record_at(path, damaged)
        if record is not None and record.job == job.name:
            return record, tuple(damaged)
    return None, tuple(damaged)
