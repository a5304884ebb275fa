"""The `jobs` commands."""

from __future__ import annotations

from typing import Annotated

import typer

from titanic_batch.cli import jobs_view as view
from titanic_batch.cli.common import with_common_options
from titanic_batch.cli.console import print_json
from titanic_batch.errors import TitanicBatchError, worst_exit_code

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

jobs_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    short_help="List and check job files.",
    help="Example: `titanic-batch jobs list`\n\nList and check job files; `run` runs them.",
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

    List the jobs in a folder: name, file, model, whether today's output is published, and what was
    published last, going by the manifests.
    """
    from titanic_batch.jobs.listing import list_jobs

    jobs = list_jobs(folder)
    if as_json:
        print_json([view.job_document(job) for job in jobs])
    else:
        view.show_jobs(jobs, folder)


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
    if as_json:
        print_json({"exit_code": worst_exit_code(errors), "jobs": documents})
    raise typer.Exit(worst_exit_code(errors))
