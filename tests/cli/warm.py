"""Run the command line in forks of one process that has imported everything but used none of it.

A run of the installed command spends most of its time on importing scikit-learn. Tests that need
dozens of runs of small inputs take this instead: each is still a process of its own, with its own
folder, environment, streams and exit code.

Run as a program, this file answers on a listening socket, whose descriptor is its argument, what
`tests.cli.warm_client` sends.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from typing import Any

PRELOADED = (
    "bentoml._internal.models.model",
    "narwhals._pandas_like.dataframe",
    "platformdirs.unix",
    "pydantic.dataclasses",
    "titanic_batch.cli.app",
    "titanic_batch.cli.progress",
    "titanic_batch.engine.forkserver",
    "titanic_batch.engine.serial",
    "titanic_batch.engine.worker",
    "titanic_batch.scoring.api",
    "titanic_batch.scoring.checking",
    "titanic_batch.scoring.run",
    "typer._adapters",
)

#: The three standard streams.
STREAMS = 3


def serve(listener: socket.socket) -> None:
    """Fork a run for each connection, until standard input ends."""
    for name in PRELOADED:
        __import__(name)
    gc.freeze()  # what the forks share stays shared: no collection writes to it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    while True:
        ready, _, _ = select.select([sys.stdin, listener], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _keep(connection)
        connection.close()


def _keep(connection: socket.socket) -> None:
    """Fork the run, wait for it and answer with its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    data, streams, _, _ = socket.recv_fds(connection, 1 << 16, STREAMS)
    while more := connection.recv(1 << 16):
        data += more
    child = os.fork()
    if child == 0:
        connection.close()
        _run(json.loads(data), streams)
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(child, 0)
    connection.sendall(b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _run(order: dict[str, Any], streams: list[int]) -> None:
    from titanic_batch.cli import app

    code = 1
    try:
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin = os.fdopen(0, "r", encoding="utf-8")
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1)
        sys.argv = ["titanic-batch", *order["arguments"]]
        try:
            app.main()
        except SystemExit as exc:
            code = exc.code if isinstance(exc.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
