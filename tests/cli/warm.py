"""Run the command line in forks of one process that has imported everything but used none of it.

A run of the installed command spends most of its time on importing scikit-learn. Tests that need
dozens of runs of small inputs take this instead: each is still a process of its own, with its own
folder, environment, streams and exit code.

Run as a program, this file reads one JSON line per run on standard input, and answers each with a
line that holds its exit code.
"""

from __future__ import annotations

import gc
import json
import os
import signal
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


def serve() -> None:
    """Fork a run for each line on standard input."""
    for name in PRELOADED:
        __import__(name)
    gc.freeze()  # what the forks share stays shared: no collection writes to it
    reply = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line))
        _, status = os.waitpid(child, 0)
        reply.write(f"{os.waitstatus_to_exitcode(status)}\n")
        reply.flush()


def _run(order: dict[str, Any]) -> None:
    from titanic_batch.cli import app

    code = 1
    try:
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        for number, path, flags in (
            (0, order["stdin"], os.O_RDONLY),
            (1, order["stdout"], os.O_WRONLY | os.O_CREAT),
            (2, order["stderr"], os.O_WRONLY | os.O_CREAT),
        ):
            os.dup2(os.open(path, flags), number)
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
    serve()
