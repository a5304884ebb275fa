"""Standard input, output and error, however whoever started this process has left them.

A closed one would be given to the next file that is opened, and what is printed would go there.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from titanic_batch.errors import ClosedPipeError, FileAccessError, os_errors

_closed: set[int] = set()
_kept: list[int] = []  # what standard output and error are, while others use theirs
_replaced: list[TextIO | None] = []  # a stream that nobody holds closes its descriptor


def prepare_streams() -> None:
    """See to it that each stream is one, before anything else is opened.

    A closed one takes what is printed for people, and loses it; `require_stdout` is for what must
    not be lost. Standard output takes all that is printed, or fails. What cannot be said on
    standard error does not change what a run has done. An encoding that is not UTF-8 is no reason
    to fail.
    """
    if _replaced:
        return
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            _closed.add(os.open(os.devnull, os.O_RDWR))  # the lowest that is free: this one
            os.set_inheritable(descriptor, True)
    _kept.extend((os.dup(1), os.dup(2)))
    _replaced.extend((sys.stdout, sys.stderr))
    # Python's own are raw where PYTHONUNBUFFERED is set, and may take a part of a write in silence.
    # A caller's are its own matter.
    if sys.stdout is None or type(sys.stdout) is io.TextIOWrapper:
        results = _Results(1, "wb", closefd=False)
        sys.stdout = _text(io.BufferedWriter(results), sys.stdout, lines=results.isatty())
    if sys.stderr is None or type(sys.stderr) is io.TextIOWrapper:
        careless = _Careless(2, "wb", closefd=False)
        sys.stderr = _text(io.BufferedWriter(careless), sys.stderr, lines=True)


def require_stdout() -> None:
    """Refuse to go on where standard output is closed, for what is to be written there.

    Raises:
        FileAccessError: if it is.
    """
    if 1 in _closed:
        raise FileAccessError(
            "it is closed, and the result would be lost",
            where="standard output",
            hint="Open it, as with > FILE.",
        )


def forget_stdout() -> None:
    """Point standard output to nowhere, so that Python's own exit does not trip over it."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        if _kept:
            os.dup2(nowhere, _kept[0], inheritable=False)
        os.close(nowhere)


@contextlib.contextmanager
def lent_streams() -> Iterator[None]:
    """Lend both streams to code that is not ours: what it prints anywhere goes to standard error.

    Both come back as they were, whatever it did to them. Nothing is lent where `prepare_streams`
    was not called: the streams are a caller's there.
    """
    if not _kept or sys.stdout is sys.stderr:  # lent already
        yield
        return
    ours = sys.stdout, sys.stderr
    for stream in ours:
        stream.flush()
    os.dup2(2, 1)
    lent = _text(io.BufferedWriter(_Careless(2, "wb", closefd=False)), ours[1], lines=True)
    sys.stdout = sys.stderr = lent
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # it was closed
            lent.flush()
        _flush_c_streams()
        for descriptor, kept in enumerate(_kept, start=1):
            with contextlib.suppress(OSError):
                os.dup2(kept, descriptor)
        sys.stdout, sys.stderr = ours


def _flush_c_streams() -> None:
    """Write out what compiled code has printed, while that goes to standard error."""
    if "ctypes" in sys.modules:  # numpy brings it; without numpy there is no such code
        ctypes = sys.modules["ctypes"]
        ctypes.CDLL(None).fflush(None)


class _Results(io.FileIO):
    """Standard output, which says what is wrong with it; then it is not written to again."""

    def write(self, data: Any, /) -> int:
        """Write what the system takes.

        Raises:
            ClosedPipeError: if nobody reads it any more.
            FileAccessError: if the system refuses it.
        """
        with os_errors("standard output", "writing"):
            try:
                return super().write(data)
            except BrokenPipeError as exc:
                forget_stdout()
                raise ClosedPipeError("standard output was closed") from exc
            except OSError:
                forget_stdout()
                raise


class _Careless(io.FileIO):
    """A file for what may be lost: one that is full, or that nobody reads."""

    def write(self, data: Any, /) -> int:
        """Write what the system takes."""
        with contextlib.suppress(OSError):
            if written := super().write(data):
                return written
        return memoryview(data).nbytes


def _text(binary: io.BufferedWriter, before: TextIO | None, *, lines: bool) -> TextIO:
    encoding = "utf-8" if before is None else before.encoding
    return io.TextIOWrapper(binary, encoding, errors="backslashreplace", line_buffering=lines)
