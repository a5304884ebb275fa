"""`titanic-batch run`."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from titanic_batch.cli import jobs_view as view
from titanic_batch.cli.common import AsJson, with_common_options
from titanic_batch.cli.console import print_json, warn
from titanic_batch.errors import KNOWN_EXIT_CODES, UsageError

if TYPE_CHECKING:
    from datetime import date

    from titanic_batch.jobs.job_file import Job

_OVER_THE_FILE = "Over the job file"
_FOR_ORCHESTRATORS = "For orchestrators"


@with_common_options
def run_command(
    job: Annotated[str, typer.Argument(metavar="JOB.toml", help="A job file.")],
    date: Annotated[
        str | None,
        typer.Option(
            "--date",
            metavar="DATE",
            help="The night to run: 2026-11-22, today or yesterday. Default: today in the job's "
            "time zone.",
        ),
    ] = None,
    backfill: Annotated[
        str | None,
        typer.Option(
            "--backfill", metavar="A..B", help="Run every night from A to B, both included."
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Publish anew what is published already; the manifest that is replaced is kept "
            "as OUTPUT.manifest.json.1, .2, ...",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be done; score and write nothing."),
    ] = False,
    ignore_guards: Annotated[
        bool,
        typer.Option("--ignore-guards", help="Publish what [guards] would stop; warn of it."),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "-m",
            "--model",
            metavar="REF",
            help="Use this model instead; model.sha256 of the file is not checked.",
            rich_help_panel=_OVER_THE_FILE,
        ),
    ] = None,
    trust: Annotated[
        list[str] | None,
        typer.Option(
            "--trust",
            metavar="SHA256",
            help="Trust this model file for this run, whatever the job file pins. Repeatable.",
            rich_help_panel=_OVER_THE_FILE,
        ),
    ] = None,
    max_rejects: Annotated[
        str | None,
        typer.Option(
            "--max-rejects",
            metavar="N|P%",
            help="Publish with at most this many rows rejected.",
            rich_help_panel=_OVER_THE_FILE,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N",
            min=1,
            help="Worker processes.",
            rich_help_panel=_OVER_THE_FILE,
        ),
    ] = None,
    skip_exit_code: Annotated[
        int | None,
        typer.Option(
            "--skip-exit-code",
            metavar="N",
            min=1,
            max=255,
            help="End with N, not 0, where nothing was to do: all published before, or an optional "
            "input that has not arrived. Airflow takes 99.",
            rich_help_panel=_FOR_ORCHESTRATORS,
        ),
    ] = None,
    json_line: Annotated[
        bool,
        typer.Option(
            "--json-line",
            help="Print one line of JSON on stdout: how each night ended, its rows and its model.",
            rich_help_panel=_FOR_ORCHESTRATORS,
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch run jobs/nightly.toml --backfill 2026-11-16..2026-11-22`

    Run a job for one night or for several. A night that is published stays as it is, whatever model
    and options the job has by now, which is said, and is published anew by --force only. Of several
    nights, one that fails does not stop the others. What the
    environment says (TITANIC_BATCH_MODEL, TITANIC_BATCH_WORKERS) gives way to the job file, and
    the file to the options here.
    """
    from titanic_batch.cli.progress import shown_progress
    from titanic_batch.jobs.job_file import read_job
    from titanic_batch.jobs.reporting import Report, reported
    from titanic_batch.jobs.running import run_nights
    from titanic_batch.jobs.settings import Overrides
    from titanic_batch.models.trust.gate import parse_hashes
    from titanic_batch.scoring.reject_limit import reject_limit

    if max_rejects is not None:
        reject_limit(max_rejects)
    parse_hashes(trust or (), where="--trust")
    if json_line and as_json:
        raise UsageError("--json and --json-line exclude each other", hint="Give one of them.")
    if skip_exit_code in KNOWN_EXIT_CODES:
        raise UsageError(
            f"{skip_exit_code} means something else already, as an exit code",
            where="--skip-exit-code",
            hint="Give 99, say.",
        )
    chosen = read_job(job)
    days = _days(chosen, date, backfill)
    overrides = Overrides(
        model=model, trust=tuple(trust or ()), max_rejects=max_rejects, workers=workers
    )
    seen = nullcontext(Report()) if dry_run else reported(chosen, warn=warn)
    with seen as report, shown_progress() as observer:
        for outcome in run_nights(
            chosen,
            days,
            force=force,
            dry_run=dry_run,
            ignore_guards=ignore_guards,
            overrides=overrides,
            observer=observer,
        ):
            report.outcomes.append(outcome)
            with observer.hidden():
                view.show_night(outcome, one_of=len(days), as_json=as_json or json_line)
    if report.error is not None:
        view.report(report.error)
    if not dry_run and chosen.report is not None:
        from titanic_batch.report.writing import write_report_of

        if fault := write_report_of(chosen):
            warn(fault, even_quietly=True)
    code = report.exit_code
    if code == 0 and skip_exit_code is not None and report.nothing_to_do:
        code = skip_exit_code
    if json_line:
        print_json(view.run_line(chosen.name, report, code))
    elif as_json:
        print_json(view.run_document(chosen.name, report, code))
    elif len(days) > 1:
        view.show_count(report.outcomes)
    raise typer.Exit(code)


def _days(job: Job, date: str | None, backfill: str | None) -> list[date]:
    from datetime import timedelta

    from titanic_batch.jobs.dates import parse_date, parse_range, today

    if backfill is not None:
        if date is not None:
            raise UsageError("--date and --backfill exclude each other", hint="Give one of them.")
        return parse_range(backfill)
    if date in (None, "today"):
        return [today(job.zone)]
    if date == "yesterday":
        return [today(job.zone) - timedelta(days=1)]
    assert date is not None
    return [parse_date(date)]
