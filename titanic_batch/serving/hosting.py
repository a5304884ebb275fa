"""Which model a service has, and whether it can be served, before the service starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from titanic_batch.engine.session import open_session
from titanic_batch.errors import CustomObjectsError, TitanicBatchError, UsageError
from titanic_batch.models import VerifiedModel, open_model
from titanic_batch.models.bentoml_store import quiet_bentoml
from titanic_batch.models.packed import packed_environment
from titanic_batch.models.reference import STORE
from titanic_batch.scoring.options import DEFAULT_MODEL

MODEL_VARIABLE = "TITANIC_BATCH_MODEL"


def served_model() -> VerifiedModel:
    """Find, hash and trust the model that this process serves; nothing of it is unpickled.

    From here on bentoml does not count its users.

    Raises:
        BentoMLException: if it cannot be served.
    """
    _count_nobody()
    packed = packed_environment().get(MODEL_VARIABLE)
    with _bentoml_errors():
        model = open_model(os.environ.get(MODEL_VARIABLE) or packed or DEFAULT_MODEL)
        if model.loader != STORE:
            raise UsageError(
                "a service takes its model from the BentoML store",
                where=model.ref,
                cure=f"Register it with `titanic-batch models save {model.ref}`, and give the "
                f"name that it gets in {MODEL_VARIABLE}.",
            )
        return model


def check_loads(model: VerifiedModel) -> None:
    """Load a model once and forget it.

    Raises:
        BentoMLException: if it cannot be loaded.
    """
    with _bentoml_errors():
        open_session(model)


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
        exc.cure = (
            "Save one Pipeline that holds them and the model; or, if its scores are right without "
            f"them, `titanic-batch models save {exc.where} --name NAME --ignore-custom-objects`, "
            f"and give that name in {MODEL_VARIABLE}."
        )
        raise BentoMLException(str(exc)) from exc
    except TitanicBatchError as exc:
        raise BentoMLException(str(exc)) from exc
