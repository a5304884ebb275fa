"""Move models in and out of the store, in BentoML's own archive format.

An archive is a tar file (.bentomodel, which is xz-compressed, .tar, .tar.gz, .tar.xz, .tar.bz2) or
a .zip, so `bentoml models import` reads what `export_model` wrote, and the other way round.
"""

from __future__ import annotations

import posixpath
import secrets
import tarfile
import zipfile
from pathlib import Path

from titanic_batch.errors import ModelError, UsageError, os_errors
from titanic_batch.models import bentoml_store
from titanic_batch.models.listing import ModelSummary, summarise
from titanic_batch.models.reference import STORE, parse_reference

#: The endings of archives, and bentoml's name for each format.
ARCHIVE_FORMATS = {
    ".bentomodel": "bentomodel",
    ".tar.gz": "gz",
    ".tar.xz": "xz",
    ".tar.bz2": "bz2",
    ".tar": "tar",
    ".zip": "zip",
}


def export_model(ref: str, target: Path, *, overwrite: bool = False) -> Path:
    """Write a model of the store to an archive.

    Args:
        ref: NAME, NAME:latest or NAME:VERSION.
        target: The archive, or a folder, in which it is called NAME-VERSION.bentomodel.
        overwrite: Replace a file that is there.

    Returns:
        Where the archive is.

    Raises:
        UsageError: if `target` has an unknown ending, or exists and may not be replaced.
        ModelError: if there is no such model.
        OutputError: if the archive cannot be written.
    """
    stored = bentoml_store.get_stored(_store_ref(ref))
    if target.is_dir():
        target /= f"{stored.tag.name}-{stored.tag.version}.bentomodel"
    target = target.absolute()
    kind = _format_of(target)
    if target.exists() and not overwrite:
        raise UsageError(
            "the file exists", where=str(target), cure="Add --overwrite to replace it."
        )
    temporary = target.with_name(f"tmp-{secrets.token_hex(6)}.{kind}")
    with os_errors(target, "exporting the model"), bentoml_store.quiet_bentoml():
        try:
            stored.export(str(temporary), kind)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    return target


def import_model(source: Path) -> ModelSummary:
    """Put the model of an archive into the store. It is not trusted by that.

    Raises:
        ModelError: if the archive is missing, damaged, or would write outside its own folder, or
            the store has a model of this tag already.
        OutputError: if the store cannot be written.
    """
    source = source.absolute()
    if not source.is_file():
        raise ModelError("there is no such archive", where=str(source), cure="Correct the path.")
    kind = _format_of(source)
    _check_archive(source)
    with bentoml_store.quiet_bentoml():
        from bentoml._internal.models.model import Model

        try:
            model = Model.import_from(str(source), kind)
        except Exception as exc:
            raise _no_archive(source, exc) from exc
        with os_errors(bentoml_store.models_folder(), "importing the model"):
            saved = model.save(bentoml_store.open_store())
    return summarise(str(saved.tag))


def delete_model(ref: str, *, yes: bool = False) -> ModelSummary:
    """Delete one version of a model from the store, and return what it was.

    Args:
        ref: NAME:VERSION in full. Anything shorter means a version that changes over time.
        yes: Delete also what NAME or NAME:latest means at this moment.

    Raises:
        UsageError: if `ref` is no full tag and `yes` is False.
        ModelError: if there is no such model.
        OutputError: if it cannot be deleted.
    """
    stored = bentoml_store.get_stored(_store_ref(ref))
    tag = str(stored.tag)
    if tag != ref and not yes:
        raise UsageError(
            f"this means {tag} at the moment, and another version tomorrow",
            where=ref,
            cure=f"Run `titanic-batch models delete {tag}`, or add --yes.",
        )
    summary = summarise(tag)
    with os_errors(stored.path, "deleting the model"), bentoml_store.quiet_bentoml():
        bentoml_store.open_store().delete(tag)
    return summary


def _store_ref(ref: str) -> str:
    if parse_reference(ref).loader != STORE:
        raise UsageError(
            "this works on models in the store only", where=ref, cure="Give NAME or NAME:VERSION."
        )
    return ref


def _format_of(path: Path) -> str:
    for ending, kind in ARCHIVE_FORMATS.items():
        if path.name.lower().endswith(ending):
            return kind
    raise UsageError(
        "this is no file name of an archive",
        where=str(path),
        cure=f"It must end in {', '.join(ARCHIVE_FORMATS)}.",
    )


def _check_archive(source: Path) -> None:
    """Refuse what could write outside the folder it is unpacked to."""
    try:
        if zipfile.is_zipfile(source):
            with zipfile.ZipFile(source) as archive:
                names = archive.namelist()
        else:
            with tarfile.open(source) as archive:
                members = archive.getmembers()
            names = [member.name for member in members]
            if any(not (member.isfile() or member.isdir()) for member in members):
                raise ModelError("the archive holds a link or a device", where=str(source))
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as exc:
        raise _no_archive(source, exc) from exc
    if any(name.startswith("/") or ".." in name.split("/") for name in names):
        raise ModelError("the archive would write outside its folder", where=str(source))
    if not any(posixpath.normpath(name) == "model.yaml" for name in names):
        raise ModelError("the archive holds no BentoML model (no model.yaml)", where=str(source))


def _no_archive(source: Path, exc: Exception) -> ModelError:
    return ModelError(
        f"it is no archive of a BentoML model, or a damaged one ({' '.join(str(exc).split())})",
        where=str(source),
        cure="Export or copy it again.",
    )
