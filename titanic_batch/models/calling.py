"""Run a model's own code, which may do more than answer: print, exit, fork, raise anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from titanic_batch.errors import InterruptedRunError, words_of
from titanic_batch.standard_streams import lent_streams


class ModelEscapeError(Exception):
    """A model raised what would end a process, or an exception that cannot be read."""


@contextmanager
def model_code() -> Iterator[None]:
    """Hold what a model's code does to its answer, or to an exception that says what went wrong.

    What it prints goes to standard error. A copy of the process that it forks ends where the model
    is done, and does not go on as a second run. Usable as a decorator.

    Raises:
        ModelEscapeError: for SystemExit and its like, and for an exception without readable words.
    """
    process = os.getpid()
    try:
        with lent_streams():
            yield
    except (InterruptedRunError, KeyboardInterrupt):
        raise  # of whoever runs us
    except BaseException as exc:
        if isinstance(exc, Exception) and _is_readable(exc):
            raise
        words = words_of(exc)
        raise ModelEscapeError(f"{type(exc).__name__}: {words}".removesuffix(": ")) from None
    finally:
        if os.getpid() != process:
            os._exit(os.EX_SOFTWARE)


def described(exc: Exception) -> str:
    """Return an exception of a model's as `Kind: first line of what it says`."""
    line = (words_of(exc).splitlines() or [""])[0]
    return line if isinstance(exc, ModelEscapeError) else f"{type(exc).__name__}: {line}"


def _is_readable(exc: Exception) -> bool:
    try:
        str(exc)
    except Exception:  # noqa: BLE001  # as foreign code may raise
        return False
    return True
