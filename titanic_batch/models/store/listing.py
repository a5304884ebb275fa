"""List the models of the store, and describe one, without unpickling anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from titanic_batch.errors import ModelError
from titanic_batch.interrupts import interruptible
from titanic_batch.models.model_file import read_model_bytes, sha256_of
from titanic_batch.models.opening import inspect_model
from titanic_batch.models.store.folder import model_folders
from titanic_batch.models.store.stored_model import MODEL_FILE, StoredModel, read_stored
from titanic_batch.models.trust.gate import change_since_trusted, trust_command, trusted_by
from titanic_batch.models.versions import SKLEARN
from titanic_batch.schema import TrainingSchema


@dataclass(frozen=True, kw_only=True)
class ModelSummary:
    """One model of the store.

    Attributes:
        tag: NAME:VERSION.
        created: ISO 8601, UTC; empty where the model's own description cannot be read.
        size_bytes: Of its whole folder.
        framework: What made it, such as "scikit-learn 1.9.1".
        trusted: Whether its pickle may be loaded; None for models that titanic-batch cannot load.
        sha256: Of its pickle; None for those as well.
        problem: Why it cannot be read, or how it has changed since it was trusted; else "".
    """

    tag: str
    created: str
    size_bytes: int
    framework: str
    trusted: bool | None
    sha256: str | None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelDetails:
    """All that is known of a model without loading it.

    Attributes:
        ref: As typed.
        tag: "titanic_model:abc123" for the store, the file's name for files.
        loader: Name of the loader that reads it.
        path: The file that is hashed and loaded.
        size_bytes: Of that file.
        sha256: Of that file.
        trusted: Whether it may be loaded.
        trusted_by: What trusts it, in words; "needs no trust" for a file that cannot run code.
        changed: How it has changed since it was trusted, in words; "" where it has not.
        trust_command: The command that makes it trusted.
        created: ISO 8601, UTC; empty where not recorded.
        framework: What made it; empty where unknown.
        libraries: Versions recorded with it.
        schema: Its training schema; None where it carries none.
        metrics: Cross-validated figures of its training.
        labels: What its labels mean in words.
        store_labels: Free labels that the store keeps with it.
        warnings: What was noticed.
    """

    ref: str
    tag: str
    loader: str
    path: Path
    size_bytes: int
    sha256: str
    trusted: bool
    trusted_by: str
    trust_command: str
    changed: str = ""
    created: str = ""
    framework: str = ""
    libraries: dict[str, str] = field(default_factory=dict)
    schema: TrainingSchema | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    store_labels: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def list_models() -> list[ModelSummary]:
    """Return every model of the BentoML store, by name, the newest of a name last.

    Models of other frameworks, and unreadable ones, are listed too.

    Raises:
        ModelError: if the store cannot be read.
        UntrustedModelError: if a trust ledger is writable by others, or damaged.
    """
    with interruptible():  # each is hashed
        summaries = [summarise(tag, folder) for tag, folder in model_folders()]
    return sorted(summaries, key=lambda model: (model.tag.partition(":")[0], model.created))


def summarise(tag: str, folder: Path) -> ModelSummary:
    """Return the summary of one model of the store; what cannot be read is described as such."""
    try:
        stored = read_stored(folder, tag)
    except ModelError as exc:
        return ModelSummary(
            tag=tag,
            created="",
            size_bytes=0,
            framework="unreadable",
            trusted=None,
            sha256=None,
            problem=exc.message,
        )
    sha256, trusted, changed = None, None, ""
    if stored.is_sklearn:
        try:
            sha256 = sha256_of(read_model_bytes(folder / MODEL_FILE, tag))
        except ModelError:
            pass
        else:
            trusted = bool(trusted_by(sha256))
            changed = "" if trusted else change_since_trusted(tag)
    return ModelSummary(
        tag=tag,
        created=iso_utc(stored.created),
        size_bytes=stored.size_bytes,
        framework=_framework(stored),
        trusted=trusted,
        sha256=sha256,
        problem=changed,
    )


def show_model(ref: str) -> ModelDetails:
    """Return all that is known of a model, trusted or not, without loading it.

    Raises:
        UsageError: if `ref` is empty.
        ModelError: if there is no such model, or its file cannot be read.
        UntrustedModelError: if a trust ledger is writable by others, or damaged.
    """
    found = inspect_model(ref)
    by = trusted_by(found.sha256) or ("" if found.trust_reason else "needs no trust")
    schema = found.schema
    artifact = found.artifact
    return ModelDetails(
        ref=ref,
        tag=artifact.tag,
        loader=found.reference.loader,
        path=artifact.path,
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        trusted=bool(by),
        trusted_by=by,
        trust_command=trust_command(found.exact_ref),
        changed="" if by else change_since_trusted(found.exact_ref),
        created=iso_utc(artifact.created) if artifact.created else "",
        framework=f"{SKLEARN} {found.libraries[SKLEARN]}" if SKLEARN in found.libraries else "",
        libraries=found.libraries,
        schema=schema,
        metrics=schema.metrics if schema else {},
        labels=schema.labels if schema else {},
        store_labels=artifact.labels,
        warnings=found.warnings,
    )


def iso_utc(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, to the second. One without a zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _framework(stored: StoredModel) -> str:
    versions = stored.framework_versions
    if versions:
        return ", ".join(f"{name} {version}" for name, version in versions.items())
    return stored.framework or stored.module or "none"
