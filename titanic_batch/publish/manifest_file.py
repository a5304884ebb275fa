"""Read a manifest back: the one place where what lies on a disk becomes a `Manifest`."""

from __future__ import annotations

import errno
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from titanic_batch.documents import NotADocumentError, open_regular, parse_json, read_bounded
from titanic_batch.errors import os_errors
from titanic_batch.publish.manifest import (
    MANIFEST_VERSION,
    TOOL,
    FileFacts,
    Manifest,
    RejectFacts,
    RowCounts,
)
from titanic_batch.publish.manifest_form import fault_of

#: Thousands of columns make one of a few megabytes.
_LARGEST_BYTES = 64 << 20
_LARGEST_VERSION = 1 << 20
_KEYS = frozenset(field.name for field in fields(Manifest))


@dataclass(frozen=True, kw_only=True)
class UnreadableManifest:
    """Something stands where a manifest should, and is none that can be relied on.

    Attributes:
        path: Where it stands.
        reason: Why not, as a part of a sentence: `its rows.read is not a count`.
        cure: What helps, as a sentence; "" for nothing in particular.
        is_ours: Whether it says that titanic-batch wrote it.
    """

    path: Path
    reason: str
    cure: str = ""
    is_ours: bool = False


def read_manifest(path: Path) -> Manifest | None:
    """Return the manifest at `path`; None where there is none that can be relied on.

    Raises:
        OutputError: if the system refuses to read it.
    """
    found = find_manifest(path)
    return found if isinstance(found, Manifest) else None


def find_manifest(path: Path) -> Manifest | UnreadableManifest | None:
    """Return the manifest at `path`, or why what stands there is none; None for nothing at all.

    A symlink is not followed: whoever can plant one could claim any file as ours. Nor is anything
    else read that is no file: a pipe would wait for ever.

    Raises:
        OutputError: if the system refuses to read it.
    """
    try:
        document = read_document(path)
    except NotAManifestError as exc:
        return UnreadableManifest(path=path, reason=str(exc))
    return None if document is None else _parse(path, document)


class NotAManifestError(Exception):
    """What was found is no manifest; its text says why."""


def read_document(path: Path) -> Any:
    """Return the JSON at `path`, which is not to be relied on; None where there is no file.

    Raises:
        NotAManifestError: if it is no JSON, or no ordinary file.
        OutputError: if the system refuses to read it.
    """
    try:
        with os_errors(path, "reading the manifest"):
            data = _read(path)
        return None if data is None else parse_json(data)
    except NotADocumentError as exc:
        raise NotAManifestError(str(exc)) from exc


def _read(path: Path) -> bytes | None:
    try:
        with open_regular(path, follow_links=False) as file:
            return read_bounded(file, _LARGEST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        if exc.errno == errno.ENAMETOOLONG:
            return None
        raise


def _parse(path: Path, document: Any) -> Manifest | UnreadableManifest:
    def unreadable(reason: str, *, cure: str = "", is_ours: bool = True) -> UnreadableManifest:
        return UnreadableManifest(path=path, reason=reason, cure=cure, is_ours=is_ours)

    tool = document.get("tool") if isinstance(document, dict) else None
    if not isinstance(tool, dict) or tool.get("name") != TOOL:
        return unreadable("it is none of titanic-batch's", is_ours=False)
    version = document.get("manifest_version")
    if type(version) is not int or not 1 <= version <= _LARGEST_VERSION:
        return unreadable("its manifest_version is not a version")
    if version > MANIFEST_VERSION:
        return unreadable(
            f"it has version {version}, newer than this titanic-batch knows",
            cure="Upgrade titanic-batch.",
        )
    if fault := fault_of(document):
        return unreadable(fault)
    return _manifest(document)


def _manifest(document: dict[str, Any]) -> Manifest:
    """Return a checked document as a manifest; keys that a later version added are left out."""
    known = {key: value for key, value in document.items() if key in _KEYS}
    return Manifest(
        **{
            **known,
            "input": FileFacts(**_of(FileFacts, document["input"])),
            "output": FileFacts(**_of(FileFacts, document["output"])),
            "rows": RowCounts(**_of(RowCounts, document["rows"])),
            "rejects": RejectFacts(**_of(RejectFacts, document["rejects"])),
            "alignment": tuple(document["alignment"]),
            "warnings": tuple(document.get("warnings", ())),
        }
    )


def _of(kind: type[FileFacts | RowCounts | RejectFacts], table: dict[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(kind)}
    return {key: value for key, value in table.items() if key in known}
