"""How many rows a model is given at a time: so many that a call is worth it, few enough to lose."""

from __future__ import annotations

from dataclasses import dataclass

#: Rows that are predicted, and cached, at a time, at the least: they cost next to nothing more than
#: the whole chunk at once, for most models.
FEWEST_ROWS = 4_096
#: What a call may take where more rows at a time are quicker, and change nothing.
_CALL_S = 0.5


@dataclass
class Pace:
    """How many rows the next call is for.

    Attributes:
        rows: So many.
        adapts: Whether another number changes no prediction, so that quick models get more.
    """

    rows: int
    adapts: bool

    def note(self, rows: int, seconds: float) -> None:
        """Take into account how long a call for some rows took."""
        if self.adapts:
            self.rows = max(int(rows * _CALL_S / max(seconds, 1e-6)), FEWEST_ROWS)
