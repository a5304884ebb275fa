"""Write how a date of a job ended into its run record; a run that cannot is no worse for it."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from titanic_batch import __version__
from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import (
    InterruptedRunError,
    OutputLockedError,
    TitanicBatchError,
    without_cells,
    worst_exit_code,
)
from titanic_batch.jobs.drift import added_profiles
from titanic_batch.jobs.messages import hint_in_a_job
from titanic_batch.jobs.run_records import (
    ErrorInfo,
    RecordStatus,
    RunRecord,
    ScoredBy,
    find_record,
    records_folder,
)
from titanic_batch.publish.manifest import TOOL, Manifest, RejectInfo, RowCounts, ToolInfo
from titanic_batch.scoring.guarding import GuardsError
from titanic_batch.stores import store_of, write_file
from titanic_batch.stores.names import as_folder, folder_of, join

if TYPE_CHECKING:
    from titanic_batch.jobs.job_file import Job
    from titanic_batch.jobs.running import NightOutcome
    from titanic_batch.scoring.outcome import FileOutcome

#: A column of more categories would swell each record, and says little on a page.
_MOST_BINS = 200
_MOST_VALUES = 20
_MOST_WARNINGS = 50


def record_of_manifests(
    manifests: Sequence[Manifest],
    *,
    job: str,
    job_file: str,
    date: str,
    status: RecordStatus = "published",
) -> RunRecord:
    """Return what manifests say of a date, as a run record has it.

    Args:
        manifests: One or more, of one date.
        job: The job's name; "" for none.
        job_file: Its path; "" where it is not known.
        date: The date.
        status: Whether it was published now or before.
    """
    first, *others = manifests
    single = None if others else first
    return RunRecord(
        tool=first.tool,
        job=job,
        job_file=job_file,
        date=date,
        status=status,
        exit_code=0,
        started_at=min(manifest.started_at for manifest in manifests),
        finished_at=max(manifest.finished_at for manifest in manifests),
        seconds=_rounded(manifest.seconds for manifest in manifests),
        run_id=single.run_id if single else None,
        input=single.input.path if single else _common(one.input.path for one in manifests),
        input_sha256=single.input.sha256 if single else None,
        output=single.output.path if single else _common(one.output.path for one in manifests),
        output_sha256=single.output.sha256 if single else None,
        files=len(manifests),
        rejects=RejectInfo(
            path=single.rejects.path if single else None,
            by_reason=_sum(one.rejects.by_reason for one in manifests),
        ),
        **_counted(manifests),
    )


def write_record(
    job: Job,
    outcome: NightOutcome,
    started_at: datetime,
    interruption: InterruptedRunError | None = None,
) -> str:
    """Write the run record of a date.

    Another run that is at work on the date, or a signal, says nothing of what is published: then a
    record of something published stays.

    Args:
        job: Whose date.
        outcome: How it ended.
        started_at: When the run of this date began.
        interruption: The signal that ended it, if one did.

    Returns:
        Why it could not be written, as a sentence; "" if it was.
    """
    path = join(records_folder(job), f"{outcome.night.day}.json")
    error = interruption or _worst(outcome.errors)
    try:
        if isinstance(error, OutputLockedError | InterruptedRunError) and _is_published(path):
            return ""
        record = _record(job, outcome, error, started_at)
        store_of(path).make_folder(folder_of(path))
        write_file(path, _encoded(record), "writing it")
    except OSError as exc:
        return f"the run record {path} could not be written: {exc.strerror or exc}"
    except TitanicBatchError as exc:
        return f"the run record {path} could not be written: {exc.message}"
    return ""


def _worst(errors: Sequence[TitanicBatchError]) -> TitanicBatchError | None:
    """Return the first of the errors that the run's exit code is of."""
    code = worst_exit_code(errors)
    return next((error for error in errors if error.exit_code == code), None)


