"""`titanic-batch report`."""

from __future__ import annotations

from typing import Annotated

import typer

from titanic_batch.cli.common import AsJson, with_common_options
from titanic_batch.cli.console import print_document, print_json, stdout, style, warn
from titanic_batch.errors import UsageError


@with_common_options
def report_command(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A published file or its manifest, a job file, or a folder of run records or "
            "outputs.",
        ),
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="The page; - for standard output.")
    ] = "report.html",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is not a report.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch report jobs/nightly.toml -o report.html`

    Make one HTML page to look at: the verdict, what needs a look and the command that helps, rows
    and rejects by date, scores and columns against training, the model and its history. It is made
    of manifests and run records, never of the data; it needs no network and runs no script.
    """
    from titanic_batch.report.page import make_page
    from titanic_batch.report.reading import read_story
    from titanic_batch.report.writing import write_page

    if output == "-" and as_json:
        raise UsageError("--json and -o - would both write to standard output")
    story = read_story(run)
    for damaged in story.damaged:
        warn(str(damaged))
    page = make_page(story)
    if output == "-":
        print_document(page)
        return
    size = write_page(output, page, overwrite=overwrite)
    if as_json:
        print_json(
            {
                "status": "written",
                "path": output,
                "bytes": size,
                "dates": len(story.records),
                "last": {"date": story.last.date, "status": story.last.status},
            }
        )
    elif not style().quiet:
        stdout().print(f"wrote {output}  ({size:,} bytes)", soft_wrap=True)
