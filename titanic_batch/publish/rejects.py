"""The rejects file: every record that was not scored, and why. Mode 0600: it holds raw data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from titanic_batch.interrupts import signals_wait
from titanic_batch.publish.staging import StagedFile

COLUMNS = ("row", "line", "column", "reason", "record")
HEADER = (",".join(COLUMNS) + "\n").encode()
MODE = 0o600


class RejectRow(Protocol):
    """What a line of a rejects file is made of."""

    @property
    def row(self) -> int:
        """1-based number of the data record."""
        ...

    @property
    def line(self) -> int | None:
        """1-based line on which it starts; None for Parquet."""
        ...

    @property
    def column(self) -> str:
        """The column at fault; empty for the whole record."""
        ...

    @property
    def reason(self) -> str:
        """Why it was rejected."""
        ...

    @property
    def record(self) -> str:
        """The raw record."""
        ...


class RejectsFile:
    """A staged rejects file, created with its first record.

    Args:
        target: Where it goes.
        run_id: Of the run.
    """

    def __init__(self, target: Path, run_id: str) -> None:
        self.target = target
        self._run_id = run_id
        self.staged: StagedFile | None = None

    def add(self, rejects: Iterable[RejectRow]) -> None:
        """Append records; raises OutputError where the system refuses."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        for reject in rejects:
            line = "" if reject.line is None else reject.line
            writer.writerow((reject.row, line, reject.column, reject.reason, reject.record))
        data = text.getvalue().encode("utf-8", "backslashreplace")
        if not data:
            return
        if self.staged is None:
            with signals_wait():  # or a file would stand there of which nobody knows
                self.staged = StagedFile(self.target, self._run_id)
            self.staged.write(HEADER)
        self.staged.write(data)

    def discard(self) -> None:
        """Remove the staged file."""
        if self.staged is not None:
            self.staged.discard()
