"""The `parts` commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from titanic_batch.cli.common import AsJson, PartSize, with_common_options
from titanic_batch.cli.console import log, print_json, stdout, style
from titanic_batch.cli.score_options import with_score_options
from titanic_batch.interrupts import interruptible

parts_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    short_help="One large input, cut into parts that any scheduler can run.",
    help="Example: `titanic-batch parts plan input.csv scored/ -o plan.json`\n\nCut one large "
    "input into parts, score each wherever there is a machine for it, and publish all at once.",
)

Plan = Annotated[Path, typer.Argument(metavar="PLAN", help="What `parts plan` has written.")]


@parts_app.command("plan", short_help="Cut and hash the input once.")
@with_common_options
@with_score_options("score")
def plan_command(
    input: Annotated[
        str,
        typer.Argument(metavar="INPUT", help="As for score; several files are read as one input."),
    ],
    output: Annotated[
        str,
        typer.Argument(metavar="OUTPUT", help="The folder that the parts are published in."),
    ],
    plan: Annotated[Path, typer.Option("-o", "--output", metavar="PLAN", help="Where it goes.")],
    part_size: PartSize = None,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Example: `titanic-batch parts plan input.csv scored/ -o plan.json`

    Cut INPUT into parts and write a plan: where each part begins, its hash, the model's hash and
    all options. Nothing is scored. Then score each part by `parts run`, on any machine that sees
    the same files, and publish them by `parts commit`.
    """
    with interruptible():  # scikit-learn comes with it
        from titanic_batch.parts.api import plan_parts

    made = plan_parts(input, output, plan, part_size=part_size, **options)
    if as_json:
        print_json(
            {
                "plan": str(plan),
                "part_count": len(made.parts),
                "rows": made.rows,
                "input": vars(made.input),
                "output": made.output,
            }
        )
    elif not style().quiet:
        count = len(made.parts)
        which = "index 0" if count == 1 else f"indices 0 to {count - 1}"
        stdout().print(f"{plan}: {made.rows:,} rows in {count:,} parts, {which}")


@parts_app.command("run", short_help="Score one part.")
@with_common_options
def run_command(
    plan: Plan,
    index: Annotated[
        int,
        typer.Option("--index", metavar="N", help="The part's position in the plan, from 0."),
    ],
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="As for score.", envvar="TITANIC_BATCH_WORKERS"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Example: `titanic-batch parts run plan.json --index 7`

    Score one part of a plan, into the private folder beside the output. A part that is finished
    already is kept. Nothing is published before `parts commit`.
    """
    with interruptible():  # scikit-learn comes with it
        from titanic_batch.parts.api import run_part

    done = run_part(plan, index, workers=workers)
    if as_json:
        print_json({**vars(done), "rows": vars(done.rows)})
        return
    rows = done.rows
    said = f"part {index}: {rows.scored:,} rows scored, {rows.rejected:,} rejected"
    if done.was_there:
        said += ", by a run before"
    if style().log_format == "json":
        log(
            "part",
            said,
            index=index,
            name=done.name,
            rows_read=rows.read,
            rows_scored=rows.scored,
            rows_rejected=rows.rejected,
        )
    elif not style().quiet:
        stdout().print(said)


@parts_app.command("commit", short_help="Publish all parts at once.")
@with_common_options
def commit_command(plan: Plan, as_json: AsJson = False) -> None:
    """Example: `titanic-batch parts commit plan.json`

    See that all parts of a plan are there, that they are what was written and that the rows add up,
    and publish them at once, with one manifest. What is published already stays as it is.
    """
    with interruptible():  # scikit-learn comes with it
        from titanic_batch.parts.api import commit_plan

    manifest = commit_plan(plan)
    if as_json:
        print_json(manifest.to_json())
    elif style().log_format == "json":
        log("published", f"published {manifest.output.path}", output=manifest.output.path)
    elif not style().quiet:
        from titanic_batch.cli.summary import print_summary

        print_summary(stdout(), manifest)
