"""A store of objects in memory, mem://BUCKET/KEY: no folders, no links, no lock but the commit."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import urllib.parse
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import DataError
from titanic_batch.stores.base import (
    ANYTHING,
    NOTHING,
    Entry,
    Leftover,
    Name,
    ReplacedMeanwhileError,
    Unsynced,
)
from titanic_batch.stores.local import LocalStore
from titanic_batch.stores.local_staging import StagedFile
from titanic_batch.stores.patterns import is_meant, split_glob

SCHEME = "mem://"


@dataclass(frozen=True)
class Stored:
    data: bytes
    tag: str


class Reader(io.BytesIO):
    """An object's bytes, and a copy of them on the disk until it is closed."""

    def __init__(self, data: bytes, copy: Path) -> None:
        super().__init__(data)
        self.copy = copy

    def close(self) -> None:
        super().close()
        self.copy.unlink(missing_ok=True)


class MemoryFile:
    def __init__(self, store: MemoryStore, name: str) -> None:
        self._store, self._name = store, name
        self._stored = store.objects[name]
        self.file: IO[bytes] = Reader(self._stored.data, store.folder / uuid.uuid4().hex)
        self.entry = store.entry(name)

    def read_at(self, offset: int, size: int) -> bytes:
        return self._stored.data[offset : offset + size]

    @property
    def local_name(self) -> str:
        assert isinstance(self.file, Reader)
        self.file.copy.write_bytes(self._stored.data)
        return str(self.file.copy)

    def check_unchanged(self) -> None:
        now = self._store.objects.get(self._name)
        if not self.file.closed and now is not self._stored:
            raise DataError("the input changed while it was read", where=self._name)


class MemoryStaged(StagedFile):
    """Stages on the disk, and puts the object as a whole."""

    def __init__(self, store: MemoryStore, name: str, run_id: str) -> None:
        super().__init__(store.local(name), run_id)
        self.target = name
        self._store = store

    def commit(self, *, expected: str = ANYTHING, name: Name | None = None) -> None:
        target = str(name) if name is not None else self.target
        known = self._store.objects.get(target)
        if expected not in (ANYTHING, known.tag if known else NOTHING):
            raise ReplacedMeanwhileError
        self._store.put(target, Path(self.place).read_bytes())
        self.is_committed = True


class MemoryStore:
    def __init__(self, folder: Path) -> None:
        self.objects: dict[str, Stored] = {}
        self.folder = folder
        self._tags = itertools.count(1)

    def local(self, name: str) -> str:
        return str(self.folder / urllib.parse.quote(os.fsencode(name), safe=""))

    def put(self, name: str, data: bytes) -> None:
        assert name.startswith(SCHEME), name
        self.objects[name] = Stored(data, f"tag {next(self._tags)}")

    def entry(self, name: str) -> Entry:
        stored = self.objects[name]
        return Entry(
            kind="file",
            size=len(stored.data),
            identity=name,
            tag=stored.tag,
            modified=0.0,
            mode=0o666,
            is_own=True,
        )

    def open(self, name: Name) -> MemoryFile:
        if name not in self.objects:
            raise FileNotFoundError(name)
        return MemoryFile(self, str(name))

    def read(self, name: Name, *, limit: int | None = None, follow: bool = False) -> bytes | None:
        stored = self.objects.get(str(name))
        if stored is not None and limit is not None and len(stored.data) > limit:
            raise NotADocumentError("it is larger")
        return stored.data if stored is not None else None

    def stat(self, name: Name, *, follow: bool = True) -> Entry | None:
        return self.entry(str(name)) if name in self.objects else None

    def absolute(self, name: str, folder: str) -> str:
        return name if name.startswith(SCHEME) else os.path.join(folder, name)  # noqa: PTH118

    def resolve(self, name: Name) -> str:
        return str(name)

    def glob(self, pattern: str, *, onerror: Callable[[OSError], None] | None = None) -> list[str]:
        root, parts = split_glob(pattern)
        beneath = (name for name in self.objects if name.startswith(f"{root}/"))
        found = [name for name in beneath if is_meant(parts, name.removeprefix(f"{root}/"))]
        return sorted(found if parts or root not in self.objects else [root])

    def list(self, folder: Name) -> list[str]:
        prefix = str(folder).rstrip("/") + "/"
        return sorted(name for name in self.objects if name.startswith(prefix))

    def stage(self, name: Name, run_id: str) -> MemoryStaged:
        return MemoryStaged(self, str(name), run_id)

    def staged(self, name: Name, run_id: str) -> None:
        return None

    def left_behind(self, folder: Name) -> Iterable[Leftover]:
        prefix = str(folder).rstrip("/") + "/"
        for left in LocalStore().left_behind(self.folder):
            name = urllib.parse.unquote(left.target)
            if left.kind == "work" and name.startswith(prefix):
                yield Leftover(target=name.removeprefix(prefix), kind="work", place=left.place)

    def check_name(self, name: Name, suffix: str) -> None:
        pass

    def check_folder(self, folder: Name) -> None:
        pass

    def work_folder(self, name: Name, fingerprint: str) -> str | None:
        return LocalStore().work_folder(self.local(str(name)), fingerprint)

    def make_folder(self, folder: Name) -> None:
        pass

    def remove(self, name: Name) -> None:
        self.objects.pop(str(name), None)

    def drop(self, place: Name) -> None:
        LocalStore().drop(place)

    def unsynced(self, names: Iterable[Name]) -> Sequence[Unsynced]:
        return ()

    def mode_for(self, name: Name) -> int:
        return 0o666

    def lock(self, name: Name) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


class ByScheme:
    """Gives each name to its store."""

    def __init__(self, memory: MemoryStore) -> None:
        self._memory, self._local = memory, LocalStore()

    def __getattr__(self, verb: str) -> Any:
        def call(name: Any, *arguments: Any, **keywords: Any) -> Any:
            first = name if isinstance(name, str | os.PathLike) else next(iter(name), "")
            store = self._memory if str(first).startswith("mem:") else self._local
            return getattr(store, verb)(name, *arguments, **keywords)

        return call
