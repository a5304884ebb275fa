"""Night: the paths of one date of a job."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from titanic_batch.errors import UsageError, os_errors
from titanic_batch.jobs.dates import any_date_glob, render
from titanic_batch.jobs.job_file import Job
from titanic_batch.publish.paths import MANIFEST_SUFFIX, output_paths
from titanic_batch.stores import entry_at, is_folder, store_of

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
        return self.output.endswith(os.sep)


def plan_night(job: Job, day: date) -> Night:
    """Return what one date of a job reads and writes."""
    folder = str(job.folder)
    rejects = render(job.rejects, day) if job.rejects is not None else None
    marker = job.input.marker
    source = render(job.input.path, day)
    return Night(
        day=day,
        input=_input(folder, source),
        marker=_marker(place(folder, source), render(marker, day)) if marker else None,
        output=place(folder, render(job.output.path, day)),
        rejects=place(folder, rejects) if rejects is not None else None,
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
    return place(glob.escape(str(job.folder)), any_date_glob(job.output.path))


def manifests_of(output: str) -> list[Path]:
    """Return where the manifests of an output are: a file's one, or those beneath a folder.

    Raises:
        FileAccessError: if a folder cannot be listed.
    """
    if not output.endswith(os.sep):
        return [output_paths(output).manifest]
    refused: list[OSError] = []
    pattern = f"{glob.escape(output)}**/*{MANIFEST_SUFFIX}"
    found = [Path(name) for name in store_of(output).glob(pattern, onerror=refused.append)]
    with os_errors(output, "looking for manifests"):
        for exc in refused:
            raise exc
    return [path for path in found if path.name != RUN_MANIFEST]


def place(folder: str, path: str) -> str:
    """Return a path that is relative to a folder; `~` is the home, a slash at the end stays."""
    placed = os.path.normpath(os.path.join(folder, os.path.expanduser(path)))  # noqa: PTH111, PTH118
    return placed + os.sep if path.endswith(os.sep) and placed != os.sep else placed


def _marker(input: str, marker: str) -> str:
    inside = input.endswith(os.sep) or is_folder(input)
    return place(input if inside else str(Path(input).parent), marker)


def _input(folder: str, path: str) -> str:
    """Return where the input is; a folder such as /srv/[new] must not make a glob of a file."""
    plain = place(folder, path)
    if glob.has_magic(path) and entry_at(plain) is None:
        return place(glob.escape(folder), path)
    return plain
