"""Tell how far a run is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run.

    Attributes:
        input: The file in work.
        rows: Rows read so far, over all files.
        rejected: Rows rejected so far, over all files.
        bytes_done: Input bytes of those rows, over all files.
        bytes_total: Input bytes in all; None where that can't be known.
        seconds: Since the first file was opened, the model being loaded by then.
    """

    input: str
    rows: int
    rejected: int
    bytes_done: int
    bytes_total: int | None
    seconds: float

    @property
    def rows_per_second(self) -> float:
        """The speed of scoring, as a manifest reckons it: loading the model is no part of it."""
        return self.rows / self.seconds if self.seconds else 0.0


class Observer(Protocol):
    """Something that shows progress."""

    def update(self, progress: Progress) -> None:
        """Take note of how far the run is."""
        ...


class NullObserver:
    """Shows nothing."""

    def update(self, progress: Progress) -> None:
        """Take no note."""
