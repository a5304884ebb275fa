"""The jobs of a folder, and what they last published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from titanic_batch.errors import TitanicBatchError, UsageError, os_errors
from titanic_batch.interrupts import interruptible
from titanic_batch.jobs.dates import distinguishes_days, today
from titanic_batch.jobs.job_file import Job, read_job
from titanic_batch.jobs.night import RUN_MANIFEST, manifests_of, outputs_glob, plan_night
from titanic_batch.jobs.run_history import Damaged, newest_record
from titanic_batch.jobs.run_records import RunRecord
from titanic_batch.jobs.settings import choose_model
from titanic_batch.publish.manifest import Manifest, read_manifest
from titanic_batch.publish.paths import MANIFEST_SUFFIX
from titanic_batch.stores import entry_at, is_folder, store_of
from titanic_batch.stores.names import last_part

#: Other programs' files, which may stand where jobs do.
_NO_JOBS = ("pyproject.toml",)


@dataclass(frozen=True, kw_only=True)
class PublishedOutput:
    """The content of an output's manifests; those of a folder are added up.

    Attributes:
        path: The output, a file or a folder.
        files: How many files it is.
        rows: Rows scored.
        rejected: Rows rejected.
        finished_at: When the last of it was published: UTC, ISO 8601.
        model: Tag of the model that scored it.
    """

    path: str
    files: int
    rows: int
    rejected: int
    finished_at: str
    model: str


@dataclass(frozen=True, kw_only=True)
class JobSummary:
    """One job file.

    Attributes:
        path: The file.
        name: The job's name; the file's where it could not be read.
        model: The model's reference.
        output: Today's output.
        tonight: What is published there; None if nothing is yet.
        last: The newest output that is published, today's or an earlier one; None if there is none.
        last_record: The run record of its last date; None where there is none.
        record_of_today: Today's; None where there is none.
        damaged: What could not be read on the way.
        error: What is wrong with the file.
    """

    path: Path
    name: str
    model: str = ""
    output: str = ""
    tonight: PublishedOutput | None = None
    last: PublishedOutput | None = None
    last_record: RunRecord | None = None
    record_of_today: RunRecord | None = None
    damaged: tuple[Damaged, ...] = ()
    error: TitanicBatchError | None = None

    @property
    def next_step(self) -> str:
        """The command to run next; "" where today's output is published."""
        if self.error is not None:
            return f"titanic-batch jobs check {self.path}"
        return "" if self.tonight is not None else f"titanic-batch run {self.path}"


def list_jobs(folder: str | Path = "jobs") -> list[JobSummary]:
    """Return the jobs of a folder by file name; a faulty one with what is wrong with it.

    Raises:
        UsageError: if there is no such folder.
    """
    place = Path(folder)
    if not is_folder(place):
        raise UsageError(
            "there is no such folder",
            where=str(place),
            hint="Name the folder with the job files: `titanic-batch jobs list FOLDER`.",
        )
    with os_errors(place, "listing the jobs"):
        paths = [Path(name) for name in store_of(place).list(place)]
    found = [path for path in paths if path.suffix == ".toml" and path.name not in _NO_JOBS]
    with interruptible():
        return [_summarise(path) for path in found]


def _summarise(path: Path) -> JobSummary:
    try:
        job = read_job(path)
        night = plan_night(job, today(job.zone))
        tonight = _published(night.output, _of_day(job, night.day))
        last_record, damaged = newest_record(job)
        is_of_today = last_record is not None and last_record.date == str(night.day)
        return JobSummary(
            path=path,
            name=job.name,
            model=choose_model(job).ref,
            output=night.output,
            tonight=tonight,
            last=tonight or _newest(job),
            last_record=last_record,
            record_of_today=last_record if is_of_today else None,
            damaged=damaged,
        )
    except TitanicBatchError as exc:
        return JobSummary(path=path, name=path.stem, error=exc)


def _of_day(job: Job, day: date) -> Callable[[Manifest], bool]:
    """Return what tells a job's manifests of a day from others that had the same output."""
    holds_day = distinguishes_days(job.output.path)

    def is_of_day(manifest: Manifest) -> bool:
        told = manifest.job
        if told is not None:
            return told.name == job.name and told.date == str(day)
        finished_at = datetime.fromisoformat(manifest.finished_at)
        return holds_day or today(job.zone, finished_at) == day

    return is_of_day


def _newest(job: Job) -> PublishedOutput | None:
    pattern = outputs_glob(job)
    inside = "**/*" if pattern.endswith("/") else ""
    manifests = [
        path
        for path in store_of(pattern).glob(f"{pattern}{inside}{MANIFEST_SUFFIX}")
        if last_part(path) != RUN_MANIFEST
    ]
    newest = max(manifests, key=_modified, default=None)
    if newest is None:
        return None
    if not inside:
        return _published(newest.removesuffix(MANIFEST_SUFFIX))
    return _published("/".join(newest.split("/")[: pattern.count("/")]) + "/")


def _published(
    output: str, counts: Callable[[Manifest], bool] = lambda _: True
) -> PublishedOutput | None:
    """Return what the manifests at an output say, where it is still there; it is not read."""
    manifests = [
        manifest
        for path in manifests_of(output)
        if entry_at(str(path).removesuffix(MANIFEST_SUFFIX)) is not None
        and (manifest := read_manifest(path)) is not None
        and counts(manifest)
    ]
    if not manifests:
        return None
    newest = max(manifests, key=lambda manifest: datetime.fromisoformat(manifest.finished_at))
    return PublishedOutput(
        path=output,
        files=len(manifests),
        rows=sum(manifest.rows.scored for manifest in manifests),
        rejected=sum(manifest.rows.rejected for manifest in manifests),
        finished_at=newest.finished_at,
        model=newest.model.tag,
    )


def _modified(path: str) -> float:
    found = entry_at(path)
    return found.modified if found is not None else 0.0
