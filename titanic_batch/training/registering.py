"""Register an existing model under a name: load it, learn or derive its schema, save it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from titanic_batch.interrupts import interruptible
from titanic_batch.models.artifact import VerifiedModel
from titanic_batch.models.loading import load_estimator, verified_bytes
from titanic_batch.models.opening import open_model
from titanic_batch.models.reference import FILE_ENDINGS, STORE
from titanic_batch.schema import TrainingSchema
from titanic_batch.training.reading import Reading
from titanic_batch.training.saving import check_destination, save_model
from titanic_batch.training.schema_edits import SchemaEdits, edit_schema

__all__ = ["Reading", "SchemaEdits", "register_model"]

#: The loaders whose files `bentoml.sklearn.load_model` reads as well.
_PICKLED = (STORE, "pickle")


def register_model(
    ref: str,
    *,
    name: str | None = None,
    data: Path | None = None,
    target: str | None = None,
    reading: Reading | None = None,
    features: Sequence[str] | None = None,
    edits: SchemaEdits | None = None,
    trust: Sequence[str] = (),
    pickle_path: Path | None = None,
    ignore_custom_objects: bool = False,
) -> VerifiedModel:
    """Save an existing model to the store, with a training schema.

    A pickle's bytes are kept as they are; a model of another format is pickled. The schema is
    learned from `data` if given, else the one kept with the model, else derived from the
    estimator. The model passes the same trust gate as in scoring. One of another scikit-learn
    minor version is refused: saving it again would hide where it came from.

    Args:
        ref: The model, usually a file.
        name: Its name in the store; the file's stem if None.
        data: Training data.
        target: What is predicted, which a service names its answers by; with `data`, a column.
        reading: How `data` is written, where it is CSV.
        features: Column names for a model that was trained on a bare array.
        edits: Changes to the schema.
        trust: SHA-256 hashes that the caller vouches for.
        pickle_path: Where to write a pickle as well.
        ignore_custom_objects: Leave out what was saved beside a stored model, with a warning.

    Returns:
        The saved model, with the warnings of loading the given one.

    Raises:
        UsageError: if an edit does not fit.
        ModelError: if the model cannot be loaded or saved, or its columns cannot be derived.
        UntrustedModelError: if it is not trusted.
        FileAccessError: if something cannot be written.
    """
    model = open_model(
        ref,
        trust=trust,
        allow_version_mismatch=None,
        ignore_custom_objects=ignore_custom_objects,
    )
    name = name or name_from(model.tag)
    check_destination(name, pickle_path)
    with interruptible():
        loaded = load_estimator(model)
        from titanic_batch.schema.derive import about_model
    with interruptible(), about_model(ref):
        if data is not None:
            from titanic_batch.training.learn_schema import learn_schema

            schema = learn_schema(
                loaded.estimator, data, target, features=features, reading=reading
            )
        else:
            schema = _schema(model, loaded.estimator, target, features)
    saved = save_model(
        loaded.estimator,
        name=name,
        schema=edit_schema(schema, edits or SchemaEdits()),
        pickle_path=pickle_path,
        pickled=verified_bytes(model) if model.loader in _PICKLED else None,
    )
    return replace(saved, warnings=(*loaded.warnings, *saved.warnings))


def name_from(tag: str) -> str:
    """Return a name for the store from a tag or file name ("Best Model.pkl": "best_model")."""
    stem = tag.partition(":")[0]
    for ending in FILE_ENDINGS:
        stem = stem.removesuffix(ending)
    return re.sub(r"[^a-z0-9._-]+", "_", stem.lower()).strip("._-")[:63]


def _schema(
    model: VerifiedModel,
    estimator: Any,
    target: str | None,
    features: Sequence[str] | None,
) -> TrainingSchema:
    schema = model.schema
    if schema is None or features is not None:
        from titanic_batch.schema.derive import derive_schema

        schema = derive_schema(estimator, features=features)
    return schema if target is None else replace(schema, target=target)
