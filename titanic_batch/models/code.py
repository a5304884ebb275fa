"""Find the code that a loaded model runs: its predictions depend on all of it.

Installed distributions stand for themselves, by what they recorded of their files when they were
installed. All other modules (a folder on PYTHONPATH, an editable install, a file that was copied
into site-packages) change without any version: there, files are hashed. Not only those of modules
that are loaded: code may import its neighbours when it is first called.

What code reads besides is not seen: the environment, the network, and data files, but for those in
a package or in folders below it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_SITES = ("site-packages", "dist-packages")
_INFOS = (".dist-info", ".egg-info")
_CODE = (".py", ".pyc", ".so", ".pyd", ".zip", ".egg")
_PASSED_OVER = {"__pycache__", "node_modules", *_SITES}
_STDLIB = Path(os.path.realpath(os.__file__)).parent
_STDLIB_PREFIX = f"{os.path.dirname(os.__file__)}/"  # noqa: PTH120  # as modules spell it
_MAIN = ("__main__", "__mp_main__")
#: Where more files than this might be code, nobody can say quickly what a model runs.
_MOST_FILES = 2_000
_MOST_ENTRIES = 20_000
_MOST_DATA_BYTES = 64 << 20
_RECORDED_PATH = re.compile(rb'^"?([^",\n]+)', re.MULTILINE)


@dataclass(frozen=True)
class LoadedCode:
    """The code that was loaded when a model was.

    Attributes:
        modules: Names of the modules.
    """

    modules: tuple[str, ...]

    @cached_property
    def digest(self) -> str | None:
        """A hash of the code; None where there can be none."""
        digest = hashlib.blake2b(digest_size=20)
        digest.update(f"{sys.version}\0{platform.machine()}\0".encode())
        try:
            for line in self._installed.lines:
                digest.update(line)
            for root in sorted(self._roots):
                for path, data in _files(root):
                    digest.update(f"{path}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
                    digest.update(data)
        except (OSError, _TooManyFilesError):
            return None
        return digest.hexdigest()

    def has_grown(self) -> bool:
        """Return whether code from elsewhere came since then, of which `digest` knows nothing."""
        later = sys.modules.keys() - self._looked_at
        if _roots(later, self._installed) <= self._roots:
            self._looked_at.update(later)
            return False
        return True

    @cached_property
    def _looked_at(self) -> set[str]:
        return set(self.modules)

    @cached_property
    def _installed(self) -> _Installed:
        return _Installed()

    @cached_property
    def _roots(self) -> set[Path]:
        return _roots(self.modules, self._installed)


def loaded_code() -> LoadedCode:
    """Return the code that is loaded now."""
    return LoadedCode(tuple(sys.modules))


class _TooManyFilesError(Exception):
    """There is more than can be hashed in good time."""


class _Installed:
    """The installed distributions, and the files that they recorded."""

    def __init__(self) -> None:
        folders = dict.fromkeys(path.rstrip("/") for path in sys.path if _is_site(path))
        self.lines: list[bytes] = []
        self._files: set[str] = set()
        for folder in folders:
            for name in sorted(os.listdir(folder)):  # noqa: PTH208  # names are all it takes
                if name.endswith(_INFOS):
                    self._add(folder, name)

    def _add(self, folder: str, name: str) -> None:
        record = _read(os.path.join(folder, name, "RECORD"))  # noqa: PTH118
        tops = _read(os.path.join(folder, name, "top_level.txt"))  # noqa: PTH118
        self.lines.append(f"{name}\0".encode() + hashlib.sha256(record or tops).digest())
        if record:
            found = (path.decode("utf-8", "replace") for path in _RECORDED_PATH.findall(record))
            self._files.update(
                os.path.normpath(f"{folder}/{path}")
                if path.startswith("..")
                else f"{folder}/{path}"
                for path in found
            )
        else:  # Debian's, for one, which records elsewhere
            self._files.update(f"{folder}/{top}" for top in tops.decode().split())

    def has(self, path: str) -> bool:
        """Return whether a distribution recorded a file, or the package in which it lies."""
        if path in self._files:
            return True
        site = next((part for part in Path(path).parents if part.name in _SITES), None)
        if site is None:
            return False
        top = Path(path).relative_to(site).parts[0]
        return f"{site}/{top.partition('.')[0]}" in self._files


def _is_site(path: str) -> bool:
    return os.path.basename(path.rstrip("/")) in _SITES and os.path.isdir(path)  # noqa: PTH112, PTH119


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _roots(names: Iterable[str], installed: _Installed) -> set[Path]:
    """Return the folders and files that modules come from which no distribution recorded."""
    roots: set[Path] = set()
    own = Path(os.path.realpath(__file__)).parents[1]
    for name in names:
        module = sys.modules.get(name)
        if module is None:
            continue
        for place in _places(module):
            # By its place, not by its name: a folder on the path may hold a `sched.py` of its own.
            if _is_of_python(place) or installed.has(place):
                continue
            path = Path(os.path.realpath(place))
            is_site = any(part.name in _SITES for part in path.parents)
            # Folders of a package without files of its own: the modules in them come by themselves.
            if (is_site and place.endswith("/")) or (not is_site and _STDLIB in path.parents):
                continue
            if own in path.parents:
                roots.add(own)
            elif name in _MAIN:  # a script, which may define what it scores with
                roots.add(path)
            elif (root := _root(path, name)) is not None:
                roots.add(root)
    return roots


def _is_of_python(place: str) -> bool:
    return place.startswith(_STDLIB_PREFIX) and not any(f"/{site}/" in place for site in _SITES)


def _places(module: types.ModuleType) -> Iterator[str]:
    """Yield the file of a module, or the folders of one that is nothing but folders."""
    file = getattr(module, "__file__", None)
    if isinstance(file, str):
        yield file
        return
    try:
        yield from (f"{folder}/" for folder in getattr(module, "__path__", ()))
    except TypeError:
        return


def _root(path: Path, name: str) -> Path | None:
    """Return what is to be hashed for a module: the folder on the path from which it comes.

    Of one in site-packages that nobody recorded, its own package or file.
    """
    site = next((part for part in path.parents if part.name in _SITES), None)
    if site is not None:
        first = site / path.relative_to(site).parts[0]
        return first if first.is_dir() or first.is_file() else None
    depth = name.count(".") + (path.stem == "__init__")
    folder = path.parents[min(depth, len(path.parents) - 1)]
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent  # it lies in an archive
    return folder


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the code below a folder, and all that lies in packages, by relative path."""
    if root.is_file():
        yield root.name, root.read_bytes()
        return
    files = entries = data_bytes = 0
    packages: set[str] = set()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(n for n in folders if n not in _PASSED_OVER and not n.startswith("."))
        is_package = "__init__.py" in names or os.path.dirname(folder) in packages  # noqa: PTH120
        if is_package:
            packages.add(folder)
        entries += len(names) + len(folders)
        for name in sorted(names):
            path = Path(folder, name)
            if not name.endswith(_CODE):
                if not is_package:
                    continue
                data_bytes += path.stat().st_size
            files += 1
            too_many = files > _MOST_FILES or entries > _MOST_ENTRIES
            if too_many or data_bytes > _MOST_DATA_BYTES:
                raise _TooManyFilesError
            yield str(path.relative_to(root)), path.read_bytes()
