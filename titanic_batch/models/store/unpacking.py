"""Unpack an archive from anywhere: nothing outside its folder, and no more than is accepted.

Only plain files and folders are taken, under plain names, each once, with the modes of new files.
What an archive says of its sizes is accepted only where it speaks against it; what counts is what
comes out, while it comes.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from titanic_batch.errors import DataError, ModelError
from titanic_batch.interrupts import stop_if_interrupted

#: An archive may unpack to this many times its own size.
UNPACKED_RATIO = 100

#: It may hold this many files and folders.
MAX_MEMBERS = 10_000

_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 1000
_MAX_DEPTH = 30

# Headers and padding of a tar file, over what its files may hold.
_TAR_OVERHEAD = 1 << 20
_PIECE = 1 << 20

_OPENERS: dict[str, Callable[[Path], Any]] = {
    "bentomodel": lzma.open,
    "xz": lzma.open,
    "gz": gzip.open,
    "bz2": bz2.open,
    "tar": lambda path: path.open("rb"),
}

# What damaged and hostile archives raise within zipfile, tarfile and the decompressors.
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    NotImplementedError,
)


def unpack(source: Path, kind: str, target: Path) -> None:
    """Unpack an archive into an empty folder.

    Args:
        source: The archive.
        kind: Its format: bentomodel, gz, xz, bz2, tar or zip.
        target: The folder. What was unpacked before an error stays in it.

    Raises:
        DataError: if it holds what would be written elsewhere, no plain file or folder, one name
            twice, or too much.
        ModelError: if it is damaged, or no archive of this format.
        OSError: if the folder cannot be written; it is `target`'s.
    """
    allowed = UNPACKED_RATIO * source.stat().st_size
    taken = _Names(str(source))
    members = _zip_members(source) if kind == "zip" else _tar_members(source, kind, allowed)
    left = allowed
    with closing(members):
        for name, size, data in members:
            stop_if_interrupted()
            path = taken.take(name, is_folder=data is None)
            if size > left:
                raise _too_much(source)
            if path is None:
                continue
            place = target.joinpath(*path)
            if data is None:
                place.mkdir(parents=True, exist_ok=True)
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                for piece in _pieces(data, source):
                    left -= len(piece)
                    if left < 0:
                        raise _too_much(source)
                    file.write(piece)


#: A member's name, the size it states, and its bytes; None for a folder.
_Member = tuple[str, int, IO[bytes] | None]


def _tar_members(source: Path, kind: str, allowed: int) -> Generator[_Member]:
    with _reading(source), _OPENERS[kind](source) as packed:
        bounded: Any = _Bounded(packed, allowed + _TAR_OVERHEAD, source)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            for member in archive:
                if member.isdir():
                    yield member.name, 0, None
                    continue
                if not member.isreg() or member.issparse():
                    raise _refused("it holds a link, a device or a file with holes", source)
                yield member.name, member.size, archive.extractfile(member)


def _zip_members(source: Path) -> Generator[_Member]:
    with _reading(source), zipfile.ZipFile(source) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise _refused(f"it holds more than {MAX_MEMBERS:,} files and folders", source)
        for member in members:
            mode = member.external_attr >> 16
            if mode & 0o170000 not in (0, 0o100000, 0o040000):
                raise _refused("it holds a link or a device", source)
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # The others unpack a piece to as much as they like before it can be counted.
                raise _refused("it is compressed by a method other than deflate", source)
            if member.is_dir():
                yield member.orig_filename, 0, None
                continue
            with archive.open(member) as data:
                yield member.orig_filename, member.file_size, data


class _Bounded:
    """A decompressor's output, up to a limit: the headers of a tar file count, too."""

    def __init__(self, packed: BinaryIO, limit: int, source: Path) -> None:
        self._packed = packed
        self._left = limit
        self._source = source

    def read(self, size: int) -> bytes:
        data = self._packed.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _too_much(self._source)
        return data


class _Names:
    """The names that an archive has used, so that none means two files."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._count = 0

    def take(self, name: str, *, is_folder: bool) -> tuple[str, ...] | None:
        """Return a member's path below the archive's root; None for the root itself.

        Raises:
            DataError: if it leads elsewhere, is no plain name, or was there before.
        """
        self._count += 1
        if self._count > MAX_MEMBERS:
            raise _refused(f"it holds more than {MAX_MEMBERS:,} files and folders", self._source)
        shown = ascii(name[:80])
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if name.startswith("/") or ".." in parts or "\\" in name:
            raise _refused(f"{shown} would be written outside its folder", self._source)
        raw = name.encode("utf-8", "surrogateescape")
        long = max(len(raw) / _MAX_PATH_BYTES, len(parts) / _MAX_DEPTH) > 1 or any(
            len(part.encode("utf-8", "surrogateescape")) > _MAX_NAME_BYTES for part in parts
        )
        if long or not name.isprintable():
            raise _refused(f"{shown} is not a plain file name", self._source)
        if not parts:
            if not is_folder:
                raise _refused(f"{shown} is not a plain file name", self._source)
            return None
        # Some file systems tell neither case nor composed letters apart.
        keys = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        *above, own = (unicodedata.normalize("NFC", key).casefold() for key in keys)
        if own in self._files or (own in self._folders and not is_folder):
            raise _refused(f"it holds {shown} twice", self._source)
        if self._files.intersection(above):
            raise _refused(f"{shown} lies below a file", self._source)
        self._folders.update(above)
        (self._folders if is_folder else self._files).add(own)
        return parts


def _pieces(data: IO[bytes], source: Path) -> Iterator[bytes]:
    while True:
        stop_if_interrupted()
        with _reading(source):
            piece = data.read(_PIECE)
        if not piece:
            return
        yield piece


@contextmanager
def _reading(source: Path) -> Iterator[None]:
    """Turn what reading an archive raises into a ModelError; errors of writing pass."""
    try:
        yield
    except _DAMAGED as exc:
        raise no_archive(source, exc) from exc


def no_archive(source: Path, exc: BaseException) -> ModelError:
    """Return the error of a file that cannot be read as an archive."""
    return ModelError(
        f"it is not an archive of a BentoML model, or a damaged one ({' '.join(str(exc).split())})",
        where=str(source),
        hint="Export or copy it again.",
    )


def _too_much(source: Path) -> DataError:
    return DataError(
        f"it unpacks to more than {UNPACKED_RATIO} times its size",
        where=str(source),
        hint="If it is yours, export it again as a .tar, which is not compressed.",
    )


def _refused(what: str, source: Path | str) -> DataError:
    return DataError(
        what,
        where=str(source),
        hint="Only import archives that `models export` wrote, from people you know.",
    )
