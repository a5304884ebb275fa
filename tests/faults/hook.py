"""A fault at the n-th change of a folder, from inside the process: for tests only.

What the program changes on a disk goes through a few functions of `os`. `install` puts itself
between the two in a process that a test starts; nothing of it is in the shipped code.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

VARIABLE = "FAULTS_HOOK"
CHANGES = ("open", "write", "fchmod", "fsync", "close", "replace", "unlink")


@dataclass(frozen=True, kw_only=True)
class Hook:
    """What happens to a process.

    Attributes:
        folder: Only what is done in it counts.
        log: A file that takes a line for each change: nanoseconds, name, path.
        at: The change, counted from 1, before which it happens; 0 for none.
        names: Which changes are counted.
        do: `kill` or `stop` the process, or an errno to fail with.
    """

    folder: str
    log: str
    at: int = 0
    names: tuple[str, ...] = CHANGES
    do: str | int = "kill"

    def to_environment(self) -> dict[str, str]:
        return {
            VARIABLE: json.dumps(asdict(self)),
            "PYTHONPATH": str(Path(__file__).parent / "hooked"),
        }


class _Steps:
    """Counts and logs the changes, and strikes at the one that is meant."""

    def __init__(self, hook: Hook) -> None:
        self._hook = hook
        self._log = os.open(hook.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._write = os.write
        self._count = 0

    @contextmanager
    def step(self, name: str, path: str) -> Iterator[None]:
        hook = self._hook
        if name not in hook.names or not path.startswith(hook.folder) or ".work/" in path:
            yield  # whether predictions are kept depends on how busy the machine is
            return
        self._count += 1
        self._write(self._log, f"{time.monotonic_ns()} {name} {path}\n".encode())
        if self._count == hook.at:
            _strike(hook.do)
        yield


def _strike(do: str | int) -> None:
    if do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif do == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        raise OSError(int(do), os.strerror(int(do)))


def install(hook: Hook) -> None:
    """Put `hook` between this process and its disk."""
    paths: dict[int, str] = {}
    step = _Steps(hook).step
    os_open, os_close = os.open, os.close

    def opening(path: Any, flags: int, *arguments: Any, **keywords: Any) -> int:
        name = path if isinstance(path, int) else os.fspath(path)
        with step("open", str(name)) if flags & os.O_CREAT else nullcontext():
            descriptor = os_open(path, flags, *arguments, **keywords)
        paths.pop(descriptor, None)  # of a file that was closed unseen
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_DIRECTORY):  # what is only read changes nothing
            paths[descriptor] = str(name)
        return descriptor

    def closing(descriptor: int) -> None:
        path = paths.pop(descriptor, "")
        try:
            with step("close", path):
                pass
        finally:
            os_close(descriptor)

    def on_descriptor(name: str) -> Callable[..., Any]:
        function = getattr(os, name)

        def call(descriptor: int, *arguments: Any) -> Any:
            with step(name, paths.get(descriptor, "")):
                return function(descriptor, *arguments)

        return call

    def on_path(name: str) -> Callable[..., Any]:
        function = getattr(os, name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            shown = "unlink" if name in {"unlink", "remove"} else "replace"
            with step(shown, str(arguments[-1])):
                return function(*arguments, **keywords)

        return call

    fdopen = os.fdopen

    class Watched:
        """A buffered file whose writes and close are counted."""

        def __init__(self, file: Any, path: str) -> None:
            self._file, self._path = file, path

        def write(self, data: bytes) -> Any:
            with step("write", self._path):
                return self._file.write(data)

        def close(self) -> None:
            if not self._file.closed:
                try:
                    with step("close", self._path):
                        pass
                finally:
                    self._file.close()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

    def opening_file(descriptor: int, *arguments: Any, **keywords: Any) -> Any:
        file = fdopen(descriptor, *arguments, **keywords)
        path = paths.get(descriptor, "")
        return Watched(file, path) if path.startswith(hook.folder) else file

    # One by one: a mapping of names to replacements would hide what is replaced from mypy.
    for name, function in (
        ("open", opening),
        ("close", closing),
        ("fdopen", opening_file),
        *((name, on_descriptor(name)) for name in ("fsync", "fchmod")),
        *((name, on_path(name)) for name in ("replace", "rename", "unlink", "remove")),
    ):
        setattr(os, name, function)


def install_from_environment() -> None:
    """Install what the environment asks for; workers and other children are left alone."""
    text = os.environ.pop(VARIABLE, "")
    if text:
        fields = json.loads(text)
        install(Hook(**(fields | {"names": tuple(fields["names"])})))


def changes_in(log: Path) -> list[tuple[int, str, str]]:
    """Return the logged changes: time in nanoseconds, name, path."""
    if not log.exists():
        return []
    lines = log.read_text(encoding="utf-8").splitlines()
    split = (line.split(" ", 2) for line in lines)
    return [(int(at), name, path) for at, name, path in split]
