"""Start the forkserver: a fresh process that imports what workers need, and forks them.

This module imports next to nothing, so that the forkserver can start importing before this process
does.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker

_PRELOAD = "titanic_batch.engine.worker"


def start_forkserver() -> None:
    """Start the forkserver, unless it runs; it goes on importing while this process does else."""
    multiprocessing.get_context("forkserver").set_forkserver_preload([_PRELOAD])
    # Ctrl-C reaches the whole process group, and the forkserver is not yet deaf to it while it
    # imports. It inherits what is blocked here. (The tracker's start would unblock it: that first.)
    resource_tracker.ensure_running()
    deaf = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        with no_main_module():
            forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, deaf)


@contextmanager
def no_main_module() -> Iterator[None]:
    """Hide the caller's main module.

    multiprocessing would import it again in every worker: a script without a `__main__` guard would
    start itself over, and none of it is needed.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
