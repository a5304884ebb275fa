"""SIGINT, SIGTERM, SIGHUP: the first one stops the run; those after it change nothing.

A signal is noted, and asked for where a run can stop: between chunks, between files, before one is
published. Only where the main thread may wait for long, within `interruptible`, is it raised at
once. Python runs the handlers of signals in the main thread, so it is the one that stops.
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
    """The signals that have come to this process.

    Attributes:
        came: The first that has come.
        raises: Whether the main thread is where one is raised at once.
    """

    came: int | None = None
    raises: bool = False


_state = _State()


def stop_on_signals() -> None:
    """Note the first signal from now on.

    What was started to outlive its terminal, by nohup, does.
    """
    sys.unraisablehook = _print_unless_noted
    for signum in SIGNALS:
        if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _note)


def ignore_signals() -> None:
    """Let no signal change the exit code of a process that is ending."""
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal raise InterruptedRunError anywhere in the block, whatever the block makes of it.

    What the block holds must bear that: it waits, reads, or calls a model, and changes nothing that
    another run would find. In another thread than the main one this does nothing.
    """
    if _state.raises or not _in_main_thread():
        yield
        return
    try:
        _state.raises = True
        stop_if_interrupted()
        yield
    finally:
        _state.raises = False
        stop_if_interrupted()  # compiled code may have swallowed what was raised


def stop_if_interrupted() -> None:
    """Raise InterruptedRunError if a signal has come, and this is the main thread."""
    came = interruption()
    if came is not None and _in_main_thread():
        raise came


def interruption() -> InterruptedRunError | None:
    """Return the error that a signal which has come stands for; None where none has come."""
    return InterruptedRunError(_state.came) if _state.came is not None else None


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _note(signum: int, _frame: FrameType | None) -> None:
    if _state.came is None:
        _state.came = signum
        if _state.raises:
            raise InterruptedRunError(signum)


def _print_unless_noted(unraisable: sys.UnraisableHookArgs) -> None:
    """Print what Python could not raise, in a finaliser, unless it is a signal: that is noted."""
    if not isinstance(unraisable.exc_value, InterruptedRunError):
        sys.__unraisablehook__(unraisable)
