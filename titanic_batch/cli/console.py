"""Where commands print to: results on stdout, everything else on stderr."""

from __future__ import annotations

import codecs
import contextlib
import sys
import traceback
from dataclasses import dataclass
from typing import Any, Literal, TextIO

from rich.console import Console
from rich.text import Text

from titanic_batch.errors import (
    FileAccessError,
    InterruptedRunError,
    TitanicBatchError,
    without_cells,
)
from titanic_batch.printable import printable, printable_json

_WIDE = 10_000  # off a terminal, nothing is folded: lines are for other programs


@dataclass(frozen=True, kw_only=True)
class Style:
    """The style of a command's output, set once by its options.

    Attributes:
        quiet: Only print errors.
        verbose: Say more; show tracebacks of bugs.
        log_format: `json` makes every line on stderr a JSON document.
        as_json: The result is one JSON document.
        one_line: It stands in one line.
    """

    quiet: bool = False
    verbose: bool = False
    log_format: Literal["text", "json"] = "text"
    as_json: bool = False
    one_line: bool = False


_style = Style()


def set_style(style: Style) -> None:
    """Set how this process talks."""
    global _style  # noqa: PLW0603  # one process, one command, one style
    _style = style


def style() -> Style:
    """Return how this process talks."""
    return _style


class _LineConsole(Console):
    """Prints texts as they are, each in one line, whatever is in them: most are not ours."""

    def __init__(self, file: TextIO, *, quiet: bool = False) -> None:
        width = None if file.isatty() else _WIDE
        super().__init__(
            file=file, width=width, quiet=quiet, highlight=False, markup=False, emoji=False
        )

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*map(_in_one_line, objects), **options)

    def on_broken_pipe(self) -> None:
        """Leave it to our own error: rich would end the process with 1."""
        raise BrokenPipeError


def stdout() -> Console:
    """Return the console for results."""
    return _LineConsole(sys.stdout)


def stderr(*, even_quietly: bool = False) -> Console:
    """Return the console for everything else; it is mute with `--quiet`, but where told not to."""
    return _LineConsole(sys.stderr, quiet=_style.quiet and not even_quietly)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    is_utf8 = codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8"
    indent = None if _style.one_line else 2
    _write(printable_json(document, indent=indent, only_ascii=not is_utf8) + "\n")


def print_document(text: str) -> None:
    """Print a result of several lines on stdout, in one piece."""
    _write(printable(text, keep="\n\t"))


def _write(text: str) -> None:
    sys.stdout.write(text)
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
        with contextlib.suppress(FileAccessError):  # it is the lesser of the two
            print_json({"status": "failed", "exit_code": code, "error": error.to_json()})
    if _style.log_format == "json":
        what, hint = without_cells(error)
        fields = {"exit_code": code, "where": error.where, "cure": hint}
        _print_log_line("error", "error", what, fields)
        return
    first, *more = str(error).split("\n")
    console = stderr(even_quietly=True)
    console.print(Text.assemble(("error: ", "bold red"), first))
    for line in more:
        console.print(line)


def print_traceback(error: Exception) -> None:
    """Print on stderr where in our code an error came up."""
    for line in "".join(traceback.format_exception(error)).splitlines():
        stderr(even_quietly=True).print(line)


def _print_log_line(event: str, level: str, message: str, fields: dict[str, Any]) -> None:
    from datetime import UTC, datetime

    document = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "event": event,
        "message": message,
        **fields,
    }
    sys.stderr.write(printable_json(document) + "\n")


def _in_one_line(shown: Any) -> Any:
    text = shown.plain if isinstance(shown, Text) else shown
    if not isinstance(text, str):
        return shown
    plain = printable(text)
    # Where nothing is escaped, what is in colour stays so.
    return shown if isinstance(shown, Text) and plain == text else Text(plain)
