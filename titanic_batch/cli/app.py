"""The entry point: every command, and what each error ends in."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated, Literal

import typer
from typer.exceptions import TyperException

from titanic_batch import __version__
from titanic_batch.cli.check import check_command
from titanic_batch.cli.console import (
    Style,
    print_error,
    print_traceback,
    set_style,
    style,
)
from titanic_batch.cli.jobs import jobs_app
from titanic_batch.cli.models import models_app
from titanic_batch.cli.parity import parity_command
from titanic_batch.cli.parts import parts_app
from titanic_batch.cli.quick_command import QuickCommand, QuickGroup
from titanic_batch.cli.report import report_command
from titanic_batch.cli.run import run_command
from titanic_batch.cli.score import score_command
from titanic_batch.cli.verify import verify_command
from titanic_batch.errors import (
    ClosedPipeError,
    InterruptedRunError,
    TitanicBatchError,
    UsageError,
    exhausted,
)
from titanic_batch.interrupts import ignore_signals, interruption, stop_on_signals
from titanic_batch.standard_streams import forget_stdout, prepare_streams

app = typer.Typer(
    name="titanic-batch",
    cls=QuickGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Example: `titanic-batch score input.csv scored.parquet`\n\n"
    "Score CSV and Parquet files with a scikit-learn model, unattended, every night: whole or "
    "absent, every row accounted for.",
)
app.command("score", cls=QuickCommand, short_help="Score files.")(score_command)
app.command("check", cls=QuickCommand, short_help="Say what would happen, without scoring.")(
    check_command
)
app.command("verify", cls=QuickCommand, short_help="Does an output still match its manifest?")(
    verify_command
)
app.command("run", cls=QuickCommand, short_help="Run a nightly job.")(run_command)
app.command("report", short_help="Make one HTML page to look at.")(report_command)
app.command("parity", short_help="Does a running service give the batch scores?")(parity_command)
app.add_typer(parts_app, name="parts")
app.add_typer(jobs_app, name="jobs")
app.add_typer(models_app, name="models")


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"titanic-batch {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line and exit with the code that the outcome has in the contract."""
    if sys.platform == "win32":
        sys.stderr.write("titanic-batch runs on Linux and macOS; on Windows, use WSL.\n")
        sys.exit(2)
    prepare_streams()
    # Asked for before bentoml is imported anywhere: a nightly job tells nobody that it ran.
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
    stop_on_signals()
    code = _run()
    ignore_signals()
    sys.exit(code)


def _run() -> int:
    try:
        code = _run_command()
        sys.stdout.flush()
    except ClosedPipeError as exc:
        forget_stdout()
        return exc.exit_code
    except InterruptedRunError as exc:
        return _say(exc)
    except TitanicBatchError as exc:
        return _say(interruption() or exc)  # where a signal came, it is why
    except Exception as exc:  # whatever this is, a traceback is no answer to a user
        if (spent := exhausted(exc)) is not None:
            return _say(spent)
        bug = TitanicBatchError(
            f"a bug in titanic-batch: {type(exc).__name__}: {exc}",
            hint="Please report it with the output of the same command with --verbose.",
        )
        print_error(bug)
        if style().verbose:
            print_traceback(exc)
        return bug.exit_code
    return code


def _say(error: TitanicBatchError | InterruptedRunError) -> int:
    with contextlib.suppress(ClosedPipeError):  # the run's own code says more
        print_error(error)
    return error.exit_code


def _run_command() -> int:
    """Run the chosen command; typer's own exits become codes, its errors become ours."""
    try:
        code = app(standalone_mode=False)
    except TyperException as exc:
        if type(exc).__name__ == "NoArgsIsHelpError":  # the help is printed already
            return exc.exit_code
        # What the options say is not known, as they could not be read.
        set_style(Style(as_json="--json" in sys.argv, log_format=_log_format(sys.argv)))
        context = getattr(exc, "ctx", None)
        command = context.command_path if context is not None else "titanic-batch"
        what = exc.format_message().rstrip(".").replace("Value error, ", "")
        raise UsageError(what, hint=f"See `{command} --help`.") from exc
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else int(bool(exc.code))
    return code if isinstance(code, int) else 0


def _log_format(arguments: list[str]) -> Literal["text", "json"]:
    return "json" if "--log-format json" in " ".join(arguments).replace("=", " ") else "text"


if __name__ == "__main__":
    main()
