"""Run in a worker process: load the model, then score the chunks that come down a pipe.

The forkserver imports this module once, so that its workers start with everything imported.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import traceback
from dataclasses import replace
from multiprocessing.connection import Connection

from titanic_batch.chunk.task import FileContext
from titanic_batch.engine.base import MakePlan, Message
from titanic_batch.engine.session import open_session
from titanic_batch.errors import TitanicBatchError, WorkerEndedError
from titanic_batch.models import VerifiedModel
from titanic_batch.predict.compiled.plan import ScoringPlan


def import_ahead() -> None:
    """Import what most models need: once in the forkserver, not once in each worker."""
    import sklearn.compose
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.pipeline  # noqa: F401


def run_worker(connection: Connection) -> None:
    """Answer each batch of chunks that comes through `connection`, until it is closed.

    First come the working folder with the path of modules, and the model. The first answer is the
    model's description, or the error that loading it ended in.
    """
    os.dup2(2, 1)  # what models print is no result
    try:
        folder, sys.path[:] = connection.recv()
        if folder is not None:
            with contextlib.suppress(OSError):
                os.chdir(folder)
        model: VerifiedModel = connection.recv()
        inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        threading.Thread(target=_receive, args=(connection, inbox), daemon=True).start()
        session = open_session(model)
        connection.send(session.description)
        context: FileContext | None = None
        while True:
            message = inbox.get()
            if isinstance(message, ScoringPlan):
                session = replace(session, plan=message)
                continue
            if isinstance(message, MakePlan):
                connection.send(session.make_plan(message.name, message.seconds))
                continue
            items = []
            for new_context, chunk in message:
                context = new_context or context
                assert context is not None, "a chunk came before its context"
                items.append((context, chunk))
            connection.send(session.score(items))
    except (EOFError, ConnectionError):  # the parent is gone
        os._exit(0)
    except TitanicBatchError as exc:
        _tell(connection, exc)
    except MemoryError:  # between two groups of chunks
        os._exit(WorkerEndedError.exit_code)
    except Exception:
        lines = traceback.format_exc().splitlines()
        _tell(connection, TitanicBatchError("a bug in a worker", details=lines))


def _tell(connection: Connection, error: TitanicBatchError) -> None:
    with contextlib.suppress(OSError):
        connection.send(error)


def _receive(connection: Connection, inbox: queue.SimpleQueue[Message]) -> None:
    """Take in messages while the model works; when the parent is gone, so is this process."""
    try:
        while True:
            inbox.put(connection.recv())
    except (EOFError, OSError):
        os._exit(0)
    except MemoryError:  # the worker would wait for ever for what cannot be taken in
        os._exit(WorkerEndedError.exit_code)
