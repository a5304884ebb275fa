"""Show jobs and nights."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from titanic_batch.cli.console import (
    log,
    print_document,
    print_error,
    set_style,
    stdout,
    style,
    warn,
)
from titanic_batch.cli.tables import print_rows
from titanic_batch.errors import TitanicBatchError, without_cells

if TYPE_CHECKING:
    from titanic_batch.jobs.checking import JobCheck
    from titanic_batch.jobs.listing import JobSummary, PublishedOutput
    from titanic_batch.jobs.reporting import Report
    from titanic_batch.jobs.run_records import RunRecord
    from titanic_batch.jobs.running import NightOutcome
    from titanic_batch.scoring.outcome import FileOutcome

#: How the manifest's warnings of guards begin (`jobs.guards`).
_OF_GUARDS = "guards: "


def line(text: str) -> None:
    """Print one line of a result on stdout, unless `--quiet`."""
    if not style().quiet:
        stdout().print(text, soft_wrap=True)


def text(document: str) -> None:
    """Print a result that is a text of several lines on stdout, as it is, even with `--quiet`."""
    print_document(document)


def report(error: TitanicBatchError, *, under: str = "") -> None:
    """Print one error of several on stderr; the document on stdout comes later.

    Args:
        error: The error.
        under: What it belongs to, said before where it is unless that says so already.
    """
    from titanic_batch.jobs.messages import hint_in_a_job

    shown = copy.copy(error)
    if under and not error.where.startswith(under):
        shown.where = f"{under}, {error.where}" if error.where else under
    shown.hint = hint_in_a_job(error.message, error.hint)
    if error.logged_hint is not None:
        shown.logged_hint = hint_in_a_job(error.message, error.logged_hint)
    before = style()
    set_style(replace(before, as_json=False))
    print_error(shown)
    set_style(before)


def failure(error: TitanicBatchError) -> dict[str, Any]:
    """Return an error as JSON."""
    return {
        "status": "failed",
        "exit_code": error.exit_code,
        "error": error.to_json(),
    }


def show_night(outcome: NightOutcome, *, one_of: int, as_json: bool) -> None:
    """Print how a night ended: a line for one of several, a summary for a single one."""
    for error in outcome.errors:
        report(error, under=str(outcome.night.day) if one_of > 1 else "")
    if outcome.record_fault:
        warn(f"{outcome.night.day}, {outcome.record_fault}", even_quietly=True)
    if style().log_format == "json":
        log(
            "night",
            _line(outcome),
            date=str(outcome.night.day),
            status=outcome.status,
            exit_code=outcome.exit_code,
            input=outcome.night.input,
            output=outcome.night.output,
            **_totals(outcome),
            warnings=[*_warnings(outcome), *outcome.notes],
        )
    elif as_json:
        return
    elif outcome.status == "published" and one_of == 1 and len(outcome.files) == 1:
        _show_summary(outcome.files[0])
    else:
        _show_line(outcome, one_of=one_of)
    if style().quiet and outcome.status == "published":
        for text in _warnings(outcome):
            # Somebody asked for them, and cron's mail is for that.
            if text.startswith(_OF_GUARDS) and " not judged: " not in text:
                warn(f"{outcome.night.day}, {text}", even_quietly=True)
    if style().log_format != "json":
        for note in outcome.notes:  # what stays as it is, though the job is another now
            warn(f"{outcome.night.day}, {note}", even_quietly=True)


def _show_line(outcome: NightOutcome, *, one_of: int) -> None:
    if outcome.status != "failed" or one_of > 1 or outcome.files:
        line(_line(outcome))
    for text in _warnings(outcome) if outcome.status == "published" else ():
        warn(f"{outcome.night.day}, {text}")


def show_count(outcomes: Sequence[NightOutcome]) -> None:
    """Print how many nights ended how, on stderr."""
    counts = Counter(outcome.status for outcome in outcomes)
    said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    log("summary", f"{len(outcomes)} nights: {said}", nights=len(outcomes), **dict(counts))


def run_document(job: str, report: Report, exit_code: int) -> dict[str, Any]:
    """Return a run's outcome as JSON."""
    return _run(job, report, exit_code, [night_document(outcome) for outcome in report.outcomes])


