"""The loader of models in the BentoML store, and the one place where bentoml is imported.

Reading goes through bentoml's own store class. It is imported from its own module: that takes
0.3 s, where `bentoml.models` takes more than 1 s, most of it for the client of a cloud service.
The class is made for $BENTOML_HOME as it is now, and making it creates no folders, so that a
read-only store, or none yet, can be read.
"""

from __future__ import annotations

import difflib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from titanic_batch.errors import ModelError
from titanic_batch.models.artifact import Artifact
from titanic_batch.models.packed import packed_models_folder
from titanic_batch.models.pickle_file import PICKLE_TRUST_REASON, load_pickle
from titanic_batch.models.reference import STORE
from titanic_batch.schema import TrainingSchema, schema_from_json

SCHEMA_KEY = "titanic_batch_schema"
MODEL_FILE = "saved_model.pkl"

#: What bentoml names as the module of a model that `bentoml.sklearn.save_model` wrote.
_SKLEARN_MODULES = ("bentoml.sklearn", "_bentoml_impl.frameworks.sklearn")


class BentoMLStoreLoader:
    """Loads scikit-learn models from the BentoML store. It needs trust: they are pickles."""

    name = STORE

    def resolve(self, ref: str) -> Artifact:
        """Return the model that NAME, NAME:latest or NAME:VERSION means at this moment."""
        return artifact_of(get_stored(ref), ref)

    def trust_reason(self, data: bytes) -> str:  # noqa: ARG002 - the protocol's signature
        """Say that a pickle runs code, whatever it holds."""
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
                raise ModelError(
                    "models in the BentoML store need the bentoml package",
                    cure="Install it: pip install 'titanic-batch[bentoml]'.",
                ) from exc
            try:
                yield
            except BentoMLException as exc:
                raise ModelError(str(exc).rstrip("."), where=STORE) from exc
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def models_folder() -> Path:
    """Return the folder of the models in the store, which need not exist: a bento has its own."""
    packed = packed_models_folder()
    if packed is not None:
        return packed
    from bentoml._internal.configuration import expand_env_var

    home = os.environ.get("BENTOML_HOME") or "~/bentoml"
    return Path(expand_env_var(home)) / "models"


def open_store() -> Any:
    """Return bentoml's ModelStore for $BENTOML_HOME. Call it within `quiet_bentoml`."""
    from bentoml._internal.models.model import ModelStore

    return ModelStore(models_folder())


def get_stored(ref: str) -> Any:
    """Return bentoml's Model that `ref` means; nothing of it has been unpickled.

    Raises:
        ModelError: if there is none, naming similar ones.
    """
    with quiet_bentoml():
        from bentoml.exceptions import NotFound

        try:
            return open_store().get(ref)
        except NotFound as exc:
            raise _not_found(ref) from exc
        except OSError as exc:
            raise ModelError(
                f"the BentoML store cannot be read: {exc.strerror or exc}",
                where=str(models_folder()),
                cure="Check BENTOML_HOME and the permissions there.",
            ) from exc
        except Exception as exc:  # bentoml, yaml and cattrs raise many kinds
            raise ModelError(
                f"the BentoML store does not give this model: {' '.join(str(exc).split())}",
                where=ref,
                cure="`titanic-batch models list` shows what the store holds.",
            ) from exc


def artifact_of(stored: Any, ref: str) -> Artifact:
    """Return what the store's metadata says of a model.

    Raises:
        ModelError: if it is no scikit-learn model, or its training schema is damaged.
    """
    info = stored.info
    if info.module not in _SKLEARN_MODULES:
        raise ModelError(
            f"it is a model of {info.context.framework_name or info.module}, not of scikit-learn",
            where=ref,
            cure="Save its class with the scikit-learn API by bentoml.sklearn.save_model.",
        )
    return Artifact(
        tag=str(stored.tag),
        path=Path(stored.path_of(MODEL_FILE)),
        schema=_schema_of(stored, ref),
        libraries={
            **info.context.framework_versions,
            "python": info.context.python_version,
            "bentoml": info.context.bentoml_version,
        },
        created=info.creation_time,
        labels=dict(info.labels),
    )


def is_sklearn(stored: Any) -> bool:
    """Say whether `bentoml.sklearn.save_model` wrote a model of the store."""
    return stored.info.module in _SKLEARN_MODULES


def model_folders() -> list[tuple[str, Path]]:
    """Return the tag and folder of every model in the store, sorted by tag."""
    folder = models_folder()
    if not folder.is_dir():
        return []
    return sorted(
        (f"{name.name}:{version.name}", version)
        for name in folder.iterdir()
        if name.is_dir()
        for version in name.iterdir()
        if version.is_dir()
    )


def _schema_of(stored: Any, ref: str) -> TrainingSchema | None:
    document = stored.info.metadata.get(SCHEMA_KEY)
    return None if document is None else schema_from_json(document, where=ref)


def _not_found(ref: str) -> ModelError:
    tags = [tag for tag, _ in model_folders()]
    names = sorted({tag.partition(":")[0] for tag in tags})
    name = ref.partition(":")[0].lower()
    versions = [tag for tag in tags if tag.startswith(f"{name}:")]
    near = versions or difflib.get_close_matches(name, names, n=5, cutoff=0.5)
    hint = f"Similar: {', '.join(near[-5:])}. " if near else ""
    return ModelError(
        f"there is no such model in the BentoML store {models_folder()}",
        where=ref,
        cure=f"{hint}`titanic-batch models list` shows all of them, "
        "`titanic-batch models train` makes the reference model.",
    )
