"""Find the model of a service, and refuse one that cannot be served, before it starts."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from titanic_batch.engine.session import open_session
from titanic_batch.errors import CustomObjectsError, TitanicBatchError, UsageError
from titanic_batch.models import VerifiedModel, open_model
from titanic_batch.models.loaders.bentoml_store import quiet_bentoml
from titanic_batch.models.reference import STORE
from titanic_batch.models.store.packed import packed_environment
from titanic_batch.printable import printable, shell_quoted
from titanic_batch.scoring.option_texts import parse_size
from titanic_batch.scoring.options import DEFAULT_MODEL, MODEL_VARIABLE
from titanic_batch.serving.bodies import MAX_BODY_BYTES

MAX_BODY_VARIABLE = "TITANIC_BATCH_MAX_BODY"


def served_model() -> VerifiedModel:
    """Find, hash and trust the model that this process serves; nothing of it is unpickled.

    From here on bentoml does not count its users.

    Raises:
        BentoMLException: if it cannot be served.
    """
    _count_nobody()
    packed = packed_environment().get(MODEL_VARIABLE)
    with _bentoml_errors():
        ref = os.environ.get(MODEL_VARIABLE) or packed or DEFAULT_MODEL
        model = open_model(ref, allow_version_mismatch=None)
        if model.loader != STORE:
            raise UsageError(
                "a service takes its model from the BentoML store",
                where=model.ref,
                hint=f"Register it with `titanic-batch models save {shell_quoted(model.ref)}`, and "
                f"give the name that it gets in {MODEL_VARIABLE}.",
            )
        return model


def check_loads(model: VerifiedModel) -> None:
    """Load a model once and forget it.

    Raises:
        BentoMLException: if it cannot be loaded.
    """
    with _bentoml_errors():
        open_session(model)


def max_body_bytes() -> int:
    """Return how many bytes a request's body may have: $TITANIC_BATCH_MAX_BODY, such as 4MB.

    Raises:
        BentoMLException: if that is no size.
    """
    text = os.environ.get(MAX_BODY_VARIABLE, "")
    with _bentoml_errors():
        return parse_size(text, MAX_BODY_VARIABLE) if text else MAX_BODY_BYTES


def log_whole_lines() -> None:
    """Escape what is not printable in BentoML's log of requests: paths are the clients' own."""
    log = logging.getLogger("bentoml.access")
    if _escape_arguments not in log.filters:
        log.addFilter(_escape_arguments)


def _escape_arguments(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            printable(value) if isinstance(value, str) else value for value in record.args
        )
    return True


def _count_nobody() -> None:
    with quiet_bentoml():  # it sets the variable
        from bentoml._internal.utils.analytics import usage_stats

        usage_stats.do_not_track.cache_clear()  # bentoml's command has asked it already


@contextmanager
def _bentoml_errors() -> Iterator[None]:
    """Turn our errors into bentoml's: its commands print them in a line, others as tracebacks."""
    from bentoml.exceptions import BentoMLException

    try:
        yield
    except CustomObjectsError as exc:
        own_name = f"{exc.where.partition(':')[0]}_alone"
        exc.hint = (
            "Save one Pipeline that holds them and the model; or, if its scores are right without "
            f"them, `titanic-batch models save {shell_quoted(exc.where)} --name {own_name} "
            f"--ignore-custom-objects`, and {MODEL_VARIABLE}={own_name}."
        )
        raise BentoMLException(str(exc)) from exc
    except TitanicBatchError as exc:
        raise BentoMLException(str(exc)) from exc