def run_line(job: str, report: Report, exit_code: int) -> dict[str, Any]:
    """Return a run's outcome as JSON that is short enough for a line."""
    return _run(job, report, exit_code, [_short_document(outcome) for outcome in report.outcomes])


def _run(job: str, report: Report, exit_code: int, nights: list[dict[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {"job": job, "exit_code": exit_code, "nights": nights}
    if report.error is not None:
        document["error"] = failure(report.error)["error"]
    return document


def _short_document(outcome: NightOutcome) -> dict[str, Any]:
    manifests = [file.manifest for file in outcome.files if file.manifest is not None]
    document: dict[str, Any] = {
        "date": str(outcome.night.day),
        "status": outcome.status,
        "exit_code": outcome.exit_code,
        "output": outcome.night.output,
        "files": len(outcome.files),
        "rows": {
            kind: sum(manifest.rows[kind] for manifest in manifests)
            for kind in ("read", "scored", "rejected")
        },
        "model": manifests[0].model.tag if manifests else None,
        "warnings": len(_warnings(outcome)),
    }
    if outcome.errors:
        what, hint = without_cells(outcome.errors[0])  # it may be kept by whoever reads it
        document["error"] = {"what": what, "where": outcome.errors[0].where, "cure": hint}
    return document


def night_document(outcome: NightOutcome) -> dict[str, Any]:
    """Return a night's outcome as JSON."""
    night = outcome.night
    document: dict[str, Any] = {
        "date": str(night.day),
        "status": outcome.status,
        "exit_code": outcome.exit_code,
        "input": night.input,
        "output": night.output,
        "notes": list(outcome.notes),
    }
    if outcome.error is not None:
        document["error"] = failure(outcome.error)["error"]
    if outcome.planned:
        document["planned"] = [asdict(planned) for planned in outcome.planned]
    else:
        document["files"] = [_file_document(file) for file in outcome.files]
    return document


def show_jobs(jobs: Sequence[JobSummary], folder: str) -> None:
    """Print the jobs of a folder as a table."""
    if not jobs:
        log("note", f"There are no job files (*.toml) in {folder}.")
    elif not style().quiet:
        print_rows(
            ("JOB", "FILE", "MODEL", "TODAY", "LAST PUBLISHED", "NEXT"),
            [
                (
                    job.name,
                    str(job.path),
                    job.model or "-",
                    _today(job),
                    _published(job.last) or "-",
                    job.next_step or "-",
                )
                for job in jobs
            ],
            least=("NEXT", "MODEL", "FILE"),
        )
    for job in jobs:
        if job.error is not None:
            report(job.error)
        for damaged in job.damaged:
            warn(str(damaged))


def _today(job: JobSummary) -> str:
    if job.error is not None:
        return "faulty"
    if job.tonight is not None:
        return "published"
    record = job.record_of_today
    if record is None or record.is_published:  # what was published is gone
        return "not yet"
    return verdict(record)


def verdict(record: RunRecord) -> str:
    """Return how a date ended, with its exit code where it failed."""
    return f"failed ({record.exit_code})" if record.status == "failed" else record.status


def show_history(records: Sequence[RunRecord], earlier: int) -> None:
    """Print the dates of a job as a table."""
    if not records:
        log("note", "This job has not run yet.")
    elif not style().quiet:
        print_rows(
            ("DATE", "VERDICT", "READ", "SCORED", "REJECTED", "MODEL", "SAID"),
            [
                (
                    record.date,
                    verdict(record),
                    f"{record.rows.read:,}" if record.rows else "-",
                    f"{record.rows.scored:,}" if record.rows and record.is_published else "-",
                    f"{record.rows.rejected:,}" if record.rows else "-",
                    record.model.tag if record.model else "-",
                    _said(record) or "-",
                )
                for record in records
            ],
            least=("SAID", "MODEL"),
        )
    if earlier:
        log("note", f"{earlier:,} earlier dates: --last {len(records) + earlier}")


def history_document(record: RunRecord) -> dict[str, Any]:
    """Return a date of a job as JSON: its run record without the counts by bin."""
    document = record.to_json()
    del document["profile"]
    return document


def _said(record: RunRecord) -> str:
    if record.error is not None:
        what = record.error.what.partition("\n")[0].removesuffix(":")
        some = 0 < record.files_failed < record.files
        return f"{record.files_failed:,} of {record.files:,} files: {what}" if some else what
    said = ["published before"] if record.status == "skipped" else []
    if count := len(record.warnings):
        said.append(f"{count} warning{'s' if count > 1 else ''}")
    return ", ".join(said)


def job_document(job: JobSummary) -> dict[str, Any]:
    """Return a job of a folder as JSON."""
    document: dict[str, Any] = {
        "name": job.name,
        "path": str(job.path),
        "next": job.next_step or None,
    }
    if job.error is not None:
        return {**document, **failure(job.error)}
    return {
        **document,
        "status": "published today" if job.tonight else "not published today",
        "last_run": _last_run(job.last_record),
        "model": job.model,
        "output": job.output,
        "today": asdict(job.tonight) if job.tonight else None,
        "last": asdict(job.last) if job.last else None,
    }


def _last_run(record: RunRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    document = history_document(record)
    return {key: document[key] for key in ("date", "status", "exit_code", "error", "finished_at")}


def check_document(path: str, check: JobCheck) -> dict[str, Any]:
    """Return a job without a fault as JSON."""
    return {
        "path": path,
        "status": "good",
        "exit_code": 0,
        "name": check.job.name,
        "model": {"tag": check.tag, "sha256": check.sha256},
        "input": check.tonight.input,
        "output": check.tonight.output,
        "columns_checked": check.columns_known,
    }


def _show_summary(file: FileOutcome) -> None:
    from titanic_batch.cli.summary import print_summary

    assert file.manifest is not None
    if not style().quiet:
        print_summary(stdout(), file.manifest)
        if style().verbose and stdout().is_terminal:
            from titanic_batch.cli.histogram import print_histogram

            print_histogram(stdout(), file.manifest)


def _line(outcome: NightOutcome) -> str:
    night = outcome.night
    head = f"{night.day} {outcome.status}"
    if outcome.planned:
        new = [planned for planned in outcome.planned if not planned.published]
        files = f", {len(new)} of {len(outcome.planned)} files" if len(outcome.planned) > 1 else ""
        done = "would be scored into" if new else "is published already:"
        return f"{head}: {night.input} {done} {night.output}{files}"
    if outcome.status == "skipped":
        return f"{head}, published already: {night.output}"
    if outcome.status == "absent":
        return f"{head}, an optional input that has not arrived: {night.input}"
    if outcome.status == "failed":
        published = sum(file.manifest is not None for file in outcome.files)
        files = f", {published} of {len(outcome.files)} files published" if outcome.files else ""
        return f"{head} ({outcome.exit_code}): {night.output}{files}"
    totals = _totals(outcome)
    files = f"{totals['files']:,} files, " if totals["files"] > 1 else ""
    return (
        f"{head}: {night.output}, {files}{totals['rows_scored']:,} rows scored, "
        f"{totals['rows_rejected']:,} rejected"
    )


def _warnings(outcome: NightOutcome) -> list[str]:
    """Return what the manifests warn of, once each."""
    manifests = [file.manifest for file in outcome.files if file.manifest is not None]
    return list(dict.fromkeys(text for manifest in manifests for text in manifest.warnings))


def _totals(outcome: NightOutcome) -> dict[str, int]:
    manifests = [file.manifest for file in outcome.files if file.manifest is not None]
    return {
        "files": len(outcome.files),
        "rows_scored": sum(manifest.rows.scored for manifest in manifests),
        "rows_rejected": sum(manifest.rows.rejected for manifest in manifests),
    }


def _file_document(file: FileOutcome) -> dict[str, Any]:
    if file.error is not None:
        return {"input": file.pair.input, **failure(file.error)}
    assert file.manifest is not None
    return {**file.manifest.to_json(), "skipped": file.skipped}


def _published(output: PublishedOutput | None) -> str:
    if output is None:
        return ""
    files = f" in {output.files} files" if output.files > 1 else ""
    return f"{output.rows:,} rows{files} at {output.finished_at[:19]}Z"  # to the second
