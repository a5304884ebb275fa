"""SIGINT, SIGTERM, SIGHUP: the first one stops the run; while it stops, another changes nothing.

A process may make several runs, one a night. One that comes when a run has published all that it
will, and before the next has begun, is noted, and stops the next: what is published is said.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from titanic_batch.errors import InterruptedRunError

#: What stops a run: Ctrl-C, whoever runs it, and a terminal that is closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class _State:
    """What this process knows of signals.

    Attributes:
        came: The one that has come, for a run that did not hear of it where it was raised.
        run_is_over: Whether there is nothing that one could stop.
        waits: Whether the main thread holds them back.
    """

    came: int | None = None
    run_is_over: bool = False
    waits: bool = False


_state = _State()


def stop_on_signals() -> None:
    """Let the first signal raise InterruptedRunError, wherever the run is.

    What was started to outlive its terminal, by nohup, does.
    """
    sys.unraisablehook = _print_unless_remembered
    for signum in SIGNALS:
        if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _stop)


def ignore_signals() -> None:
    """Let no signal stop what ends soon: a run that cleans up, or says what it has published."""
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


def run_begins() -> None:
    """Let signals stop the process again; raises InterruptedRunError if one has come meanwhile."""
    _state.run_is_over = False
    stop_if_interrupted()


def run_is_over() -> None:
    """Let signals be noted only, until the next run begins."""
    _state.run_is_over = True


def interruption() -> InterruptedRunError | None:
    """Return what a signal that has come would have raised; None where none has come."""
    return InterruptedRunError(_state.came) if _state.came is not None else None


def stop_if_interrupted() -> None:
    """Raise InterruptedRunError if a signal has come, once more where it was lost.

    Python calls the handler anywhere, also where an exception cannot get out: in a finaliser, or
    while a compiled module is imported that drops whatever is raised.
    """
    came = interruption()
    if came is not None:
        raise came


@contextmanager
def signals_wait() -> Iterator[None]:
    """Hold back SIGINT, SIGTERM and SIGHUP until the block has ended, then let them act.

    Only the main thread can be interrupted by them, so elsewhere there is nothing to do; nor is
    there within another such block.
    """
    if _state.waits or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []

    def hold(signum: int, _frame: FrameType | None) -> None:
        held.append(signum)

    before = {signum: signal.signal(signum, hold) for signum in SIGNALS}
    try:
        _state.waits = True
        yield
    finally:
        _state.waits = False
        for signum, handler in before.items():
            signal.signal(signum, handler)
    if held:
        signal.raise_signal(held[0])


def _print_unless_remembered(unraisable: sys.UnraisableHookArgs) -> None:
    if not isinstance(unraisable.exc_value, InterruptedRunError):
        sys.__unraisablehook__(unraisable)


def _stop(signum: int, _frame: FrameType | None) -> None:
    ignore_signals()
    _state.came = signum
    if not _state.run_is_over:
        raise InterruptedRunError(signum)
