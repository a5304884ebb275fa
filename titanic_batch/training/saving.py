"""Save an estimator with its training schema: to the BentoML store, and to a pickle file."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from titanic_batch.errors import ModelError, UsageError, os_errors
from titanic_batch.interrupts import interruptible
from titanic_batch.models.artifact import VerifiedModel
from titanic_batch.models.loaders.bentoml_store import SCHEMA_KEY, quiet_bentoml
from titanic_batch.models.model_file import read_model_bytes, sha256_of
from titanic_batch.models.opening import inspect_model
from titanic_batch.models.reference import FILE_ENDINGS
from titanic_batch.models.sidecar import read_sidecar, sidecar_path, write_sidecar
from titanic_batch.models.store.folder import add_to_store, models_folder, staging_folder
from titanic_batch.models.store.stored_model import MODEL_FILE, MODEL_YAML
from titanic_batch.models.trust.gate import record_written
from titanic_batch.models.versions import SKLEARN, installed_libraries
from titanic_batch.schema import TrainingSchema, schema_to_json
from titanic_batch.stores import entry_at, store_of, write_file

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")


def save_model(
    estimator: Any,
    *,
    name: str,
    schema: TrainingSchema,
    pickle_path: Path | None = None,
    pickled: bytes | None = None,
) -> VerifiedModel:
    """Save an estimator to the BentoML store, and to a pickle file if one is asked for.

    The schema is kept in the store's metadata, so that `bentoml models get` shows it, and beside
    the pickle. Both files are recorded as trusted.

    Args:
        estimator: A fitted scikit-learn estimator.
        name: Its name in the store; the version is generated.
        schema: What it expects of its input; the library versions are filled in where missing.
        pickle_path: Where to write a pickle as well. A file there is replaced only if it is one
            that titanic-batch wrote.
        pickled: The bytes that the estimator was loaded from, which are kept as they are: what
            pickled it (cloudpickle, say) may know more than joblib does.

    Returns:
        The saved model, as `open_model` would return it. Its warnings say so if the ledger could
        not be written.

    Raises:
        UsageError: if `name` is impossible, or `pickle_path` does not end like a pickle or holds
            another's file.
        ModelError: if it is no estimator, or cannot be pickled.
        FileAccessError: if the store or the pickle cannot be written.
    """
    check_destination(name, pickle_path)
    data = pickled_bytes(estimator, name) if pickled is None else pickled
    if not schema.libraries:
        schema = replace(schema, libraries=installed_libraries())
    tag = _save_to_store(data, name, schema)
    found = inspect_model(tag)
    reason = "written" if pickled is None else "trusted"
    warnings = [*found.warnings, record_written(found.sha256, tag, reason=reason)]
    if pickle_path is not None:
        sha256 = _save_pickle(data, pickle_path, schema)
        warnings.append(record_written(sha256, str(pickle_path.absolute()), reason=reason))
    return VerifiedModel(
        ref=tag,
        tag=tag,
        loader=found.reference.loader,
        path=found.artifact.path,
        sha256=found.sha256,
        schema=found.schema,
        libraries=found.libraries,
        warnings=tuple(filter(None, warnings)),
    )


def check_destination(name: str, pickle_path: Path | None = None) -> None:
    """Refuse what `save_model` would refuse. Call it before the work of training.

    Raises:
        UsageError: if `name` is no name of a model, or `pickle_path` does not end like a pickle, or
            holds what titanic-batch did not write.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            "this cannot be the name of a model",
            where=name,
            hint="It takes up to 63 lower case letters, digits, `_`, `-` and `.`, and starts and "
            "ends with a letter or digit.",
        )
    if pickle_path is not None:
        check_pickle_path(pickle_path)


def check_pickle_path(path: Path) -> None:
    """Refuse a path that a pickle must not be written to.

    Raises:
        UsageError: if it does not end like a pickle, or holds what titanic-batch did not write.
    """
    if FILE_ENDINGS.get(path.suffix.lower()) != "pickle":
        raise UsageError(
            "a pickle must end in .pkl, .pickle or .joblib",
            where=str(path),
            hint="Choose another name.",
        )
    if entry_at(path) is None:
        return
    try:
        schema, _ = read_sidecar(path, sha256_of(read_model_bytes(path, str(path))))
    except ModelError:
        schema = None
    if schema is None:
        raise UsageError(
            "there is a file that titanic-batch did not write",
            where=str(path),
            hint="Choose another path, or remove it.",
        )


def pickled_bytes(estimator: Any, name: str) -> bytes:
    """Return an estimator as joblib pickles it, and as `bentoml.sklearn.load_model` reads it.

    Raises:
        ModelError: if it has no `predict`, or something in it cannot be pickled.
    """
    import joblib

    if not callable(getattr(estimator, "predict", None)):
        raise ModelError(
            f"it is a {type(estimator).__qualname__}, which has no predict method",
            where=name,
            hint="Save the fitted scikit-learn estimator or pipeline itself.",
        )
    buffer = io.BytesIO()
    try:
        with interruptible():
            joblib.dump(estimator, buffer)
    except Exception as exc:  # pickle lets whatever an object's own code raises through
        text = " ".join(str(exc).split())[:300]
        raise ModelError(
            f"it cannot be pickled ({type(exc).__name__}: {text})",
            where=name,
            hint="Replace lambdas and what is defined in a notebook by functions of a module.",
        ) from exc
    return buffer.getvalue()


def _save_to_store(data: bytes, name: str, schema: TrainingSchema) -> str:
    """Write a model as `bentoml.sklearn.save_model` does, and return its tag."""
    with quiet_bentoml():
        from bentoml._internal.models.model import ModelContext, ModelInfo, ModelSignature
        from bentoml._internal.tag import Tag

        # From JSON, nothing is in it twice: YAML would write an alias for it.
        metadata = {SCHEMA_KEY: json.loads(json.dumps(schema_to_json(schema)))}
        try:
            info = ModelInfo(
                tag=Tag.from_str(name).make_new_version(),
                module="bentoml.sklearn",
                api_version="v1",
                labels={},
                options={},
                metadata=metadata,
                context=ModelContext(
                    framework_name="sklearn", framework_versions={SKLEARN: version(SKLEARN)}
                ),
                signatures={"predict": ModelSignature(batchable=False)},
            )
            described = str(info.dump())
        except (ValueError, TypeError) as exc:
            raise ModelError(
                f"the BentoML store did not take the model: {' '.join(str(exc).split())}",
                where=name,
                hint="Save it without what the message names.",
            ) from exc
        tag = str(info.tag)
    with staging_folder() as staging:
        folder = staging / "model"
        with os_errors(models_folder(), "saving the model"):
            store_of(folder).make_folder(folder)
            write_file(folder / MODEL_FILE, data, "saving the model")
            write_file(folder / MODEL_YAML, described.encode(), "saving the model")
        add_to_store(folder, tag)
    return tag


def _save_pickle(data: bytes, path: Path, schema: TrainingSchema) -> str:
    store_of(path).remove(sidecar_path(path))  # between two renames, rather none than a wrong one
    write_file(path, data, "writing the model")
    sha256 = sha256_of(read_model_bytes(path, str(path)))
    write_sidecar(path, sha256, schema)
    return sha256
