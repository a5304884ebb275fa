"""Processes under test: the installed command, or one forked from the launcher."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Protocol

import psutil

from tests.faults.hook import Hook
from tests.faults.moments import Moment

REPOSITORY = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).parent / "titanic-batch")
MARKER = "FAULTS_MARKER"
PATIENCE_S = 120.0


def until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait for a condition; fails where it does not come true in time."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {timeout_s} s"
        time.sleep(0.005)


class Process(Protocol):
    """A running `titanic-batch`."""

    pid: int

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Return the exit code; negative for a signal."""
        ...

    def wait_stopped(self) -> bool:
        """Wait until it has stopped itself; False where it ended instead."""
        ...

    @property
    def stderr(self) -> str:
        """What it printed on stderr, once it has ended."""
        ...

    @property
    def stdout(self) -> bytes:
        """What it printed on stdout, once it has ended."""
        ...


class _Output:
    """A process's stdout and stderr: pipes, so that a limit on file sizes does not touch them."""

    def __init__(self, stdout: int | None) -> None:
        self._content: dict[str, bytes] = {"stdout": b"", "stderr": b""}
        self._threads: list[threading.Thread] = []
        self.writable: list[int] = []
        self.stdout = stdout if stdout is not None else self._pipe("stdout")
        self.stderr = self._pipe("stderr")

    def _pipe(self, name: str) -> int:
        reading, writing = os.pipe()
        thread = threading.Thread(target=self._read, args=(name, reading), daemon=True)
        thread.start()
        self._threads.append(thread)
        self.writable.append(writing)
        return writing

    def _read(self, name: str, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as file:
            self._content[name] = file.read()

    def started(self) -> None:
        for descriptor in self.writable:
            os.close(descriptor)

    def of(self, name: str) -> bytes:
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "something still holds the process's output"
        return self._content[name]


class CommandProcess:
    """The installed command in a session of its own."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: dict[str, str],
        *,
        hook: Hook | None = None,
        stdout: int | None = None,
    ) -> None:
        self._output = _Output(stdout)
        self._popen = subprocess.Popen(
            [COMMAND, *arguments],
            env=environment | (hook.to_environment() if hook else {}),
            stdin=subprocess.DEVNULL,
            stdout=self._output.stdout,
            stderr=self._output.stderr,
            start_new_session=True,
        )
        self._output.started()
        self.pid = self._popen.pid

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        try:
            return self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
            raise AssertionError(f"it has not ended within {timeout_s} s") from None

    def wait_stopped(self) -> bool:
        until(
            lambda: self._popen.poll() is not None or _is_stopped(self.pid), PATIENCE_S, "stopping"
        )
        return self._popen.poll() is None

    @property
    def stderr(self) -> str:
        return self._output.of("stderr").decode()

    @property
    def stdout(self) -> bytes:
        return self._output.of("stdout")


def _is_stopped(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return False


class Launcher:
    """Starts processes by forking them; close it after use."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.launcher", str(theirs.fileno())],
            cwd=REPOSITORY,
            env=environment | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._lock = threading.Lock()
        self._ready = False

    def start(
        self,
        arguments: Sequence[str],
        environment: dict[str, str],
        *,
        hook: Hook | None = None,
        file_size: int | None = None,
        stdout: int | None = None,
        strace: Sequence[str] = (),
        moment: Moment | None = None,
    ) -> ForkedProcess:
        """Start a process, perhaps under strace: the arguments are that program's."""
        output = _Output(stdout)
        ours, theirs = socket.socketpair()
        request = {
            "arguments": list(arguments),
            "environment": environment,
            "hook": asdict(hook) if hook else None,
            "file_size": file_size,
            "waits": bool(strace),
            "moment": asdict(moment) if moment else None,
        }
        with self._lock, Path(os.devnull).open("rb") as stdin:
            if not self._ready:
                assert self._control.recv(16) == b"ready"
                self._ready = True
            socket.send_fds(
                self._control,
                [json.dumps(request).encode()],
                [stdin.fileno(), output.stdout, output.stderr, theirs.fileno()],
            )
        theirs.close()
        output.started()
        process = ForkedProcess(ours, output)
        if strace:
            process.trace(strace)
        return process

    def close(self) -> None:
        self._control.close()
        self._popen.wait(PATIENCE_S)


class ForkedProcess:
    """A process that the launcher forked."""

    def __init__(self, news: socket.socket, output: _Output) -> None:
        self._socket = news
        self._socket.settimeout(PATIENCE_S)
        self._news: IO[str] = news.makefile("r")
        self._output = output
        self._code: int | None = None
        self.pid = int(self._next()["pid"])

    def trace(self, strace: Sequence[str]) -> None:
        """Let a process that has stopped itself go on under strace."""
        assert self.wait_stopped()
        tracer = subprocess.Popen(
            ["strace", *strace, "-p", str(self.pid)], stderr=subprocess.PIPE, text=True
        )
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        assert "attached" in said, said
        threading.Thread(target=tracer.communicate, daemon=True).start()
        os.kill(self.pid, signal.SIGCONT)

    def _next(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._news.readline())
        return document

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        self._socket.settimeout(timeout_s)
        try:
            while self._code is None:
                self._code = self._next().get("code")
            return self._code
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            raise AssertionError(f"it has not ended within {timeout_s} s") from None
        finally:
            self._news.close()
            self._socket.close()

    def wait_stopped(self) -> bool:
        self._code = self._next().get("code")
        return self._code is None

    @property
    def stderr(self) -> str:
        return self._output.of("stderr").decode()

    @property
    def stdout(self) -> bytes:
        return self._output.of("stdout")


def marked(marker: str) -> list[psutil.Process]:
    """Return the living processes that were started with this marker in their environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(MARKER) == marker:
                found.append(process)
    return found


def children_of(pid: int) -> list[psutil.Process]:
    """Return a process's descendants: the forkserver, the workers."""
    children: list[psutil.Process] = []
    with contextlib.suppress(psutil.NoSuchProcess):
        children += psutil.Process(pid).children(recursive=True)
    return children


def workers_of(pid: int) -> list[psutil.Process]:
    """Return the workers of a run: the children of its forkserver."""
    return [child for child in children_of(pid) if child.ppid() != pid]


def forkserver_of(pid: int) -> psutil.Process | None:
    for child in children_of(pid):
        with contextlib.suppress(psutil.Error):
            if child.ppid() == pid and "forkserver" in " ".join(child.cmdline()):
                return child
    return None


def strace_works() -> bool:
    """Tell whether strace can inject faults here."""
    if shutil.which("strace") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["strace", "-o", f"{folder}/log", "-e", "inject=getcwd:error=EIO", "pwd", "-P"],
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )
        log = Path(folder, "log")
        return "INJECTED" in (log.read_text(errors="replace") if log.exists() else "") or (
            done.returncode != 0 and b"getcwd" in done.stderr
        )


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """Mount a tmpfs at `folder` for a while; gives False where that may not be done."""
    made = (
        sys.platform == "linux"
        and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    try:
        yield made
    finally:
        if made:
            subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
