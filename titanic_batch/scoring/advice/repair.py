"""What no option can read: how the file is to be rewritten, as a command that does it."""

from __future__ import annotations

import io
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import pandas as pd

from titanic_batch.errors import DataError
from titanic_batch.printable import printable_json, shell_quoted
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.formats import STDIN, stem
from titanic_batch.sources.sample import CsvSample


@dataclass(frozen=True, kw_only=True)
class Repair:
    """How a CSV file is to be rewritten; its cells keep their text but where it says so.

    Attributes:
        long_rows: Drop what stands past the header's last column.
        blank_lines: Drop empty lines.
        decimal: Columns with a comma for a decimal point, where commas stand between cells too.
        values: Column, text and the text that it should be.
    """

    long_rows: bool = False
    blank_lines: bool = False
    decimal: tuple[str, ...] = ()
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def is_needed(self) -> bool:
        """Whether the file needs any rewriting."""
        return self != Repair()

    def apply(self, sample: CsvSample, dialect: Dialect) -> CsvSample:
        """Return a sample as the command would rewrite it: commas and UTF-8.

        Raises:
            DataError: if it cannot be read like that.
        """
        raw = sample.raw
        if not sample.is_whole:
            raw = raw[: raw.rfind(b"\n") + 1]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                table = pd.read_csv(io.BytesIO(raw), **self._reading(dialect))
            for column in self.decimal:
                table[column] = table[column].str.replace(",", ".")
            for column, texts in self.values.items():
                table[column] = table[column].replace(texts)
        except (ValueError, KeyError, AttributeError) as exc:
            raise DataError("it cannot be rewritten") from exc
        text = table.to_csv(index=False)
        return CsvSample(raw=text.encode("utf-8", "surrogateescape"), is_whole=True)

    def command(self, path: str, dialect: Dialect) -> tuple[str, str]:
        """Return the command that rewrites the file at `path`, and the file that it writes."""
        source, target = ("/dev/stdin", "/dev/stdout") if path == STDIN else (path, fixed(path))
        reading = ", ".join(
            f"{name}={_literal(value)}" for name, value in self._reading(dialect).items()
        )
        steps = [
            "import pandas as pd",
            f"t = pd.read_csv({_literal(source)}, {reading})",
        ]
        steps += [
            f't[{_literal(c)}] = t[{_literal(c)}].str.replace(",", ".")' for c in self.decimal
        ]
        steps += [
            f"t[{_literal(c)}] = t[{_literal(c)}].replace({_literal(texts)})"
            for c, texts in self.values.items()
        ]
        steps.append(f"t.to_csv({_literal(target)}, index=False)")
        return python_command("; ".join(steps)), target

    def _reading(self, dialect: Dialect) -> dict[str, Any]:
        """Return what pandas.read_csv is told; every cell stays the text that it is."""
        said: dict[str, Any] = {"dtype": "str", "keep_default_na": False}
        if dialect.delimiter != b",":
            said["sep"] = dialect.delimiter.decode()
        if not dialect.is_utf8:
            said["encoding"] = dialect.encoding
        if dialect.skip_lines:
            said["skiprows"] = dialect.skip_lines
        if dialect.escape:
            said["escapechar"] = dialect.escape.decode()
        if self.long_rows:
            said["index_col"] = False
        return said


def fixed(path: str) -> str:
    """Return the name of the file that a command makes of the one at `path`."""
    return str(PurePath(path).with_name(f"{stem(path)}.fixed.csv"))


def python_command(script: str) -> str:
    """Return the command line that runs a script with this installation's pandas."""
    return f"{shell_quoted(sys.executable)} -c {shell_quoted(script)}"


def _literal(value: Any) -> str:
    """Return a value as Python."""
    if isinstance(value, str):
        return printable_json(value)
    if isinstance(value, dict):
        pairs = (f"{_literal(key)}: {_literal(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    return repr(value)
