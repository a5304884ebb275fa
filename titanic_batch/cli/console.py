"""Where commands print to: results on stdout, everything else on stderr."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Console
from rich.text import Text

from titanic_batch.errors import (
    ClosedPipeError,
    InterruptedRunError,
    TitanicBatchError,
    os_errors,
    without_cells,
)

_WIDE = 10_000  # off a terminal, nothing is folded: lines are for other programs


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a command talks, set once by its options.

    Attributes:
        quiet: Say nothing but errors.
        verbose: Say more; show tracebacks of bugs.
        log_format: `json` makes every line on stderr a JSON document.
        as_json: The result is one JSON document.
    """

    quiet: bool = False
    verbose: bool = False
    log_format: Literal["text", "json"] = "text"
    as_json: bool = False


_style = Style()


def set_style(style: Style) -> None:
    """Set how this process talks."""
    global _style  # noqa: PLW0603  # one process, one command, one style
    _style = style


def style() -> Style:
    """Return how this process talks."""
    return _style


@contextlib.contextmanager
def _writing_stdout() -> Iterator[None]:
    """Say what is wrong with standard output, where something is; it is not written to again.

    Raises:
        ClosedPipeError: if nobody reads it any more.
        OutputError: if the system refuses what is written.
    """
    with os_errors("standard output", "writing"):
        try:
            yield
        except BrokenPipeError as exc:
            forget_stdout()
            raise ClosedPipeError("standard output was closed") from exc
        except OSError:
            forget_stdout()
            raise


class _ResultConsole(Console):
    def print(self, *objects: Any, **options: Any) -> None:
        with _writing_stdout():
            super().print(*objects, **options)

    def on_broken_pipe(self) -> None:
        """Leave it to our own error: rich would end the process with 1."""
        raise BrokenPipeError


def stdout() -> Console:
    """Return the console for results."""
    return _ResultConsole(
        file=sys.stdout, width=None if sys.stdout.isatty() else _WIDE, highlight=False
    )


def stderr(*, even_quietly: bool = False) -> Console:
    """Return the console for everything else; it is mute with `--quiet`, but where told not to."""
    return Console(
        file=sys.stderr,
        width=None if sys.stderr.isatty() else _WIDE,
        highlight=False,
        quiet=_style.quiet and not even_quietly,
    )


def make_stdout_whole() -> None:
    """See to it that standard output takes all that is printed, or fails.

    Where PYTHONUNBUFFERED is set it is a raw file, which may take a part of a write in silence.
    And an encoding that is not UTF-8 is no reason to fail.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        if isinstance(sys.stdout.buffer, io.RawIOBase):
            buffered = os.fdopen(sys.stdout.fileno(), "wb", closefd=False)
            sys.stdout = io.TextIOWrapper(buffered, encoding=sys.stdout.encoding)
        sys.stdout.reconfigure(errors="backslashreplace")


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    is_utf8 = codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8"
    with _writing_stdout():
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=not is_utf8) + "\n")
        sys.stdout.flush()


def log(event: str, message: str, **fields: Any) -> None:
    """Print a line on stderr: `message`, or a JSON document with `event` and `fields`."""
    if _style.quiet:
        return
    if _style.log_format == "json":
        _print_log_line(event, "info", message, fields)
    else:
        stderr().print(Text(message))


def warn(message: str, *, even_quietly: bool = False) -> None:
    """Print on stderr what is wrong and changes nothing."""
    if _style.quiet and not even_quietly:
        return
    if _style.log_format == "json":
        _print_log_line("warning", "warning", message, {})
    else:
        stderr(even_quietly=even_quietly).print(Text(f"warning: {message}"))


def print_error(error: TitanicBatchError | InterruptedRunError) -> None:
    """Print an error on stderr, and with `--json` as a document on stdout."""
    code = error.exit_code
    if _style.as_json:
        print_json(
            {
                "status": "failed",
                "exit_code": code,
                "error": {"what": error.what, "where": error.where, "cure": error.cure},
            }
        )
    if _style.log_format == "json":
        what, cure = without_cells(error)
        fields = {"exit_code": code, "where": error.where, "cure": cure}
        _print_log_line("error", "error", what, fields)
        return
    console = Console(
        file=sys.stderr, width=None if sys.stderr.isatty() else _WIDE, highlight=False
    )
    console.print(Text.assemble(("error: ", "bold red"), str(error)))


def flush_stdout() -> None:
    """Bring what was printed to its reader.

    Raises:
        ClosedPipeError: if there is none any more.
        OutputError: if the system refuses it.
    """
    with _writing_stdout():
        sys.stdout.flush()


def forget_stdout() -> None:
    """Point standard output to nowhere, so that Python's own exit does not trip over it."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_log_line(event: str, level: str, message: str, fields: dict[str, Any]) -> None:
    from datetime import UTC, datetime

    document = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "event": event,
        "message": message,
        **fields,
    }
    sys.stderr.write(json.dumps(document, ensure_ascii=False) + "\n")