def _encoded(record: RunRecord) -> bytes:
    document = record.to_json()
    try:
        return json.dumps(document, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # the path of a file whose name is no UTF-8
        return json.dumps(document).encode() + b"\n"


def _is_published(path: str) -> bool:
    try:
        before = find_record(path)
    except NotADocumentError:
        return False
    return before is not None and before.is_published


def _record(
    job: Job,
    outcome: NightOutcome,
    error: TitanicBatchError | InterruptedRunError | None,
    started_at: datetime,
) -> RunRecord:
    night, files, status = outcome.night, outcome.files, outcome.status
    assert status != "planned", "a dry run leaves no record"
    manifests = [file.manifest for file in files if file.manifest is not None]
    if manifests and len(manifests) == len(files):
        return record_of_manifests(
            manifests,
            job=job.name,
            job_file=str(job.path),
            date=str(night.day),
            status=status,
        )
    errors = [file.error for file in files if file.error is not None]
    finished_at = datetime.now(UTC)
    return RunRecord(
        tool=ToolInfo(name=TOOL, version=__version__),
        job=job.name,
        job_file=str(job.path),
        date=str(night.day),
        status=status,
        exit_code=error.exit_code if error is not None else 0,
        error=_error(error) if error is not None else None,
        started_at=_iso(started_at),
        finished_at=_iso(finished_at),
        seconds=round((finished_at - started_at).total_seconds(), 3),
        input=night.input,
        output=night.output,
        files=len(files),
        files_failed=len(errors),
        rejects=RejectInfo(path=None, by_reason=_sum(file.by_reason for file in files)),
        **_counted(manifests, files, errors),
    )


def _counted(
    manifests: Sequence[Manifest],
    files: Sequence[FileOutcome] = (),
    errors: Sequence[TitanicBatchError] = (),
) -> dict[str, Any]:
    """Return what is added up over files; of those that failed, as far as they were looked at."""
    failed = [file.rows for file in files if file.manifest is None and file.rows is not None]
    rows = [*(manifest.rows for manifest in manifests), *failed]
    found = [one for one in errors if isinstance(one, GuardsError)]
    guards = [manifest.job.guards for manifest in manifests if manifest.job is not None]
    profiles = [manifest.counts_by_bin() for manifest in manifests]
    profiles += [one.profile for one in found if one.profile]
    models = {manifest.model.sha256: manifest.model for manifest in manifests}
    model = next(iter(models.values()), None)
    warnings = [text for manifest in manifests for text in manifest.warnings]
    unknown: dict[str, Counter[str]] = {}
    for manifest in manifests:
        for column, values in manifest.unknown_categories.items():
            unknown.setdefault(column, Counter()).update(values)
    return {
        "rows": RowCounts(
            read=sum(one.read for one in rows),
            scored=sum(one.scored for one in rows),
            rejected=sum(one.rejected for one in rows),
        )
        if rows
        else None,
        "model": ScoredBy(ref=model.ref, tag=model.tag, sha256=model.sha256) if model else None,
        "unknown_categories": {
            column: dict(values.most_common(_MOST_VALUES)) for column, values in unknown.items()
        },
        "nulls": _sum(manifest.nulls for manifest in manifests),
        "guards": tuple(
            finding
            for findings in (*guards, *(one.findings for one in found))
            for finding in findings
        ),
        "warnings": tuple(dict.fromkeys(warnings))[:_MOST_WARNINGS],
        "profile": {
            column: told
            for column, told in added_profiles(profiles).items()
            if len(told["counts"]) <= _MOST_BINS
        },
        "libraries": manifests[0].libraries if manifests else {},
    }


def _error(error: TitanicBatchError | InterruptedRunError) -> ErrorInfo:
    what, hint = without_cells(error)
    return ErrorInfo(what=what, where=error.where, cure=hint_in_a_job(what, hint))


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))


def _common(paths: Iterable[str]) -> str:
    """Return the folder that several files are in, perhaps deep in it; "" where they share none."""
    folders = [folder_of(path).split("/") for path in paths]
    same = itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))
    shared = "/".join(parts[0] for parts in same)
    return as_folder(shared) if shared else ""


def _rounded(seconds: Iterable[float]) -> float:
    return round(sum(seconds), 3)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
