"""Night: the paths of one date of a job."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from titanic_batch.errors import UsageError, os_errors
from titanic_batch.jobs.dates import any_date_glob, render
from titanic_batch.jobs.job_file import Job
from titanic_batch.publish.paths import MANIFEST_SUFFIX, output_paths
from titanic_batch.stores import entry_at, is_folder, store_of
from titanic_batch.stores.names import folder_of, last_part

#: Every file of a night that goes into a folder, and its verdict. A companion by its ending: no
#: folder of inputs takes it for one.
RUN_MANIFEST = "_run.manifest.json"


@dataclass(frozen=True, kw_only=True)
class Night:
    """The files that one date of a job reads and writes.

    Attributes:
        day: The date.
        input: A file, a folder or a glob.
        marker: The file that says that the input is whole; None where none is asked for.
        output: A file, or a folder, which ends in a slash.
        rejects: The rejects file; None for beside the output.
    """

    day: date
    input: str
    marker: str | None
    output: str
    rejects: str | None

    @property
    def into_folder(self) -> bool:
        """Whether the output is a folder."""
        return self.output.endswith("/")

    @property
    def folders(self) -> list[str]:
        """The folders that its files are written to."""
        return sorted({folder_of(path) for path in (self.output, self.rejects) if path is not None})


def plan_night(job: Job, day: date) -> Night:
    """Return what one date of a job reads and writes."""
    source = render(job.input.path, day)
    marker, rejects = job.input.marker, job.rejects
    return Night(
        day=day,
        input=_input(job, source),
        marker=_marker(job.absolute(source), render(marker, day)) if marker else None,
        output=job.absolute(render(job.output.path, day)),
        rejects=job.absolute(render(rejects, day)) if rejects is not None else None,
    )


def plan_nights(job: Job, days: Iterable[date]) -> list[Night]:
    """Return what several dates of a job read and write.

    Raises:
        UsageError: if two of them write one output from different inputs: the last would win.
    """
    nights = [plan_night(job, day) for day in days]
    by_output: dict[str, Night] = {}
    for night in nights:
        first = by_output.setdefault(night.output, night)
        if first.input != night.input:
            raise UsageError(
                f"the nights {first.day} and {night.day} have different inputs and one output",
                where=f"{job.path}, output.path",
                hint="Put the date into output.path: {date:%Y-%m-%d}.",
            )
    return nights


def outputs_glob(job: Job) -> str:
    """Return a glob for the outputs of all of a job's nights."""
    return _absolute_glob(job, any_date_glob(job.output.path))


def manifests_of(output: str) -> list[str]:
    """Return where the manifests of an output are: a file's one, or those beneath a folder.

    Raises:
        FileAccessError: if a folder cannot be listed.
    """
    if not output.endswith("/"):
        return [output_paths(output).manifest]
    refused: list[OSError] = []
    pattern = f"{glob.escape(output)}**/*{MANIFEST_SUFFIX}"
    found = store_of(output).glob(pattern, onerror=refused.append)
    with os_errors(output, "looking for manifests"):
        for exc in refused:
            raise exc
    return [name for name in found if last_part(name) != RUN_MANIFEST]


def _marker(input: str, marker: str) -> str:
    inside = input.endswith("/") or is_folder(input)
    return store_of(marker).absolute(marker, input if inside else folder_of(input))


def _input(job: Job, path: str) -> str:
    """Return where the input is; a folder such as /srv/[new] must not make a glob of a file."""
    plain = job.absolute(path)
    if glob.has_magic(path) and entry_at(plain) is None:
        return _absolute_glob(job, path)
    return plain


def _absolute_glob(job: Job, pattern: str) -> str:
    return store_of(pattern).absolute(pattern, glob.escape(str(job.folder)))
