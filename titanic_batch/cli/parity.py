"""`titanic-batch parity`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from titanic_batch.cli.common import AsJson, with_common_options
from titanic_batch.cli.console import print_json, stdout, style
from titanic_batch.cli.score_options import with_score_options
from titanic_batch.interrupts import interruptible
from titanic_batch.printable import shell_quoted

if TYPE_CHECKING:
    from titanic_batch.serving.totals import ParityReport

_SHOWN = 5


@with_common_options
@with_score_options("parity")
def parity_command(
    input: Annotated[
        str, typer.Argument(metavar="INPUT", help="CSV, JSON Lines or Parquet; - for stdin.")
    ],
    url: Annotated[str, typer.Option("--url", metavar="URL", help="The running service.")],
    batch_size: Annotated[
        int,
        typer.Option(
            "--batch-size",
            metavar="N",
            min=1,
            help="Rows sent at a time, to /predict_batch; 1 sends each alone, to /predict.",
        ),
    ] = 100,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Example: `titanic-batch parity input.csv --url http://127.0.0.1:3000`

    Score a file as the batch command does, send its rows to a running service, and compare the
    two: labels, probabilities, and which rows are rejected for which reason. Exits with 0 if they
    agree on every row, with 65 if they do not. Nothing is written.
    """
    from titanic_batch.errors import DataError
    from titanic_batch.scoring.api import make_options

    with interruptible():  # scikit-learn comes with it
        from titanic_batch.serving.parity import compare

    report = compare(input, url, make_options(**options), batch_size=batch_size)
    if as_json:
        print_json({"status": "agrees" if report.agrees else "differs", **asdict(report)})
        raise typer.Exit(0 if report.agrees else DataError.exit_code)
    if not style().quiet:
        _print(report)
    if not report.agrees:
        raise DataError(
            f"batch and service do not agree on {report.compared - report.equal:,} of "
            f"{report.compared:,} rows",
            where=input,
            hint=_cure(report),
        )


def _print(report: ParityReport) -> None:
    console = stdout()
    console.print(
        f"{report.equal:,} of {report.compared:,} rows equal"
        f"  ({report.compared - report.rejected:,} scored, {report.rejected:,} rejected by both)",
    )
    rows = [
        ("batch", report.model),
        ("service", f"{report.service_model or 'no answer'} at {report.url}"),
        ("labels differing", f"{report.labels_differing:,}"),
        ("verdicts differing", f"{report.verdicts_differing:,}"),
        ("largest difference", f"{report.largest_difference:g}"),
    ]
    if report.unsent:
        rows.append(("not sent", f"{report.unsent:,} rows that are not records"))
    for name, value in rows:
        console.print(f"  {name:<19} {value}")
    for difference in report.differences[:_SHOWN]:
        console.print(
            f"  row {difference.row}: batch {difference.batch}; service {difference.service}",
        )
    left = report.compared - report.equal - len(report.differences[:_SHOWN])
    if left > 0:
        console.print(f"  and {left:,} more")


def _cure(report: ParityReport) -> str:
    if not report.compared:
        return "No row of the input is a record that could be sent."
    if report.service_model != report.model:
        return (
            f"They have different models: start the service with TITANIC_BATCH_MODEL={report.model}"
            f", or add --model {shell_quoted(report.service_model)}."
        )
    return "The model may answer differently on another machine or with other library versions."
