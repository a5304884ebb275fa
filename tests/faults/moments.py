"""A signal between any two lines of the program, and at any return: for tests only.

`signal(7)` comes between two instructions of the main thread. Python's own trace hook stands at
each line and each return of what it is asked to watch; there the signal is raised, so its handler
runs there, and what it raises goes on from there.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow as pa

import titanic_batch

#: What a run's main thread may be interrupted in; elsewhere only compiled code is at work.
WATCHED = (str(Path(titanic_batch.__file__).parent), str(Path(pa.__file__).parent))


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment in a run's life, and what comes at it.

    Attributes:
        at: The line or return, counted from 1, at which it is; 0 for none.
        signum: The signal.
        log: A file that takes every moment's place when the process ends, one a line; empty for
            none.
    """

    at: int = 0
    signum: int = 0
    log: str = ""


class _Tracer:
    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.places: list[str] = []
        self._listens = False

    def called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self.passed if frame.f_code.co_filename.startswith(WATCHED) else None

    def passed(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if event in {"line", "return"} and self._is_listening():
            self.places.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {event}")
            if len(self.places) == self._moment.at:
                sys.settrace(None)
                signal.raise_signal(self._moment.signum)
        return self.passed

    def _is_listening(self) -> bool:
        """Tell whether the program has come so far that it handles signals at all."""
        if not self._listens:
            self._listens = all(
                callable(signal.getsignal(signum))
                and signal.getsignal(signum) is not signal.default_int_handler
                for signum in (signal.SIGINT, signal.SIGTERM)
            )
        return self._listens


def watch(moment: Moment) -> None:
    """Begin to count the moments of this thread."""
    tracer = _Tracer(moment)
    if moment.log:
        ends = os._exit

        def logged(code: int) -> None:
            sys.settrace(None)
            Path(moment.log).write_text("\n".join(tracer.places), encoding="utf-8")
            ends(code)

        os._exit = logged  # type: ignore[assignment]
    sys.settrace(tracer.called)
