"""Run the forkserver: import what workers need, fork one for each request, end them in time.

It is asked through a socket, by a message with two descriptors: the worker's connection, and a
socket that is its life line. A worker is killed when its line is shut at the other end, and its
exit code is sent through it. All lines end with the process that asked, so no worker outlives it,
be it in the midst of a long call that hears of nothing.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import socket
import sys
from multiprocessing.connection import Connection
from selectors import EVENT_READ, DefaultSelector

from titanic_batch.interrupts import SIGNALS


def serve_forks(control_descriptor: int) -> None:
    """Fork workers until the process that asks for them has gone."""
    # It decides what a signal means; Ctrl-C and a terminal that hangs up reach everyone.
    for signum in SIGNALS:
        signal.signal(signum, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        from titanic_batch.engine.worker import import_ahead

        import_ahead()
    except (ImportError, MemoryError, OSError):
        sys.exit(1)  # whoever asks for a worker says that none could be started
    gc.freeze()  # what is shared stays so: no collection writes to it
    _Server(socket.socket(fileno=control_descriptor)).run()
    os._exit(0)


class _Server:
    """Forks and reaps workers.

    Args:
        control: Where workers are asked for.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lives: dict[int, socket.socket] = {}  # by process id
        self._selector = DefaultSelector()
        self._selector.register(control, EVENT_READ)
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        self._selector.register(self._woken, EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def run(self) -> None:
        """Do what is asked for until nobody can ask any more; then no worker is left."""
        while True:
            ready = [key.fileobj for key, _ in self._selector.select()]
            if self._woken in ready:
                self._reap()
            for pid in [pid for pid, life in self._lives.items() if life in ready]:
                # Nothing is ever sent: it was shut.
                self._selector.unregister(self._lives[pid])
                os.kill(pid, signal.SIGKILL)
            if self._control in ready and not self._fork():
                break
        for pid in self._lives:
            os.kill(pid, signal.SIGKILL)

    def _fork(self) -> bool:
        """Fork a worker, if there is a request for one."""
        try:
            _, descriptors, _, _ = socket.recv_fds(self._control, 1, 2)
        except OSError:
            return False
        if not descriptors:
            return False
        connection = Connection(descriptors[0])
        life = socket.socket(fileno=descriptors[1])
        try:
            pid = os.fork()
        except OSError:  # whoever asked sees both closed
            pid = -1
        if pid == 0:
            self._become_worker(connection, life)
        connection.close()
        if pid > 0:
            self._lives[pid] = life
            self._selector.register(life, EVENT_READ)
        else:
            life.close()
        return True

    def _become_worker(self, connection: Connection, life: socket.socket) -> None:
        """Be a worker; never return."""
        from titanic_batch.engine.worker import run_worker

        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            for end in (self._control, self._woken, self._wake, life, *self._lives.values()):
                end.close()
            # As multiprocessing's own: a model that would start processes of its own does without.
            multiprocessing.current_process().daemon = True
            run_worker(connection)
        finally:
            os._exit(1)

    def _reap(self) -> None:
        """Send the exit code of each worker that has ended."""
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(1 << 10)
        while self._lives:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            life = self._lives.pop(pid, None)
            if life is None:  # a child of some library's
                continue
            with contextlib.suppress(KeyError):
                self._selector.unregister(life)
            with contextlib.suppress(OSError), life:
                life.sendall(str(os.waitstatus_to_exitcode(status)).encode())
