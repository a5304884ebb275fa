"""Save an estimator with its training schema: to the BentoML store, and to a pickle file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from titanic_batch.errors import ModelError, UsageError
from titanic_batch.models.artifact import VerifiedModel
from titanic_batch.models.bentoml_store import SCHEMA_KEY, open_store, quiet_bentoml
from titanic_batch.models.model_file import read_model_bytes, sha256_of, write_whole
from titanic_batch.models.opening import inspect_model
from titanic_batch.models.reference import FILE_ENDINGS
from titanic_batch.models.sidecar import read_sidecar, sidecar_path, write_sidecar
from titanic_batch.models.trust import record_written
from titanic_batch.models.versions import installed_libraries
from titanic_batch.schema import TrainingSchema, schema_to_json

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")


def save_model(
    estimator: Any, *, name: str, schema: TrainingSchema, pickle_path: Path | None = None
) -> VerifiedModel:
    """Save an estimator to the BentoML store, and to a pickle file if one is asked for.

    The schema is kept in the store's metadata, so that `bentoml models get` shows it, and beside
    the pickle. Both files are recorded as trusted: titanic-batch wrote them.

    Args:
        estimator: A fitted scikit-learn estimator.
        name: Its name in the store; the version is generated.
        schema: What it expects of its input; the library versions are filled in where missing.
        pickle_path: Where to write a pickle as well. A file there is replaced only if it is one
            that titanic-batch wrote.

    Returns:
        The saved model, as `open_model` would return it. Its warnings say so if the ledger could
        not be written.

    Raises:
        UsageError: if `name` is impossible, or `pickle_path` does not end like a pickle or holds
            another's file.
        ModelError: if the store does not take it.
        OutputError: if the pickle cannot be written.
    """
    check_destination(name, pickle_path)
    if not schema.libraries:
        schema = replace(schema, libraries=installed_libraries())
    tag = _save_to_store(estimator, name, schema)
    found = inspect_model(tag)
    warnings = [*found.warnings, record_written(found.sha256, tag)]
    if pickle_path is not None:
        warnings.append(_save_pickle(estimator, pickle_path, schema))
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
            cure="It takes up to 63 lower case letters, digits, `_`, `-` and `.`, and starts and "
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
            cure="Choose another name.",
        )
    if not path.exists():
        return
    try:
        schema, _ = read_sidecar(path, sha256_of(read_model_bytes(path, str(path))))
    except ModelError:
        schema = None
    if schema is None:
        raise UsageError(
            "there is a file that titanic-batch did not write",
            where=str(path),
            cure="Choose another path, or remove it.",
        )


def _save_to_store(estimator: Any, name: str, schema: TrainingSchema) -> str:
    with quiet_bentoml():
        import bentoml
        from bentoml._internal.configuration.containers import BentoMLContainer

        # The container remembers the first $BENTOML_HOME that it saw.
        BentoMLContainer.model_store.set(open_store())
        try:
            saved = bentoml.sklearn.save_model(
                name, estimator, metadata={SCHEMA_KEY: schema_to_json(schema)}
            )
        except (OSError, ValueError, TypeError) as exc:
            raise ModelError(
                f"the BentoML store did not take the model: {' '.join(str(exc).split())}",
                where=name,
                cure="Check that it is a scikit-learn estimator, and that $BENTOML_HOME can be "
                "written.",
            ) from exc
        finally:
            BentoMLContainer.model_store.reset()
        return str(saved.tag)


def _save_pickle(estimator: Any, path: Path, schema: TrainingSchema) -> str:
    import joblib

    def dump(file: BinaryIO) -> None:
        joblib.dump(estimator, file)

    sidecar_path(path).unlink(missing_ok=True)  # between two renames, rather none than a wrong one
    write_whole(path, dump)
    sha256 = sha256_of(read_model_bytes(path, str(path)))
    write_sidecar(path, sha256, schema)
    return record_written(sha256, str(path.absolute()))
