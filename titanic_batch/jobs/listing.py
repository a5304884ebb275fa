"""The jobs of a folder, and what they last published."""

from __future__ import annotations

import contextlib
import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from titanic_batch.errors import TitanicBatchError, UsageError
from titanic_batch.jobs.dates import today
from titanic_batch.jobs.job_file import Job, read_job
from titanic_batch.jobs.night import outputs_glob, plan_night
from titanic_batch.jobs.settings import choose_model
from titanic_batch.publish.manifest import read_manifest

_MANIFESTS = ".manifest.json"
#: Other programs' files, which may stand where jobs do.
_NO_JOBS = ("pyproject.toml",)


@dataclass(frozen=True, kw_only=True)
class PublishedOutput:
    """What the manifests of an output say; a folder's are added up.

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
        error: What is wrong with the file.
    """

    path: Path
    name: str
    model: str = ""
    output: str = ""
    tonight: PublishedOutput | None = None
    last: PublishedOutput | None = None
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
    if not place.is_dir():
        raise UsageError(
            "there is no such folder",
            where=str(place),
            cure="Name the folder with the job files: `titanic-batch jobs list FOLDER`.",
        )
    return [_summarise(path) for path in sorted(place.glob("*.toml")) if path.name not in _NO_JOBS]


def _summarise(path: Path) -> JobSummary:
    try:
        job = read_job(path)
        night = plan_night(job, today(job.zone))
        tonight = _published(night.output)
        return JobSummary(
            path=path,
            name=job.name,
            model=choose_model(job).ref,
            output=night.output,
            tonight=tonight,
            last=tonight or _newest(job),
        )
    except TitanicBatchError as exc:
        return JobSummary(path=path, name=path.stem, error=exc)


def _newest(job: Job) -> PublishedOutput | None:
    pattern = outputs_glob(job)
    if pattern.endswith("/"):
        manifests = glob.glob(f"{pattern}*{_MANIFESTS}")  # noqa: PTH207  # absolute
        newest = max(manifests, key=_modified, default=None)
        return _published(f"{Path(newest).parent}/") if newest is not None else None
    manifests = glob.glob(f"{pattern}{_MANIFESTS}")  # noqa: PTH207
    newest = max(manifests, key=_modified, default=None)
    return _published(newest.removesuffix(_MANIFESTS)) if newest is not None else None


def _published(output: str) -> PublishedOutput | None:
    """Return what the manifests at an output say, where it is still there; it is not read."""
    if output.endswith("/"):
        paths = sorted(Path(output).glob(f"*{_MANIFESTS}"))
    else:
        paths = [Path(f"{Path(output).resolve()}{_MANIFESTS}")]
    documents = [
        document
        for path in paths
        if Path(str(path).removesuffix(_MANIFESTS)).exists()
        and (document := read_manifest(path)) is not None
    ]
    if not documents:
        return None
    newest = max(documents, key=lambda document: str(document.get("finished_at", "")))
    return PublishedOutput(
        path=output,
        files=len(documents),
        rows=sum(_count(document, "scored") for document in documents),
        rejected=sum(_count(document, "rejected") for document in documents),
        finished_at=str(newest.get("finished_at", "")),
        model=str(_table(newest, "model").get("tag", "")),
    )


def _count(document: dict[str, Any], what: str) -> int:
    count = _table(document, "rows").get(what)
    return count if isinstance(count, int) else 0


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    table = document.get(key)
    return table if isinstance(table, dict) else {}


def _modified(path: str) -> float:
    with contextlib.suppress(OSError):
        return Path(path).stat().st_mtime
    return 0.0
