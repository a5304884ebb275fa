"""A model at each step of opening it: found (Artifact), verified, loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from titanic_batch.schema import TrainingSchema


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A model that a loader found, before any byte of it was accepted.

    Attributes:
        tag: Its exact name: "titanic_model:abc123" in the store, the file's name for files.
        path: The one file that is hashed and loaded.
        schema: The training schema kept with it, or None.
        libraries: Versions recorded with it ({"scikit-learn": "1.9.1"}), {} where unknown.
        created: When it was made, where recorded.
        labels: Free labels that the store keeps with it.
        unapplied: Files that are part of the model, and that its loader does not apply: it is not
            scored without a word.
        unused: Files beside it that may be part of it.
    """

    tag: str
    path: Path
    schema: TrainingSchema | None = None
    libraries: dict[str, str] = field(default_factory=dict)
    created: datetime | None = None
    labels: dict[str, str] = field(default_factory=dict)
    unapplied: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VerifiedModel:
    """A model that was found, hashed and passed the trust gate. Nothing of it has been unpickled.

    It is small, picklable, and travels to worker processes, each of which loads it for itself.

    Attributes:
        ref: The reference as it was typed.
        tag: "titanic_model:abc123" for the store, the file's name for files.
        loader: Name of the loader that reads it.
        path: The file that is hashed and loaded (store: .../saved_model.pkl).
        sha256: SHA-256 of that file's bytes, in hex.
        schema: The training schema kept with it; None where it must be derived from the estimator.
        libraries: Versions recorded with the model, {} where unknown.
        allow_version_mismatch: Whether another scikit-learn minor version is let through; None
            where it is not, and no flag would change that.
        data: The file's bytes, where they travel with it; None where it is to be read.
        warnings: What was noticed so far, such as a sidecar of another file. `load_estimator`
            repeats them in `LoadedModel.warnings`.
    """

    ref: str
    tag: str
    loader: str
    path: Path
    sha256: str
    schema: TrainingSchema | None
    libraries: dict[str, str]
    allow_version_mismatch: bool | None = False
    data: bytes | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """An estimator in memory, and everything that was noticed on the way.

    Attributes:
        estimator: An object with `predict`; every nested `n_jobs` is 1.
        warnings: Those of the `VerifiedModel`, and those of loading it.
    """

    estimator: Any
    warnings: tuple[str, ...]
