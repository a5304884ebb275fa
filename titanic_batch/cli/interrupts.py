"""SIGINT and SIGTERM: the first one stops the run; while it stops, another changes nothing."""

from __future__ import annotations

import signal
from types import FrameType

from titanic_batch.errors import InterruptedRunError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_on_signals() -> None:
    """Let the first signal raise InterruptedRunError, wherever the run is."""
    for signum in _SIGNALS:
        signal.signal(signum, _stop)


def ignore_signals() -> None:
    """Let no signal stop what ends soon: a run that cleans up, or says what it has published."""
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


def _stop(signum: int, _frame: FrameType | None) -> None:
    ignore_signals()
    raise InterruptedRunError(signum)
