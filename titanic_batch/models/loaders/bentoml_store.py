"""The loader of models in the BentoML store, and how bentoml is kept quiet where it is needed.

Reading a model takes no bentoml: `store` finds it, `stored_model` reads what is said of it.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from titanic_batch.errors import ModelError
from titanic_batch.models.artifact import Artifact
from titanic_batch.models.loaders.pickle_file import PICKLE_TRUST_REASON, load_pickle
from titanic_batch.models.reference import STORE
from titanic_batch.models.store.folder import get_stored
from titanic_batch.models.store.model_yaml import bentoml_missing
from titanic_batch.models.store.stored_model import CUSTOM_OBJECTS, MODEL_FILE, StoredModel
from titanic_batch.printable import shell_quoted
from titanic_batch.schema import TrainingSchema, schema_from_json

SCHEMA_KEY = "titanic_batch_schema"

_SKLEARN_ONLY = (
    "Scored are estimators with the scikit-learn API, of XGBoost and LightGBM such classes as "
    "XGBClassifier and LGBMClassifier: save such a one by bentoml.sklearn.save_model."
)


class BentoMLStoreLoader:
    """Loads scikit-learn models from the BentoML store. It needs trust: they are pickles."""

    name = STORE

    def resolve(self, ref: str) -> Artifact:
        """Return the model that NAME, NAME:latest or NAME:VERSION means at this moment."""
        return artifact_of(get_stored(ref), ref)

    def trust_reason(self, data: bytes) -> str:  # noqa: ARG002 - the protocol's signature
        """Return why a pickle must be trusted: it runs code, whatever it holds."""
        return PICKLE_TRUST_REASON

    def load(self, data: bytes) -> Any:
        """Unpickle `data`."""
        return load_pickle(data)


@contextmanager
def quiet_bentoml() -> Iterator[None]:
    """Let bentoml neither print nor log nor warn nor count its users while this is entered.

    Raises:
        ModelError: in place of bentoml's own errors, or if bentoml is not installed.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
    logger = logging.getLogger("bentoml")
    handler, propagate = logging.NullHandler(), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                from bentoml.exceptions import BentoMLException
            except ImportError as exc:
                raise bentoml_missing() from exc
            try:
                yield
            except BentoMLException as exc:
                raise ModelError(str(exc).rstrip("."), where=STORE) from exc
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def artifact_of(stored: StoredModel, ref: str) -> Artifact:
    """Return what the store says of a model.

    Raises:
        ModelError: if it is no scikit-learn model, or its training schema is damaged.
    """
    if not stored.is_sklearn:
        raise _other_framework(stored, ref)
    made_with = {"python": stored.python_version, "bentoml": stored.bentoml_version}
    return Artifact(
        tag=stored.tag,
        path=stored.folder / MODEL_FILE,
        schema=_schema_of(stored, ref),
        libraries={**stored.framework_versions, **made_with},
        created=stored.created,
        labels=stored.labels,
        unapplied=(CUSTOM_OBJECTS,) if stored.has_custom_objects else (),
        unused=stored.other_files,
    )


def _schema_of(stored: StoredModel, ref: str) -> TrainingSchema | None:
    document = stored.metadata.get(SCHEMA_KEY)
    return None if document is None else schema_from_json(document, where=ref)


def _other_framework(stored: StoredModel, ref: str) -> ModelError:
    """Return the error of a model that `bentoml.sklearn.save_model` did not write."""
    hint = _SKLEARN_ONLY
    if len(pickles := stored.pickles) == 1:
        path = shell_quoted(str(pickles[0]))
        name = stored.tag.partition(":")[0]
        hint = (
            f"If {path} holds a scikit-learn model, register that: "
            f"`titanic-batch models save {path} --name {name}`."
        )
    what = f"it is a model of {stored.made_by}, not of scikit-learn (bentoml.sklearn)"
    return ModelError(what, where=ref, hint=hint)
