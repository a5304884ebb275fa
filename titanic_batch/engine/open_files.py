"""How many outputs a run may have open at a time."""

from __future__ import annotations

import resource

#: More at a time are no quicker.
_MOST = 256


def most_open_outputs() -> int:
    """Return how many outputs may be locked at a time: each lock is an open file.

    A quarter of what the system lets a process open: macOS starts with 256.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else max(min(_MOST, soft // 4), 1)
