"""The loader of .skops files: a zip of JSON and arrays, audited before anything is built."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from typing import Any

from titanic_batch.errors import ModelError
from titanic_batch.models.artifact import Artifact
from titanic_batch.models.model_file import file_path

#: A file may unpack to this much, or to four times its own size if that is more.
UNPACKED_BYTES = 1 << 30
UNPACKED_RATIO = 4

#: The JSON in it may be this long.
SCHEMA_BYTES = 1 << 28

_SCHEMA = "schema.json"
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class SkopsFileLoader:
    """Loads .skops files. It needs trust only for types that skops does not know."""

    name = "skops"

    def resolve(self, ref: str) -> Artifact:
        """Return the file, not yet looked at."""
        path = file_path(ref)
        return Artifact(tag=path.name, path=path)

    def trust_reason(self, data: bytes) -> str:
        """List every type in it that skops does not know, sorted; nothing is imported or built."""
        unknown = unknown_types(data)
        if not unknown:
            return ""
        return f"it holds types that skops does not know to be safe: {', '.join(unknown)}"

    def load(self, data: bytes) -> Any:
        """Build the estimator; types beyond the known ones passed the gate by the file's hash."""
        unknown = unknown_types(data)
        import skops.io

        return skops.io.loads(data, trusted=unknown)


def unknown_types(data: bytes) -> list[str]:
    """Return the types in a skops file that skops does not know, sorted.

    Raises:
        ModelError: if it is not a skops file, damaged, or unpacks to more than is accepted.
    """
    try:
        import skops.io
    except ImportError as exc:
        raise ModelError(
            "reading .skops files needs the skops package",
            hint="Install it: pip install 'titanic-batch[skops]'.",
        ) from exc
    try:
        _check_size(data)
        found: list[str] = skops.io.get_untrusted_types(data=data)
    except ModelError:
        raise
    except Exception as exc:  # whatever a hostile file can provoke in zipfile, json and skops
        raise ModelError(
            f"it is not a skops file, or a damaged one ({type(exc).__name__}: {_brief(exc)})",
            hint="Write it again with skops.io.dump; a pickle must end in .pkl.",
        ) from exc
    return sorted(found)


def _check_size(data: bytes) -> None:
    """Refuse a file that unpacks to too much, by whatever trick, before anything is unpacked."""
    allowed = max(UNPACKED_BYTES, UNPACKED_RATIO * len(data))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if any(member.compress_type not in _BOUNDED for member in members):
            # The others unpack as much as they like, whatever size the directory states.
            raise ModelError(
                "it is compressed by a method other than deflate",
                hint="Write it again with skops.io.dump(model, file).",
            )
        sizes = {member.filename: member.file_size for member in members}
        _refuse_above(allowed, sum(member.file_size for member in members), data)
        _refuse_above(SCHEMA_BYTES, sizes.get(_SCHEMA, 0), data)
        damaged = archive.testzip()  # in pieces; also finds a size that is stated too small
        if damaged is not None:
            raise zipfile.BadZipFile(f"{damaged} is damaged")
        # One member may be named many times, and a sparse matrix is a zip file in the zip file.
        named = Counter(_members_named(archive.read(_SCHEMA)))
        _refuse_above(allowed, sum(sizes.get(name, 0) * n for name, n in named.items()), data)
        inner = sum(_inner_size(archive.read(name)) * n for name, n in named.items())
        _refuse_above(allowed, inner, data)


def _refuse_above(allowed: int, size: int, data: bytes) -> None:
    if size > allowed:
        raise ModelError(
            f"it unpacks to {size:,} bytes from {len(data):,}, more than is accepted",
            hint="If it is yours, write it again without compression.",
        )


def _inner_size(member: bytes) -> int:
    if not member.startswith(b"PK"):
        return 0
    with zipfile.ZipFile(io.BytesIO(member)) as archive:
        return sum(info.file_size for info in archive.infolist())


def _members_named(schema: bytes) -> list[str]:
    names: list[str] = []
    left: list[Any] = [json.loads(schema)]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if isinstance(node.get("file"), str):
                names.append(node["file"])
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)
    return names


def _brief(exc: Exception) -> str:
    text = " ".join(str(exc).split())
    return text if len(text) <= 200 else f"{text[:200]}..."
