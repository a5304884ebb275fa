"""Start `titanic-batch` processes quickly: fork them from one that has imported everything.

A fresh process spends seconds on imports before it does what the tests are about. This one imports,
runs nothing, and forks a process for each request; that process runs the same `main` as the command
does. Requests come through the Unix socket whose descriptor is the only argument: JSON, together
with the descriptors for stdin, stdout and stderr and a socket for news of the process.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import socket
import sys
import traceback
from typing import Any

from tests.faults.hook import Hook, install
from tests.faults.moments import Moment, watch

LONGEST_REQUEST = 1 << 16


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    gc.freeze()  # what the forks share stays shared: no collection writes to it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.send(b"ready")
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, LONGEST_REQUEST, 4)
        if not data:
            return
        if os.fork() == 0:
            control.close()
            _watch(json.loads(data), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _import_everything() -> None:
    import titanic_batch

    for module in pkgutil.walk_packages(titanic_batch.__path__, "titanic_batch."):
        # The service opens its model when it is imported.
        if not module.name.endswith(("__main__", ".service")):
            importlib.import_module(module.name)


def _watch(request: dict[str, Any], descriptors: list[int]) -> None:
    """Start the process, and send on how it fares, a JSON document a line; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, news_descriptor = descriptors
    news = socket.socket(fileno=news_descriptor)
    pid = os.fork()
    if pid == 0:
        news.close()
        _run(request, standard)
    for descriptor in standard:
        os.close(descriptor)
    _tell(news, {"pid": pid})
    while True:
        # Not reaped before whoever asked lets go of it: a signal sent too late must not reach
        # another process that was given the same number.
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        assert ended is not None
        if ended.si_code == os.CLD_STOPPED:
            os.waitpid(pid, os.WUNTRACED)
            _tell(news, {"stopped": True})
            continue
        was_killed = ended.si_code in {os.CLD_KILLED, os.CLD_DUMPED}
        _tell(news, {"code": -ended.si_status if was_killed else ended.si_status})
        news.recv(1)
        os._exit(0)


def _tell(news: socket.socket, document: dict[str, Any]) -> None:
    try:
        news.sendall((json.dumps(document) + "\n").encode())
    except OSError:
        os._exit(1)  # whoever asked has gone


def _run(request: dict[str, Any], standard: list[int]) -> None:
    """Be the process: what the installed command does, from its first line to its exit."""
    os.setsid()
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
    for descriptor in standard:
        os.close(descriptor)
    # As Python makes them at its start: whether they can seek is asked once.
    sys.stdin = os.fdopen(0, "r", closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["waits"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    if request["file_size"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_size"],) * 2)
    if request["hook"] is not None:
        install(Hook(**(request["hook"] | {"names": tuple(request["hook"]["names"])})))
    sys.argv = ["titanic-batch", *request["arguments"]]
    if request["moment"] is not None:
        watch(Moment(**request["moment"]))
    code: Any = 1
    try:
        from titanic_batch.__main__ import main as titanic_batch_main

        titanic_batch_main()
    except SystemExit as exc:
        code = exc.code
    except BaseException:  # noqa: BLE001  # what main lets through, Python would print
        traceback.print_exc()
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  # the same at the exit
        traceback.print_exc()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
