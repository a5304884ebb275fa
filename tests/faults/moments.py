"""A signal wherever the program would hear of one: for tests only.

A signal is heard where the program asks for it, and where it begins or ends to wait; one that comes
anywhere else acts as one that comes just before the next of these moments. So they are all that
there are to try. What the program knows of signals is replaced by an object that counts them, and
raises the signal at the one that is meant.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from titanic_batch import interrupts


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment in a run's life, and what comes at it.

    Attributes:
        at: Its number, counted from 1; 0 for none.
        signum: The signal.
        log: A file that takes every moment's place when the process ends, one a line; empty for
            none.
    """

    at: int = 0
    signum: int = 0
    log: str = ""


class _Watched(interrupts._State):
    """Counts the moments, and strikes at the one that is meant."""

    def __init__(self, moment: Moment) -> None:
        self._moment: Moment | None = None
        self.places: list[str] = []
        super().__init__()
        self._moment = moment

    def __getattribute__(self, name: str) -> object:
        if name == "came":
            self._passed("asks")
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "raises":
            self._passed("begins to wait" if value else "has waited")

    def _passed(self, what: str) -> None:
        moment = self._moment
        if moment is None or threading.current_thread() is not threading.main_thread():
            return
        self.places.append(f"{_caller()} {what}")
        if len(self.places) == moment.at:
            self._moment = None
            signal.raise_signal(moment.signum)


def _caller() -> str:
    """Return which line of the program is at work, that of who asks."""
    frame = sys._getframe(1)
    helpers = (__file__, interrupts.__file__, "contextlib.py")
    while frame.f_back is not None and frame.f_code.co_filename.endswith(helpers):
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def watch(moment: Moment) -> None:
    """Begin to count the moments of this process."""
    watched = interrupts._state = _Watched(moment)
    if moment.log:
        ends = os._exit

        def logged(code: int) -> None:
            Path(moment.log).write_text("\n".join(watched.places), encoding="utf-8")
            ends(code)

        os._exit = logged  # type: ignore[assignment]
