"""The BentoML model store as a folder: which model a tag means, and how models come and go.

    $BENTOML_HOME/models/NAME/VERSION/     the model
    $BENTOML_HOME/models/NAME/latest       the version that NAME alone means

A tag means what bentoml says that it means (a test holds the two equal), but no file of the store
is accepted on the way: a version is a plain name, and YAML is read by `stored_model`. A model
appears by one rename and goes by one.
"""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from titanic_batch.errors import ModelError, os_errors
from titanic_batch.models.model_file import read_model_bytes
from titanic_batch.models.store.packed import packed_models_folder
from titanic_batch.models.store.stored_model import LATEST, StoredModel, is_tag_part, read_stored
from titanic_batch.stores import store_of, write_file

# $BENTOML_HOME may name variables that name variables, and one of them itself.
_MOST_EXPANSIONS = 10


def models_folder() -> Path:
    """Return the folder of the models in the store, which need not exist: a bento has its own.

    Raises:
        ModelError: if it is in a home directory that there is not.
    """
    packed = packed_models_folder()
    if packed is not None:
        return packed
    home = os.environ.get("BENTOML_HOME") or "~/bentoml"
    for _ in range(_MOST_EXPANSIONS):
        home = os.path.expanduser(os.path.expandvars(home))  # noqa: PTH111 - as bentoml does
    if home.startswith("~"):  # a folder of that name in the working folder is nobody's store
        raise ModelError(
            "`~` means nothing here: there is no home directory",
            where="BENTOML_HOME",
            hint="Set BENTOML_HOME to the folder of the store.",
        )
    return Path(home) / "models"


def model_folders() -> list[tuple[str, Path]]:
    """Return the tag and folder of every model in the store, sorted by tag.

    Raises:
        ModelError: if the store cannot be read.
    """
    root = models_folder()
    with _store_errors():
        if not root.is_dir():
            return []
        names = [folder for folder in root.iterdir() if folder.is_dir()]
        return sorted(
            (f"{folder.name}:{version}", folder / version)
            for folder in names
            for version in _versions(folder)
        )


def find_folder(ref: str) -> tuple[str, Path]:
    """Return the tag and folder of the model that NAME, NAME:latest or NAME:VERSION means.

    The beginning of a version is enough where no other one begins so.

    Raises:
        ModelError: if there is none, naming similar ones, or the store cannot be read.
    """
    name, colon, version = ref.lower().partition(":")
    if not is_tag_part(name) or (colon and not is_tag_part(version)):
        raise ModelError(
            "this cannot be the tag of a model",
            where=ref,
            hint="It is NAME or NAME:VERSION; `titanic-batch models list` shows all of them.",
        )
    folder = models_folder() / name
    with _store_errors():
        versions = _versions(folder) if folder.is_dir() else []
    if version in ("", LATEST):
        version = _latest_of(folder, versions, ref)
    matches = [version] if version in versions else [v for v in versions if v.startswith(version)]
    if len(matches) > 1:
        raise ModelError(
            f"several versions match: {', '.join(matches)}",
            where=ref,
            hint="Give the whole version.",
        )
    if not matches:
        raise _not_found(ref)
    return f"{name}:{matches[0]}", folder / matches[0]


def get_stored(ref: str) -> StoredModel:
    """Return the model that `ref` means; nothing of it has been unpickled.

    Raises:
        ModelError: if there is none, naming similar ones, or it cannot be read.
    """
    tag, folder = find_folder(ref)
    return read_stored(folder, tag)


