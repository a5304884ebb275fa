"""Open a model: find it, read and hash it once, pass the trust gate. Nothing is unpickled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from titanic_batch.errors import CustomObjectsError, ModelError, TitanicBatchError
from titanic_batch.models.artifact import Artifact, VerifiedModel
from titanic_batch.models.loaders.base import Loader, get_loader, registered_schemes
from titanic_batch.models.loaders.pickle_file import recorded_sklearn_version
from titanic_batch.models.model_file import read_model_bytes, sha256_of
from titanic_batch.models.reference import STORE, Reference, parse_reference
from titanic_batch.models.sidecar import read_sidecar
from titanic_batch.models.trust.gate import require_trusted
from titanic_batch.schema import TrainingSchema


@dataclass(frozen=True, kw_only=True)
class InspectedModel:
    """A model that was found and hashed, trusted or not.

    Attributes:
        reference: What was asked for.
        artifact: What the loader found.
        sha256: SHA-256 of the model file's bytes, in hex.
        size_bytes: Length of the model file.
        schema: The schema kept with it or beside it.
        libraries: Versions recorded with it, or seen in it.
        trust_reason: Why its bytes need trust; "" where they need none.
        warnings: What was noticed.
    """

    reference: Reference
    artifact: Artifact
    sha256: str
    size_bytes: int
    schema: TrainingSchema | None
    libraries: dict[str, str]
    trust_reason: str
    warnings: tuple[str, ...] = ()

    @property
    def exact_ref(self) -> str:
        """A reference to this very model: a store's full tag, a file's absolute path."""
        if self.reference.loader == STORE:
            return self.artifact.tag
        if self.reference.loader in registered_schemes():
            return self.reference.text
        return str(self.artifact.path)


def open_model(
    ref: str,
    *,
    trust: Sequence[str] = (),
    allow_version_mismatch: bool | None = False,
    ignore_custom_objects: bool = False,
) -> VerifiedModel:
    """Find a model, read and hash it once, and pass the trust gate.

    Nothing is unpickled and no foreign code is imported. TITANIC_BATCH_TRUST and the ledgers are
    asked as well as `trust` (see `titanic_batch.models.trust.gate`).

    Args:
        ref: A reference (see `titanic_batch.models.reference`).
        trust: SHA-256 hashes that the caller vouches for.
        allow_version_mismatch: Let a model of another scikit-learn minor version through; None
            where the caller has no flag to name.
        ignore_custom_objects: Let a model through of which a part is not applied, with a warning.

    Raises:
        UsageError: if `ref` is empty or a hash is malformed.
        ModelError: if there is no such model, its file cannot be read, or a part of it would not
            be applied.
        UntrustedModelError: if its bytes need trust and their hash is not trusted.
    """
    found = inspect_model(ref)
    if found.artifact.unapplied and not ignore_custom_objects:
        raise _not_whole(found)
    if found.trust_reason:
        # A store model is named by its full tag: `latest` may be another one a moment later.
        require_trusted(
            found.sha256,
            found.artifact.tag if found.reference.loader == STORE else ref,
            name=found.exact_ref,
            reason=found.trust_reason,
            trust=trust,
        )
    return VerifiedModel(
        ref=ref,
        tag=found.artifact.tag,
        loader=found.reference.loader,
        path=found.artifact.path,
        sha256=found.sha256,
        schema=found.schema,
        libraries=found.libraries,
        allow_version_mismatch=allow_version_mismatch,
        warnings=found.warnings,
    )


def inspect_model(ref: str) -> InspectedModel:
    """Find a model and hash it, without judging it.

    Raises:
        UsageError: if `ref` is empty.
        ModelError: if there is no such model, or its file cannot be read.
    """
    reference = parse_reference(ref, registered_schemes())
    loader = get_loader(reference.loader)
    artifact = _resolve(loader, reference)
    data = read_model_bytes(artifact.path, ref)
    sha256 = sha256_of(data)
    reason = _trust_reason(loader, data, ref)
    schema = artifact.schema
    warnings: tuple[str, ...] = ()
    if schema is None and reference.loader != STORE:
        schema, warnings = read_sidecar(artifact.path, sha256)
    libraries = {**(schema.libraries if schema else {}), **artifact.libraries}
    if "scikit-learn" not in artifact.libraries and (seen := recorded_sklearn_version(data)):
        libraries["scikit-learn"] = seen
    return InspectedModel(
        reference=reference,
        artifact=artifact,
        sha256=sha256,
        size_bytes=len(data),
        schema=schema,
        libraries=libraries,
        trust_reason=reason,
        warnings=(*warnings, *_left_out(artifact)),
    )


def _left_out(artifact: Artifact) -> list[str]:
    """Return a warning for the files beside the model that have no part in its scores."""
    said = []
    if artifact.unapplied:
        said.append(f"{', '.join(artifact.unapplied)} of {artifact.tag} is not applied")
    if artifact.unused:
        shown = ", ".join(artifact.unused[:5]) + (", ..." if len(artifact.unused) > 5 else "")
        said.append(f"the folder of {artifact.tag} holds other files, which are not used: {shown}")
    return said


def _not_whole(found: InspectedModel) -> CustomObjectsError:
    return CustomObjectsError(
        f"it was saved with custom objects ({', '.join(found.artifact.unapplied)}), which "
        "titanic-batch does not apply: a scaler or an encoder among them would be left out",
        where=found.reference.text,
        hint="Save one Pipeline that holds them and the model; or, if its scores are right without "
        "them, add --ignore-custom-objects.",
    )


def _resolve(loader: Loader, reference: Reference) -> Artifact:
    try:
        return loader.resolve(reference.rest)
    except TitanicBatchError:
        raise
    except Exception as exc:
        raise _broken_loader(loader, reference.text, "resolve", exc) from exc


def _trust_reason(loader: Loader, data: bytes, ref: str) -> str:
    try:
        return loader.trust_reason(data)
    except TitanicBatchError as exc:
        exc.where = exc.where or ref
        raise
    except Exception as exc:
        raise _broken_loader(loader, ref, "trust_reason", exc) from exc


def _broken_loader(loader: Loader, ref: str, step: str, exc: Exception) -> ModelError:
    return ModelError(
        f"the loader {loader.name} failed in {step}: {type(exc).__name__}: {exc}",
        where=ref,
        hint="Report it to the package that provides the loader.",
    )
