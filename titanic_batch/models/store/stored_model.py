"""Read the `model.yaml` that the BentoML store keeps beside a pickle.

bentoml would read it with aliases, and import the module that it names.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from titanic_batch.errors import ModelError
from titanic_batch.models.model_file import read_model_bytes
from titanic_batch.models.reference import FILE_ENDINGS
from titanic_batch.models.store.model_yaml import MAX_YAML_BYTES, read_yaml

MODEL_FILE = "saved_model.pkl"
MODEL_YAML = "model.yaml"

#: Objects that were saved with the model, and that whoever loads it is to apply by hand.
CUSTOM_OBJECTS = "custom_objects.pkl"

LATEST = "latest"

#: What bentoml names as the module of a model that `bentoml.sklearn.save_model` wrote.
_SKLEARN_MODULES = ("bentoml.sklearn", "_bentoml_impl.frameworks.sklearn")

_FOR_PEOPLE = re.compile(r"(^|/)\.|\.(md|rst|txt)$|(^|/)LICEN[CS]E$", re.IGNORECASE)

_TAG_PART = re.compile(r"[a-z0-9]([-._a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class StoredModel:
    """A model of the store, nothing of which has been unpickled.

    Attributes:
        tag: NAME:VERSION.
        folder: Where it is.
        module: The module of bentoml that wrote it; "" where none did.
        framework: The framework's name as that module gave it; may be "".
        framework_versions: Versions of its packages.
        python_version: Of the Python that wrote it; "" where unknown.
        bentoml_version: Of the bentoml that wrote it; "" where unknown.
        created: When it was made.
        labels: Free labels.
        metadata: Free metadata.
    """

    tag: str
    folder: Path
    module: str
    framework: str
    framework_versions: dict[str, str]
    python_version: str
    bentoml_version: str
    created: datetime
    labels: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def is_sklearn(self) -> bool:
        """Whether `bentoml.sklearn.save_model` wrote it."""
        return self.module in _SKLEARN_MODULES

    @property
    def made_by(self) -> str:
        """The library that made it: "torch (bentoml.pytorch)"."""
        if not self.module:  # as what `bentoml.models.create` leaves to its caller
            return self.framework or "an unnamed framework (bentoml.models.create)"
        return f"{self.framework} ({self.module})" if self.framework else self.module

    @property
    def has_custom_objects(self) -> bool:
        """Whether objects were saved with it that its pickle knows nothing of."""
        return os.path.lexists(self.folder / CUSTOM_OBJECTS)

    @property
    def files(self) -> list[Path]:
        """Every file in its folder, sorted."""
        return sorted(path for path in self.folder.rglob("*") if not path.is_dir())

    @property
    def pickles(self) -> list[Path]:
        """The files in its folder that end like a pickle, but for custom objects."""
        endings = tuple(ending for ending, loader in FILE_ENDINGS.items() if loader == "pickle")
        found = [path for path in self.files if path.name.endswith(endings)]
        return [path for path in found if path.name != CUSTOM_OBJECTS]

    @property
    def other_files(self) -> tuple[str, ...]:
        """The files in its folder that are neither bentoml's nor texts for people."""
        known = {MODEL_FILE, MODEL_YAML, CUSTOM_OBJECTS}
        names = (path.relative_to(self.folder).as_posix() for path in self.files)
        return tuple(name for name in names if name not in known and not _FOR_PEOPLE.search(name))

    @property
    def size_bytes(self) -> int:
        """Of all files in its folder."""
        return sum(path.lstat().st_size for path in self.files)


def is_tag_part(text: str) -> bool:
    """Return whether bentoml would take a text as a name or a version."""
    return _TAG_PART.fullmatch(text) is not None


def read_stored(folder: Path, tag: str) -> StoredModel:
    """Read what stands in a model's folder of its pickle.

    Args:
        folder: The model's.
        tag: What it must be; the YAML may not say another thing.

    Raises:
        ModelError: if it cannot be read, or is of another model.
    """
    stored = read_unnamed(folder, tag)
    if stored.tag != tag:
        raise _damaged(f"it is of the model {stored.tag}", tag)
    return stored


def read_unnamed(folder: Path, where: str) -> StoredModel:
    """Read what stands in a model's folder, whatever its tag.

    Raises:
        ModelError: if it cannot be read.
    """
    path = folder / MODEL_YAML
    if not path.is_file():
        raise _damaged("there is none", where)
    data = read_model_bytes(path, where, at_most=MAX_YAML_BYTES)
    document = read_yaml(data, where)
    context = _mapping(document, "context", where)
    return StoredModel(
        tag=_tag(document, where),
        folder=folder,
        module=str(document.get("module") or ""),
        framework=str(context.get("framework_name") or ""),
        framework_versions=_texts(_mapping(context, "framework_versions", where)),
        python_version=str(context.get("python_version") or ""),
        bentoml_version=str(context.get("bentoml_version") or ""),
        created=_moment(document.get("creation_time"), where),
        labels=_texts(_mapping(document, "labels", where)),
        metadata=_mapping(document, "metadata", where),
    )


def _tag(document: dict[str, Any], where: str) -> str:
    parts = [document.get(key) for key in ("name", "version")]
    for part in parts:
        if not isinstance(part, str) or not is_tag_part(part.lower()):
            raise _damaged(f"{str(part)[:80]!r} cannot be part of a tag", where)
    tag = ":".join(str(part).lower() for part in parts)
    if tag.endswith(f":{LATEST}"):
        raise _damaged(f"no version can be called {LATEST}: it means the newest one", where)
    return tag


def _mapping(document: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    value = document.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _damaged(f"its `{key}` is not a mapping", where)
    return value


def _texts(mapping: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in mapping.items()}


def _moment(value: object, where: str) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise _damaged(f"{str(value)[:80]!r} is not a time", where) from exc


def _damaged(why: str, where: str) -> ModelError:
    return ModelError(
        f"its model.yaml cannot be used: {why}",
        where=where,
        hint="Save the model again; `titanic-batch models list` shows what the store holds.",
    )
