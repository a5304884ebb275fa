"""The rejects file: every record that was not scored, and why. Mode 0600: it holds raw data."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from titanic_batch.faults import Reason
from titanic_batch.stores import store_of
from titanic_batch.stores.base import Name, Staged, as_text

COLUMNS = ("row", "line", "column", "reason", "record")
HEADER = (",".join(COLUMNS) + "\n").encode()
MODE = 0o600


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A record that was not scored: a line of a rejects file.

    Attributes:
        row: 1-based number of the data record.
        line: 1-based line on which it starts; None for Parquet.
        column: The column at fault; empty for the whole record.
        reason: Why it was rejected.
        record: The raw record.
        said: What the model said of it, which is written nowhere.
    """

    row: int
    line: int | None
    column: str
    reason: Reason
    record: str
    said: str = ""


def count_reasons(path: Name) -> Counter[str]:
    """Return how many records of a rejects file have each reason; raises OSError."""
    csv.field_size_limit(2**31 - 1)
    reasons: Counter[str] = Counter()
    with as_text(store_of(path).open(path).file, errors="replace") as file:
        try:
            reasons.update(line.get("reason") or "" for line in csv.DictReader(file))
        except csv.Error:  # it is no such file, whatever its first line
            return Counter()
    return reasons


class RejectsFile:
    """A staged rejects file, created with its first record.

    Args:
        target: Where it goes.
        run_id: Of the run.
    """

    def __init__(self, target: str, run_id: str) -> None:
        self._file: Staged = store_of(target).stage(target, run_id)

    @property
    def staged(self) -> Staged | None:
        """The file; None where there is no reject."""
        return self._file if self._file.is_created else None

    @property
    def target(self) -> str:
        """The path that the rejects file will have."""
        return self._file.target

    def add(self, rejects: Iterable[Reject]) -> None:
        """Append records; raises FileAccessError where the system refuses."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        for reject in rejects:
            line = "" if reject.line is None else reject.line
            writer.writerow((reject.row, line, reject.column, reject.reason, reject.record))
        data = text.getvalue().encode("utf-8", "backslashreplace")
        if not data:
            return
        self._file.write(data if self._file.is_created else HEADER + data)

    def discard(self) -> None:
        """Remove the staged file."""
        self._file.discard()
