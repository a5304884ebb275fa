"""`titanic-batch check`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from titanic_batch.cli.common import AsJson, with_common_options
from titanic_batch.cli.console import print_json, stdout, style
from titanic_batch.cli.score import report_error
from titanic_batch.cli.score_options import with_score_options
from titanic_batch.cli.summary import counted, empty_lines
from titanic_batch.cli.tables import listed, print_rows, source
from titanic_batch.errors import worst_exit_code
from titanic_batch.interrupts import interruptible

if TYPE_CHECKING:
    from titanic_batch.scoring.cell_reading import CellExample
    from titanic_batch.scoring.checking import CheckedFile, CheckReport

_SHOWN_REJECTS = 10
_LONGEST_CELL = 24


@with_common_options
@with_score_options("check")
def check_command(
    input: Annotated[
        str,
        typer.Argument(metavar="INPUT", help="As for score: a file, a folder, a quoted glob, -."),
    ],
    full: Annotated[
        bool, typer.Option("--full", help="Look at every row, not only at the first ones.")
    ] = False,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Example: `titanic-batch check input.csv --full`

    Say where each model column comes from and what is done to it, and which rows would be
    rejected, without writing anything. Exits as score would, as far as was looked: with 65 where
    the columns do not fit, or more rows are rejected than --max-rejects allows.
    """
    from titanic_batch.scoring.api import make_options

    with interruptible():  # scikit-learn comes with it
        from titanic_batch.scoring.checking import check_files
    from titanic_batch.scoring.finding import is_several

    files = check_files(input, make_options(**options), full=full)
    several = is_several(input)
    if not several and files[0].report is None and files[0].error is not None:
        raise files[0].error
    if as_json:
        documents = [_document(file) for file in files]
        print_json({"files": documents} if several else documents[0])
    for file in files:
        if file.report is not None and not as_json and not style().quiet:
            _print(file.report)
        if file.error is not None:
            report_error(file.error)
    raise typer.Exit(worst_exit_code(file.error for file in files if file.error is not None))


def _document(file: CheckedFile) -> dict[str, Any]:
    error = file.error
    return {
        **(asdict(file.report) if file.report is not None else {"input": file.input}),
        "exit_code": error.exit_code if error is not None else 0,
        "error": error.to_json() if error is not None else None,
    }


def _print(report: CheckReport) -> None:
    console = stdout()
    console.print(f"{report.input}, for {report.model['tag']}")
    print_rows(
        ("MODEL COLUMN", "FROM", "KIND", "ACTION", "NULL", "UNKNOWN"),
        [
            (
                *(entry["column"], source(entry), entry["kind"], _action(entry)),
                *(entry["null"], entry.get("unknown", "")),
            )
            for entry in report.alignment
            if entry["action"] != "dropped"
        ],
    )
    console.print()
    print_rows(
        ("MODEL COLUMN", "READ BY", "EXAMPLES"),
        [
            (cells.column, " ".join(cells.options), ", ".join(map(_example, cells.examples)))
            for cells in report.cells
        ],
    )
    unused = [source(entry) for entry in report.alignment if entry["action"] == "dropped"]
    if unused:
        console.print(f"not used by the model: {listed(unused)}")
    for column, count in report.nulls.items():
        console.print(f"nulls: {column} {count:,}")
    for column, values in report.null_tokens.items():
        shown = ", ".join(f"{value or repr(value)} {count:,}" for value, count in values.items())
        console.print(f"read as null: {column} {shown}")
    for column, values in report.unknown_categories.items():
        shown = ", ".join(f"{value!r} {count:,}" for value, count in list(values.items())[:10])
        console.print(f"never seen in training: {column} {shown}")
    if report.trimmed:
        console.print(f"spaces dropped: {counted(report.trimmed)}")
    if report.empty_lines:
        console.print(f"{empty_lines(report.empty_lines)} at the end, which are no records")
    console.print(f"predictor: {report.predictor}")
    for warning in report.warnings:
        console.print(f"warning: {warning}")
    rows = "all" if report.complete else "the first"
    console.print(f"{rows} {report.rows_checked:,} rows: {report.rejected:,} would be rejected")
    for reject in report.rejects[:_SHOWN_REJECTS]:
        line = f", line {reject.line}" if reject.line is not None else ""
        column = f", column {reject.column}" if reject.column else ""
        console.print(f"  row {reject.row}{line}{column}: {reject.reason}")
    if report.rejected > _SHOWN_REJECTS:
        console.print(f"  and {report.rejected - _SHOWN_REJECTS:,} more")


def _example(cell: CellExample) -> str:
    return f"{_shown(cell.before)} -> {cell.rejected or _shown(cell.after)}"


def _shown(value: Any) -> str:
    """Return a cell for a table; spaces around it, and no text at all, are to be seen."""
    if value is None:
        return "null"
    text = str(value)
    text = text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}..."
    return repr(text) if (isinstance(value, str) and text != text.strip()) or not text else text


def _action(entry: dict[str, Any]) -> str:
    action = str(entry["action"])
    if "fill" in entry:
        return f"{action} with {entry['fill']}"
    if "value" in entry:
        return f"{action}, 1 where {entry['value']}"
    return action
