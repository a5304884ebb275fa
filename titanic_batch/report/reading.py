"""Read what a page tells of: a manifest, an output, a job, or a folder of run records."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import DataError, InputMissingError, UsageError
from titanic_batch.jobs.night import manifests_of
from titanic_batch.jobs.recording import record_of_manifests
from titanic_batch.jobs.run_history import Damaged, RunHistory, history_in_folder, record_paths
from titanic_batch.jobs.run_records import RECORDS, RunRecord, find_record
from titanic_batch.publish.manifest import Manifest, UnreadableManifest, find_manifest
from titanic_batch.publish.paths import output_paths
from titanic_batch.stores import entry_at, is_folder, store_of
from titanic_batch.stores.names import as_folder, join, last_part

_MANIFEST = re.compile(r".*\.manifest\.json(\.[1-9][0-9]*)?", re.DOTALL)
_RECORD = re.compile(r"\d{4}-\d{2}-\d{2}\.json")


@dataclass(frozen=True, kw_only=True)
class Story:
    """What a page tells.

    Attributes:
        records: One record a date, in order; at least one.
        damaged: What could not be read.
    """

    records: tuple[RunRecord, ...]
    damaged: tuple[Damaged, ...] = ()

    @property
    def last(self) -> RunRecord:
        """The record of the last date."""
        return self.records[-1]


def read_story(run: str) -> Story:
    """Return what a page tells of a run.

    Args:
        run: A manifest, an output, a job file, a folder of run records, or one with outputs.

    Raises:
        InputMissingError: if nothing is there.
        DataError: if what is there cannot be read.
        UsageError: if it may mean several things, or is a faulty job file.
        FileAccessError: if the system refuses.
    """
    if is_folder(run):
        return _of_folder(run)
    if entry_at(run) is not None:
        if run.endswith(".toml"):
            return _of_job(run)
        if _RECORD.fullmatch(last_part(run)):
            return _of_record(run)
    return _of_output(run)


def _of_job(path: str) -> Story:
    from titanic_batch.jobs.job_file import read_job  # takes a tenth of a second
    from titanic_batch.jobs.run_history import history_of_job
    from titanic_batch.printable import shell_quoted

    return story_of_history(
        history_of_job(read_job(path)),
        where=path,
        nothing="this job has not run yet",
        hint=f"Run it: `titanic-batch run {shell_quoted(path)}`.",
    )


def story_of_history(history: RunHistory, *, where: str, nothing: str, hint: str) -> Story:
    """Return what a page tells of a history.

    Raises:
        InputMissingError: if there is nothing in it: `nothing` and `hint` say so.
        DataError: if nothing in it can be read.
    """
    if history.records:
        return Story(records=history.records, damaged=history.damaged)
    if history.damaged:
        raise DataError(str(history.damaged[0]), where=where)
    raise InputMissingError(nothing, where=where, hint=hint)


def _of_record(path: str) -> Story:
    try:
        record = find_record(path)
    except NotADocumentError as exc:
        raise DataError(f"this run record cannot be used: {exc}", where=path) from exc
    if record is None:
        raise _missing(path)
    return Story(records=(record,))


def _of_folder(path: str) -> Story:
    if record_paths(path):
        return _of_records(path)
    runs = join(path, RECORDS) if is_folder(join(path, RECORDS)) else path
    jobs = [name for name in store_of(runs).list(runs) if is_folder(name) and record_paths(name)]
    if len(jobs) > 1:
        names = ", ".join(jobs[:5])
        raise UsageError(
            f"there are records of {len(jobs)} jobs here",
            where=path,
            hint=f"Name one of their folders, or its job file: {names}.",
        )
    if jobs:
        return _of_records(jobs[0])
    paths = manifests_of(as_folder(path))
    found = [one for one in map(find_manifest, paths) if one is not None]
    manifests = [one for one in found if isinstance(one, Manifest)]
    damaged = [one for one in found if isinstance(one, UnreadableManifest) and one.is_ours]
    if not manifests and damaged:
        raise _unreadable(damaged[0])
    if not manifests:
        raise InputMissingError(
            "there is neither a manifest nor a run record in this folder", where=path
        )
    return Story(
        records=_by_date(manifests),
        damaged=tuple(Damaged(path=one.path, reason=one.reason) for one in damaged),
    )


def _of_records(path: str) -> Story:
    return story_of_history(
        history_in_folder(path), where=path, nothing="there are no run records here", hint=""
    )


def _by_date(manifests: list[Manifest]) -> tuple[RunRecord, ...]:
    """Return a record of each date; what no job published is one of the day that it was."""
    groups: dict[tuple[str, str], list[Manifest]] = {}
    jobs = {manifest.job.name for manifest in manifests if manifest.job is not None}
    if len(jobs) == 1:  # what was scored by hand beside a job's outputs is no date of it
        manifests = [manifest for manifest in manifests if manifest.job is not None]
    for manifest in manifests:
        told = manifest.job
        key = (told.date, told.name) if told is not None and len(jobs) == 1 else ("", "")
        groups.setdefault(key, []).append(manifest)
    return tuple(
        record_of_manifests(
            group,
            job=job,
            job_file="",
            date=date or max(map(_day_of, group)),
        )
        for (date, job), group in sorted(groups.items())
    )


def _of_output(path: str) -> Story:
    manifest_path = path if _MANIFEST.fullmatch(last_part(path)) else output_paths(path).manifest
    found = find_manifest(manifest_path)
    if isinstance(found, UnreadableManifest):
        raise _unreadable(found)
    if found is not None:
        told = found.job
        return Story(
            records=(
                record_of_manifests(
                    [found],
                    job=told.name if told is not None else "",
                    job_file="",
                    date=told.date if told is not None else _day_of(found),
                ),
            )
        )
    if entry_at(path) is None:
        raise _missing(path)
    raise DataError(
        "it has no manifest, of which the report would be made",
        where=path,
        hint="Name an output of `titanic-batch score`, a job file, or a folder of run records.",
    )


def _day_of(manifest: Manifest) -> str:
    return str(datetime.fromisoformat(manifest.finished_at).astimezone(UTC).date())


def _missing(path: str) -> InputMissingError:
    return InputMissingError(
        "there is no such output, job file or folder", where=path, hint="Check the path."
    )


def _unreadable(found: UnreadableManifest) -> DataError:
    return DataError(
        f"this manifest cannot be used: {found.reason}", where=found.path, hint=found.hint
    )
