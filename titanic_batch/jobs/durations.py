"""Durations as job files and flags write them: 90s, 5m, 2h, 1d."""

from __future__ import annotations

import re

from titanic_batch.errors import UsageError

_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(s|m|h|d)")
_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def parse_duration(text: str) -> float:
    """Return a duration in seconds.

    Raises:
        UsageError: if it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no duration", hint="Write it as 90s, 5m, 2h or 1d.")
    return float(found[1]) * _UNITS_S[found[2]]