@contextmanager
def staging_folder() -> Iterator[Path]:
    """Make a private folder on the store's file system, and remove what is left of it at the end.

    It is beside the models where it can be: bentoml takes any folder among them for a model.

    Raises:
        FileAccessError: if it cannot be made.
    """
    root = models_folder()
    with os_errors(root, "writing to the BentoML store"):
        root.mkdir(parents=True, exist_ok=True)
        beside = root.parent
        place = beside if beside.stat().st_dev == root.stat().st_dev else root
        folder = Path(tempfile.mkdtemp(prefix=".titanic-batch-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def add_to_store(staged: Path, tag: str) -> None:
    """Move a model's folder into the store; NAME alone means it from now on, if it is the newest.

    Args:
        staged: The complete folder, within `staging_folder`.
        tag: NAME:VERSION.

    Raises:
        ModelError: if the store has a model of this tag.
        FileAccessError: if the store cannot be written.
    """
    name, _, version = tag.partition(":")
    folder = models_folder() / name
    with os_errors(folder, "writing to the BentoML store"):
        folder.mkdir(exist_ok=True)
        if os.path.lexists(folder / version):
            raise ModelError(
                "it already exists in the store, and is not replaced",
                where=tag,
                hint=f"`titanic-batch models delete {tag}` removes the one that is there.",
            )
        staged.rename(folder / version)
        for unsynced in store_of(folder).unsynced([folder / version]):
            unsynced.sync()
    created = read_stored(folder / version, tag).created
    pointed = _pointed_version(folder)
    if pointed is not None and pointed in _versions(folder):
        try:
            if read_stored(folder / pointed, f"{name}:{pointed}").created > created:
                return
        except ModelError:
            pass  # what cannot be read cannot stay the one that NAME means
    _point_to(folder, version)


def remove_from_store(folder: Path) -> None:
    """Remove a model; NAME alone means the newest of those that remain.

    Raises:
        FileAccessError: if the store cannot be written.
    """
    name_folder = folder.parent
    with os_errors(folder, "deleting the model"), staging_folder() as aside:
        folder.rename(aside / "model")  # at once; what takes its time comes after that
        versions = _versions(name_folder)
        if not versions:
            shutil.rmtree(name_folder)
            return
        pointed = _pointed_version(name_folder)
        if pointed not in versions:
            newest = _newest(name_folder, versions)
            if newest is None:
                (name_folder / LATEST).unlink(missing_ok=True)
            else:
                _point_to(name_folder, newest)


def _versions(folder: Path) -> list[str]:
    """Return the versions in a name's folder, sorted; a folder called `latest` is none."""
    return sorted(
        entry.name for entry in folder.iterdir() if entry.name != LATEST and entry.is_dir()
    )


def _latest_of(folder: Path, versions: list[str], ref: str) -> str:
    """Return the version that NAME alone means."""
    pointed = _pointed_version(folder)
    if pointed in versions:
        return str(pointed)
    if not versions:
        raise _not_found(ref)
    stored = [read_stored(folder / version, f"{folder.name}:{version}") for version in versions]
    return max(stored, key=lambda model: model.created).tag.partition(":")[2]


def _newest(folder: Path, versions: list[str]) -> str | None:
    found: list[tuple[float, str]] = []
    for version in versions:
        try:
            created = read_stored(folder / version, f"{folder.name}:{version}").created
        except ModelError:
            continue
        found.append((created.timestamp(), version))
    return max(found)[1] if found else None


def _pointed_version(folder: Path) -> str | None:
    """Return what the file `latest` says; None where it says no version."""
    try:
        text = read_model_bytes(folder / LATEST, folder.name, at_most=1000).decode().strip()
    except (ModelError, UnicodeDecodeError):
        return None
    version = text.lower()
    return version if is_tag_part(version) and version != LATEST else None


def _point_to(folder: Path, version: str) -> None:
    write_file(folder / LATEST, version.encode(), "writing to the BentoML store")


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as exc:  # ValueError: a null byte in $BENTOML_HOME
        raise ModelError(
            f"the BentoML store cannot be read: {getattr(exc, 'strerror', None) or exc}",
            where=str(models_folder()),
            hint="Check BENTOML_HOME and the permissions there.",
        ) from exc


def _not_found(ref: str) -> ModelError:
    tags = [tag for tag, _ in model_folders()]
    names = sorted({tag.partition(":")[0] for tag in tags})
    name = ref.partition(":")[0].lower()
    versions = [tag for tag in tags if tag.startswith(f"{name}:")]
    near = versions or difflib.get_close_matches(name, names, n=5, cutoff=0.5)
    hint = f"Similar: {', '.join(near[-5:])}. " if near else ""
    return ModelError(
        f"there is no such model in the BentoML store {models_folder()}",
        where=ref,
        hint=f"{hint}`titanic-batch models list` shows all of them, "
        "`titanic-batch models train` makes the reference model.",
    )
