"""The `jobs` commands."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from titanic_batch.cli import jobs_view as view
from titanic_batch.cli.common import AsJson, with_common_options
from titanic_batch.cli.console import print_json, warn
from titanic_batch.errors import TitanicBatchError, worst_exit_code
from titanic_batch.stores import is_folder

_DATES_SHOWN = 30

jobs_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    short_help="List and check job files, show their history, print systemd units.",
    help="Example: `titanic-batch jobs list`\n\nList and check job files, show their history, "
    "print systemd units for them; `run` runs them.",
)


@jobs_app.command("list", short_help="List the jobs in a folder.")
@with_common_options
def list_command(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Where the job files are.")
    ] = "jobs",
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch jobs list jobs`

    List the jobs in a folder: name, file, model, how today's run ended, what was published last,
    and the command to run next. It goes by the manifests and run records.
    """
    from titanic_batch.jobs.listing import list_jobs

    jobs = list_jobs(folder)
    if as_json:
        print_json([view.job_document(job) for job in jobs])
    else:
        view.show_jobs(jobs, folder)


@jobs_app.command("history", short_help="Show how the last dates of a job ended.")
@with_common_options
def history_command(
    job: Annotated[str, typer.Argument(metavar="JOB.toml", help="A job file.")],
    last: Annotated[
        int | None,
        typer.Option(
            "--last",
            metavar="N",
            min=1,
            help="So many dates. Default: 30, with --json all.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch jobs history jobs/nightly.toml --last 90`

    Show how the last dates of a job ended: verdict, rows, rejects and model, also of those that
    failed, were skipped, or had no input. They are known by the job's run records; those of older
    versions, by the manifests of their outputs.
    """
    from titanic_batch.jobs.job_file import read_job
    from titanic_batch.jobs.run_history import history_of_job

    chosen = read_job(job)
    history = history_of_job(chosen)
    for damaged in history.damaged:
        warn(str(damaged))
    count = last or (len(history.records) if as_json else _DATES_SHOWN)
    shown = history.records[-count:] if count else ()
    if as_json:
        print_json(
            {
                "job": chosen.name,
                "path": str(chosen.path),
                "dates": [view.history_document(record) for record in shown],
                "earlier": len(history.records) - len(shown),
            }
        )
    else:
        view.show_history(shown, len(history.records) - len(shown))


@jobs_app.command("check", short_help="Check job files without running them.")
@with_common_options
def check_command(
    jobs: Annotated[list[str], typer.Argument(metavar="JOB...", help="Job files.")],
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch jobs check jobs/*.toml`

    Check each job file, that its model is there, and that the model is trusted. Nothing is scored,
    and no model is loaded.
    """
    from titanic_batch.jobs.checking import check_job

    errors: list[TitanicBatchError] = []
    documents = []
    for path in jobs:
        try:
            check = check_job(path)
        except TitanicBatchError as exc:
            errors.append(exc)
            view.report(exc, under=path)
            documents.append({"path": path, **view.failure(exc)})
        else:
            documents.append(view.check_document(path, check))
            if not as_json:
                view.line(f"{path}: good; {check.tag} scores {check.tonight.input}")
                if not check.columns_known:
                    warn(
                        f"{path}: columns were not checked, as {check.tag} carries no training "
                        "schema; `titanic-batch check INPUT` loads the model and does"
                    )
    if as_json:
        print_json({"exit_code": worst_exit_code(errors), "jobs": documents})
    raise typer.Exit(worst_exit_code(errors))


@jobs_app.command("units", short_help="Print systemd units that run a job.")
@with_common_options
def units_command(
    job: Annotated[str, typer.Argument(metavar="JOB.toml", help="A job file.")],
    on_calendar: Annotated[
        str,
        typer.Option("--on-calendar", metavar="TIME", help="When it runs, as in systemd.time(7)."),
    ],
    randomized_delay: Annotated[
        str,
        typer.Option(
            "--randomized-delay", metavar="SPAN", help="Start up to this much later, at random."
        ),
    ] = "5min",
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="SPAN", help="How long a run may take.")
    ] = "6h",
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="NAME", help="The user who runs it. Default: you."),
    ] = None,
    on_failure: Annotated[
        str | None,
        typer.Option(
            "--on-failure",
            metavar="UNIT",
            help="The unit to start when it fails. Default: one that is printed too.",
        ),
    ] = None,
    write: Annotated[
        str | None,
        typer.Option("--write", metavar="FOLDER", help="Write the files there; print nothing."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch jobs units jobs/nightly.toml --on-calendar "*-*-* 04:15:00"`

    Print a systemd service and timer that run a job: hardened, with a time-out, run later if the
    machine was off, and tried again only while another run holds the output (75). With
    --write /etc/systemd/system they are written; `systemctl daemon-reload` reads them then, and
    `systemctl enable --now NAME.timer` starts the timer.
    """
    import getpass

    from titanic_batch.jobs.job_file import read_job
    from titanic_batch.jobs.units import UnitOptions, make_units, writable_folders, write_units

    options = UnitOptions(
        on_calendar=on_calendar,
        randomized_delay=randomized_delay,
        timeout=timeout,
        user=user or getpass.getuser(),
        on_failure=on_failure,
    )
    chosen = read_job(job)
    units = make_units(chosen, options)
    for folder in writable_folders(chosen):
        if not is_folder(folder):
            warn(f"the service needs this folder: mkdir -p {folder}")
    if write is not None:
        paths = write_units(units, write)
        if as_json:
            print_json([str(path) for path in paths])
        else:
            for path in paths:
                view.line(f"wrote {path}")
    elif as_json:
        print_json([{"name": unit.name, "text": unit.text} for unit in units])
    else:
        view.text("\n".join(f"# {unit.name}\n{unit.text}" for unit in units))


@jobs_app.command("schema", short_help="Print the JSON Schema of job files.")
@with_common_options
def schema_command(as_json: AsJson = False) -> None:
    """Example: `titanic-batch jobs schema > job.schema.json`

    Print the JSON Schema of job files. An editor that knows TOML completes and checks a job file
    whose first line is `#:schema job.schema.json`.
    """
    from titanic_batch.jobs.json_schema import shipped_schema

    if as_json:
        print_json(json.loads(shipped_schema()))
    else:
        view.text(shipped_schema())
