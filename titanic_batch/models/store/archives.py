"""Move models in and out of the store, in BentoML's own archive format.

An archive is a tar file (.bentomodel, which is xz-compressed, .tar, .tar.gz, .tar.xz, .tar.bz2) or
a .zip, so `bentoml models import` reads what `export_model` wrote, and the other way round.
"""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from titanic_batch.errors import DataError, ModelError, UsageError, os_errors
from titanic_batch.interrupts import interruptible
from titanic_batch.models.reference import STORE, parse_reference
from titanic_batch.models.store.folder import (
    add_to_store,
    find_folder,
    get_stored,
    models_folder,
    remove_from_store,
    staging_folder,
)
from titanic_batch.models.store.listing import ModelSummary, summarise
from titanic_batch.models.store.stored_model import MODEL_YAML, read_unnamed
from titanic_batch.models.store.unpacking import UNPACKED_RATIO, unpack

#: The endings of archives, and bentoml's name for each format.
ARCHIVE_FORMATS: dict[str, str] = {
    ".bentomodel": "bentomodel",
    ".tar.gz": "gz",
    ".tar.xz": "xz",
    ".tar.bz2": "bz2",
    ".tar": "tar",
    ".zip": "zip",
}

_ARCHIVERS: dict[str, str] = {
    "bentomodel": "xztar",
    "gz": "gztar",
    "xz": "xztar",
    "bz2": "bztar",
    "tar": "tar",
    "zip": "zip",
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
        FileAccessError: if the archive cannot be written.
    """
    stored = get_stored(_store_ref(ref))
    if target.is_dir():
        target /= f"{stored.tag.replace(':', '-')}.bentomodel"
    target = target.absolute()
    kind = _format_of(target)
    if target.exists() and not overwrite:
        raise UsageError(
            "the file exists", where=str(target), hint="Add --overwrite to replace it."
        )
    folder = target.with_name(f".tmp-{secrets.token_hex(6)}")
    with os_errors(target, "exporting the model"):
        folder.mkdir(mode=0o700)
        try:
            base = str(folder / "model")
            with interruptible():
                made = Path(shutil.make_archive(base, _ARCHIVERS[kind], stored.folder))
            if stored.size_bytes > UNPACKED_RATIO * made.stat().st_size:
                raise DataError(
                    f"the archive would unpack to more than {UNPACKED_RATIO} times its size, "
                    "which `models import` refuses",
                    where=str(target),
                    hint="Give it a name that ends in .tar.",
                )
            made.replace(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return target


def import_model(source: Path) -> ModelSummary:
    """Put the model of an archive into the store. It is not trusted by that.

    Raises:
        DataError: if the archive would write outside its own folder, unpacks to more than is
            accepted, or does not hold one model that the store can keep.
        ModelError: if the archive is missing or damaged, or the store has a model of this tag
            already.
        FileAccessError: if the store cannot be written.
    """
    source = source.absolute()
    if not source.is_file():
        raise ModelError("there is no such archive", where=str(source), hint="Correct the path.")
    kind = _format_of(source)
    with staging_folder() as staging:
        folder = staging / "model"
        with os_errors(models_folder(), "importing the model"):
            folder.mkdir()
            unpack(source, kind, folder)
        tag = _tag_of(folder, str(source))
        add_to_store(folder, tag)
    return summarise(*find_folder(tag))


def _tag_of(folder: Path, where: str) -> str:
    """Return the tag of the one model in an unpacked archive.

    Raises:
        DataError: if it holds none or several, or one that the store cannot keep.
    """
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob(MODEL_YAML))
    if not found:
        raise DataError(f"the archive holds no BentoML model (no {MODEL_YAML})", where=where)
    if found != [MODEL_YAML]:
        raise DataError(
            f"the archive does not hold one model, but {', '.join(found[:5])}",
            where=where,
            hint="Export each version of a model for itself.",
        )
    try:
        return read_unnamed(folder, where).tag
    except ModelError as exc:
        raise DataError(exc.message, where=where, hint="Export it again.") from exc


def delete_model(ref: str, *, yes: bool = False) -> ModelSummary:
    """Delete one version of a model from the store, and return what it was.

    Args:
        ref: NAME:VERSION in full. Anything shorter means a version that changes over time.
        yes: Delete also what NAME or NAME:latest means at this moment.

    Raises:
        UsageError: if `ref` is no full tag and `yes` is False.
        ModelError: if there is no such model.
        FileAccessError: if it cannot be deleted.
    """
    tag, folder = find_folder(_store_ref(ref))
    if tag != ref and not yes:
        raise UsageError(
            f"this means {tag} now, and may mean another version later",
            where=ref,
            hint=f"Run `titanic-batch models delete {tag}`, or add --yes.",
        )
    summary = summarise(tag, folder)
    remove_from_store(folder)
    return summary


def _store_ref(ref: str) -> str:
    if parse_reference(ref).loader != STORE:
        raise UsageError(
            "this works on models in the store only", where=ref, hint="Give NAME or NAME:VERSION."
        )
    return ref


def _format_of(path: Path) -> str:
    for ending, kind in ARCHIVE_FORMATS.items():
        if path.name.lower().endswith(ending):
            return kind
    raise UsageError(
        "this is not the name of an archive",
        where=str(path),
        hint=f"It must end in {', '.join(ARCHIVE_FORMATS)}.",
    )
