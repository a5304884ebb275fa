"""Which model a service has."""

from __future__ import annotations

import os

from titanic_batch.errors import TitanicBatchError, UsageError
from titanic_batch.models import VerifiedModel, open_model
from titanic_batch.models.packed import packed_environment
from titanic_batch.models.reference import STORE
from titanic_batch.scoring.options import DEFAULT_MODEL

MODEL_VARIABLE = "TITANIC_BATCH_MODEL"


def served_model() -> VerifiedModel:
    """Find, hash and trust the model that this process serves; nothing of it is unpickled.

    Raises:
        BentoMLException: as bentoml's commands print it in one line, where they would show a
            traceback of anything else.
    """
    from bentoml.exceptions import BentoMLException

    packed = packed_environment().get(MODEL_VARIABLE)
    try:
        model = open_model(os.environ.get(MODEL_VARIABLE) or packed or DEFAULT_MODEL)
        if model.loader != STORE:
            raise UsageError(
                "a service takes its model from the BentoML store",
                where=model.ref,
                cure=f"Register it: `titanic-batch models save {model.ref}`, and name it in "
                f"{MODEL_VARIABLE}.",
            )
    except TitanicBatchError as exc:
        raise BentoMLException(str(exc)) from exc
    return model
