"""The training schema beside a model file: `FILE.schema.json`.

    {"schema_version": 1, "sha256": "<of the model file>", "schema": {...}}

It belongs to exactly one content of the file. A sidecar with another hash was left by an older
model and is ignored, with a warning. It holds no code and needs no trust of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

from titanic_batch.documents import NotADocumentError, parse_json
from titanic_batch.errors import ModelError
from titanic_batch.models.model_file import read_model_bytes
from titanic_batch.schema import TrainingSchema, schema_from_json, schema_to_json
from titanic_batch.stores import entry_at, write_file

SIDECAR_VERSION = 1
SIDECAR_SUFFIX = ".schema.json"

# A schema of many categories takes a few hundred kB.
_MAX_BYTES = 64 << 20


def sidecar_path(path: Path) -> Path:
    """Return where the sidecar of the model file at `path` stands."""
    return path.with_name(path.name + SIDECAR_SUFFIX)


def read_sidecar(path: Path, sha256: str) -> tuple[TrainingSchema | None, tuple[str, ...]]:
    """Return the schema beside a model file, and warnings.

    Args:
        path: The model file.
        sha256: The hash of its bytes.

    Returns:
        The schema, or None where there is no sidecar or it belongs to other bytes.

    Raises:
        ModelError: if the sidecar belongs to these bytes but is damaged, or cannot be read.
    """
    beside = sidecar_path(path)
    if entry_at(beside, follow=False) is None:
        return None, ()
    try:
        document = parse_json(read_model_bytes(beside, str(beside), at_most=_MAX_BYTES))
    except ModelError as exc:
        raise _damaged(beside, exc.message) from exc
    except NotADocumentError as exc:
        raise _damaged(beside, str(exc)) from exc
    if not isinstance(document, dict) or document.get("schema_version") != SIDECAR_VERSION:
        raise _damaged(beside, f"it does not have schema_version {SIDECAR_VERSION}")
    if document.get("sha256") != sha256:
        warning = f"{beside.name} belongs to another version of {path.name} and is ignored"
        return None, (warning,)
    return schema_from_json(document.get("schema"), where=str(beside)), ()


def write_sidecar(path: Path, sha256: str, schema: TrainingSchema) -> None:
    """Write the sidecar of the model file at `path`.

    Raises:
        FileAccessError: if it cannot be written.
    """
    document = {
        "schema_version": SIDECAR_VERSION,
        "sha256": sha256,
        "schema": schema_to_json(schema),
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_file(sidecar_path(path), text.encode(), "writing the training schema")


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"the training schema kept beside the model cannot be read: {reason}",
        where=str(path),
        hint="Remove it, or write model and schema again with `titanic-batch models save`.",
    )
