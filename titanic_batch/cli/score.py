"""`titanic-batch score`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from titanic_batch.cli.common import PartSize, with_common_options
from titanic_batch.cli.console import log, print_error, print_json, stdout, style, warn
from titanic_batch.cli.score_options import with_score_options
from titanic_batch.errors import TitanicBatchError, worst_exit_code
from titanic_batch.interrupts import interruptible

if TYPE_CHECKING:
    from titanic_batch.publish.manifest import Manifest
    from titanic_batch.scoring.outcome import FileOutcome
    from titanic_batch.scoring.progress import Observer


@with_common_options
@with_score_options("score")
def score_command(
    input: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help=".csv, .tsv, .txt, .jsonl or .ndjson (also .gz, .bz2, .zst), .parquet, a folder "
            "(nested and Hive-partitioned, too), a quoted glob (also **), or - for CSV on stdin.",
        ),
    ],
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT",
            help=".csv, .jsonl or .ndjson (also .gz, .zst), .parquet, - for CSV on stdout, or a "
            "folder (ends in / or exists).",
        ),
    ],
    in_parts: Annotated[
        bool,
        typer.Option(
            "--parts",
            help="Publish a folder of part files with one manifest, all at once; a run that was "
            "broken off keeps the parts that it had finished.",
            rich_help_panel="Output",
        ),
    ] = False,
    part_size: PartSize = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the manifest as one JSON document on stdout.")
    ] = False,
    **options: Any,
) -> None:
    """Example: `titanic-batch score input.csv scored.parquet --max-rejects 1%`

    Score INPUT with a model and publish OUTPUT with a manifest beside it. OUTPUT appears whole, or
    not at all; a row that can't be scored goes to OUTPUT.rejects.csv with the reason.
    """
    from titanic_batch.cli.progress import shown_progress
    from titanic_batch.errors import UsageError
    from titanic_batch.scoring.api import score_files
    from titanic_batch.scoring.finding import is_several

    to_stdout = output == "-"
    if to_stdout and as_json:
        raise UsageError("--json and OUTPUT - would both write to standard output")
    if part_size is not None and not in_parts:
        raise UsageError("--part-size is for --parts", hint="Add --parts.")
    with shown_progress() as observer:
        if in_parts:
            outcomes = [_score_parts(input, output, part_size, observer, options)]
        else:
            outcomes = score_files(input, output, observer=observer, **options)
    _say_what_predicted(outcomes)
    if style().log_format != "json":  # logs hold no cells
        for said in (said for outcome in outcomes for said in outcome.model_errors):
            warn(said)
    several = is_several(input) and not in_parts
    _render(outcomes, several=several, to_stdout=to_stdout, as_json=as_json)


def _score_parts(
    input: str, output: str, part_size: str | None, observer: Observer, options: dict[str, Any]
) -> FileOutcome:
    with interruptible():  # scikit-learn comes with it
        from titanic_batch.parts.api import score_parts

    return score_parts(input, output, part_size=part_size, observer=observer, **options)


def _render(outcomes: list[FileOutcome], *, several: bool, to_stdout: bool, as_json: bool) -> None:
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not several:
        if errors:
            raise errors[0]
        manifest = outcomes[0].manifest
        if manifest is not None and outcomes[0].skipped and not as_json:
            log("skipped", f"already published: {manifest.output.path}", **_fields(manifest))
        elif manifest is not None:
            _render_manifest(manifest, to_stdout=to_stdout, as_json=as_json)
        return
    if as_json:
        print_json({"exit_code": worst_exit_code(errors), "files": [_entry(o) for o in outcomes]})
    for outcome in outcomes:
        if outcome.error is not None:
            report_error(outcome.error)
        elif outcome.manifest is not None and style().verbose:
            log("published", _line(outcome.manifest), **_fields(outcome.manifest))
    published = [outcome.manifest for outcome in outcomes if outcome.manifest is not None]
    skipped = sum(outcome.skipped for outcome in outcomes)
    log(
        "summary",
        f"{len(published):,} of {len(outcomes):,} files published"
        f"{f' ({skipped:,} of them before)' if skipped else ''}: "
        f"{sum(m.rows.scored for m in published):,} rows scored, "
        f"{sum(m.rows.rejected for m in published):,} rejected",
        files=len(outcomes),
        published=len(published),
    )
    raise typer.Exit(worst_exit_code(errors))


def _say_what_predicted(outcomes: list[FileOutcome]) -> None:
    """With --verbose, say why no plan predicted."""
    predictors = {
        o.manifest.predictor for o in outcomes if o.manifest is not None and not o.skipped
    }
    for predictor in predictors:
        if style().verbose and predictor is not None and predictor.reason:
            log("predictor", f"predicted by scikit-learn: {predictor.reason}")


def report_error(error: TitanicBatchError) -> None:
    """Print one file's error, while stdout takes a document that says more."""
    from dataclasses import replace

    from titanic_batch.cli.console import set_style

    before = style()
    set_style(replace(before, as_json=False))
    print_error(error)
    set_style(before)


def _entry(outcome: FileOutcome) -> dict[str, Any]:
    if outcome.error is not None:
        error = outcome.error
        return {
            "input": outcome.pair.input,
            "status": "failed",
            "exit_code": error.exit_code,
            "error": error.to_json(),
        }
    assert outcome.manifest is not None
    return outcome.manifest.to_json()


def _render_manifest(manifest: Manifest, *, to_stdout: bool, as_json: bool) -> None:
    if as_json:
        print_json(manifest.to_json())
        return
    if style().log_format == "json":
        log("published", _line(manifest), **_fields(manifest))
        return
    if to_stdout:
        log("published", _line(manifest))
        return
    if not style().quiet:
        from titanic_batch.cli.summary import print_summary

        print_summary(stdout(), manifest)
        if style().verbose:
            from titanic_batch.cli.histogram import print_histogram

            print_histogram(stdout(), manifest)


def _line(manifest: Manifest) -> str:
    rows = manifest.rows
    return (
        f"{manifest.input.path}: {rows.scored:,} rows scored, {rows.rejected:,} rejected, "
        f"{manifest.seconds:.1f} s"
    )


def _fields(manifest: Manifest) -> dict[str, Any]:
    return {
        "input": manifest.input.path,
        "output": manifest.output.path,
        "model": manifest.model.tag,
        "rows_read": manifest.rows.read,
        "rows_scored": manifest.rows.scored,
        "rows_rejected": manifest.rows.rejected,
        "seconds": manifest.seconds,
    }
