"""Start workers: a fresh process imports what they need, and forks one whenever it is asked to.

multiprocessing has such a server, too. This one looks for modules where this process does, and
never in the working folder; and it ends its workers when this process is gone, however that came
about and whatever they are doing.

This module imports next to nothing, so that the server can start importing before this process
does. What the server does is in `titanic_batch.engine.forkserver_main`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe

from titanic_batch.errors import TitanicBatchError, WorkerEndedError, exhausted
from titanic_batch.import_path import PACKAGE_FOLDER, full_path, safe_environment
from titanic_batch.interrupts import SIGNALS

#: The package itself is found where it is here, all else on the path.
_PROGRAM = (
    "import sys; control, sys.path[:] = int(sys.argv[1]), sys.argv[2:]; import titanic_batch; "
    "del sys.path[0]; "
    "from titanic_batch.engine.forkserver_main import serve_forks; serve_forks(control)"
)


@dataclass(frozen=True, eq=False, kw_only=True)
class WorkerProcess:
    """A worker process.

    Attributes:
        connection: What it is sent, and answers.
        life: It lives until this end is shut, and this process at the latest; its exit code comes
            out of it.
    """

    connection: Connection
    life: socket.socket

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self.connection.close()
        with contextlib.suppress(OSError):  # the server is gone
            self.life.shutdown(socket.SHUT_WR)

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end; return the exit code, negative for a signal; None if there is none."""
        self.life.settimeout(timeout_s)
        with contextlib.suppress(OSError, ValueError):
            return int(self.life.recv(16))
        return None


@dataclass(frozen=True, kw_only=True)
class _Server:
    """The server: its process, where it is asked for workers, and whose it is."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    owner: int

    def is_ours(self) -> bool:
        return self.owner == os.getpid() and self.process.poll() is None


_lock = threading.Lock()
_server: _Server | None = None


def start_forkserver() -> None:
    """Start the server, unless it runs; it goes on importing while this process does else."""
    global _server  # noqa: PLW0603  # one process, one server
    with _lock:
        if _server is None or not _server.is_ours():
            _server = _start()


def start_worker() -> WorkerProcess:
    """Start a worker; it waits for what `titanic_batch.engine.worker` says comes first.

    Raises:
        WorkerEndedError: if the system refuses.
        FileAccessError: if no more files can be opened.
    """
    start_forkserver()
    assert _server is not None
    ours, theirs = Pipe()
    life, its_life = socket.socketpair()
    with theirs, its_life:
        try:
            socket.send_fds(_server.control, [b"+"], [theirs.fileno(), its_life.fileno()])
        except OSError as exc:
            ours.close()
            life.close()
            raise could_not_start(exc) from exc
    return WorkerProcess(connection=ours, life=life)


def could_not_start(reason: OSError) -> TitanicBatchError:
    """Return the error that says so."""
    return exhausted(reason) or WorkerEndedError(
        "a worker process could not be started, most often because memory ran out",
        hint="Lower --workers, or give the job more memory.",
    )


def _start() -> _Server:
    control, its_control = socket.socketpair()
    with its_control, _signals_blocked():
        try:
            process = subprocess.Popen(
                [
                    *(sys.executable, *_python_flags(), "-P", "-c", _PROGRAM),
                    *(str(its_control.fileno()), PACKAGE_FOLDER, *full_path()),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=[its_control.fileno()],
                env=safe_environment(),
            )
        except OSError as exc:
            control.close()
            raise could_not_start(exc) from exc
    return _Server(process=process, control=control, owner=os.getpid())


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block the signals that this process stops at; what it starts inherits that.

    Ctrl-C reaches the whole process group, and the server is not deaf to it before it runs.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _python_flags() -> list[str]:
    """Return the flags that this Python runs with, as multiprocessing passes them on."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return flags


@atexit.register
def _stop() -> None:
    """End the server with this process; its workers have been ended before."""
    if _server is not None and _server.is_ours():
        _server.control.close()
        _server.process.kill()
        _server.process.wait()
