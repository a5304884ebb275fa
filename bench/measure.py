"""Measure a whole command: wall seconds, CPU seconds, peak memory of all its processes.

The command runs under a small supervisor of its own (this file, run as a script).

CPU. ``wait4(2)`` gives the CPU time of a process and of the descendants that it has waited for
itself. That misses those that outlive their parent: the fork server of multiprocessing, whose
workers it has reaped, ends after the main process and would be waited for by init. So the
supervisor is made a "child subreaper" (``PR_SET_CHILD_SUBREAPER``, prctl(2)): orphans become its
children, it waits for them too, and the sum over all that it has reaped is the CPU time of the
whole tree. Left out is only what a parent loses that ignores SIGCHLD (getrusage(2), notes); Python
does not. Having a supervisor per command keeps other children of the caller out of the sum.

Memory. Processes share pages (libraries, and everything from before a fork), so a sum of resident
sizes (RSS) counts them several times. The kernel's "proportional set size" (PSS) divides each
shared page by the number of processes that map it, so that a sum over processes is the memory that
they hold together (proc_pid_smaps(5)). Every 20 ms the supervisor reads both, for every descendant,
from ``/proc/PID/smaps_rollup``. For anonymous memory it takes the PSS. A library's pages, though,
are shared with anything else on the machine that has loaded it, which lowers their PSS; so for
pages of files the sum of PSS and the largest RSS of one process are both too low, and the higher of
the two is taken. The largest sum at any time is the peak; one shorter than 20 ms may be missed.
Reading the file makes the kernel walk the page tables of the process, which costs the command some
time: so time and memory are not measured in the same run (`measure_time`, `measure_memory`).

Elsewhere than on Linux there is neither: memory is not measured, and orphans' CPU is missing.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SAMPLE_EVERY_S = 0.02
ORPHANS_MAY_TAKE_S = 10.0
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
LINUX = sys.platform == "linux"


class CommandFailedError(Exception):
    """The measured command did not end with 0, or left processes behind."""


@dataclass(frozen=True, kw_only=True)
class Time:
    """What a command took."""

    wall_s: float
    """From its start to its exit."""
    cpu_s: float
    """User and system time of all its processes."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The most memory that a command's processes held at one time."""

    peak_bytes: int
    """Shared pages counted once."""
    peak_rss_bytes: int
    """Shared pages counted once per process."""
    peak_processes: int
    samples: int


def measure_time(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Time:
    """Run `command` undisturbed and return what it took.

    Raises:
        CommandFailedError: it failed; the message ends with what it wrote to stderr.
    """
    result: dict[str, float] = _supervised(command, "time", env)["time"]
    return Time(**result)


def measure_memory(
    command: Sequence[str], *, env: Mapping[str, str] | None = None
) -> Memory | None:
    """Run `command`, watching the memory of its processes; None where that cannot be known.

    Raises:
        CommandFailedError: it failed; the message ends with what it wrote to stderr.
    """
    result: dict[str, int] | None = _supervised(command, "memory", env)["memory"]
    return Memory(**result) if result else None


def _supervised(command: Sequence[str], what: str, env: Mapping[str, str] | None) -> dict[str, Any]:
    supervisor = [sys.executable, str(Path(__file__)), what, *command]
    done = subprocess.run(supervisor, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        raise CommandFailedError(
            f"exit code {done.returncode}: {shlex.join(command)}\n{done.stderr[-2000:]}"
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


# ---------------------------------------------------------------------------------------------
# In the supervisor


class MemoryWatch(threading.Thread):
    """Sample the memory of this process's descendants until told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._done = threading.Event()
        self._strangers: set[int] = set()
        self._peak = self._peak_rss = self._peak_processes = self._samples = 0

    def run(self) -> None:
        while not self._done.wait(SAMPLE_EVERY_S):
            pages = [_pages(pid) for pid in descendants(os.getpid(), self._strangers)]
            anonymous = sum(p.anonymous_pss for p in pages)
            other = max(
                sum(p.other_pss for p in pages), max((p.other_rss for p in pages), default=0)
            )
            self._peak = max(self._peak, anonymous + other)
            self._peak_rss = max(self._peak_rss, sum(p.rss for p in pages))
            self._peak_processes = max(self._peak_processes, len(pages))
            self._samples += 1

    def stop(self) -> Memory:
        self._done.set()
        self.join()
        return Memory(
            peak_bytes=self._peak,
            peak_rss_bytes=self._peak_rss,
            peak_processes=self._peak_processes,
            samples=self._samples,
        )


def descendants(root: int, strangers: set[int]) -> list[int]:
    """Return the process ids below `root`, from the parent that each process in /proc names.

    Args:
        root: a process that adopts orphans, so that nobody below it ever leaves.
        strangers: processes known not to be below `root`. They are not looked at again, which makes
            this ten times cheaper on a busy machine, and the new ones found are added.
    """
    children: dict[int, list[int]] = {}
    pids = {int(name) for name in os.listdir("/proc") if name.isdecimal()}  # noqa: PTH208
    for pid in pids - strangers:
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:  # it has ended
            continue
        # The command's name stands in brackets and may hold anything; state and parent follow.
        parent = int(stat.rpartition(b")")[2].split()[1])
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    strangers |= pids - set(found)
    return found


@dataclass(frozen=True, kw_only=True)
class Pages:
    """What one process has in memory, in bytes; `other` are pages of files and shared memory."""

    rss: int = 0
    anonymous_pss: int = 0
    other_pss: int = 0
    other_rss: int = 0


def _pages(pid: int) -> Pages:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_bytes()
    except OSError:  # it has ended
        return Pages()
    # After a line that names the range of addresses: "Pss:     433 kB".
    sizes = {
        name: int(size.split()[0]) * 1024
        for name, _, size in (line.partition(b":") for line in rollup.splitlines()[1:])
    }
    if not sizes:  # it has ended, and nobody has waited for it yet
        return Pages()
    return Pages(
        rss=sizes[b"Rss"],
        anonymous_pss=sizes[b"Pss_Anon"],
        other_pss=sizes[b"Pss"] - sizes[b"Pss_Anon"],
        other_rss=sizes[b"Rss"] - sizes[b"Anonymous"],
    )


def _adopt_orphans() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _reap_orphans() -> float:
    """Wait for what the command left running and return its CPU seconds."""
    cpu_s = 0.0
    give_up = time.monotonic() + ORPHANS_MAY_TAKE_S
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu_s
        if pid:
            cpu_s += usage.ru_utime + usage.ru_stime
        elif time.monotonic() > give_up:
            left = descendants(os.getpid(), set())
            for orphan in left:
                os.kill(orphan, signal.SIGKILL)
            sys.exit(f"the command left processes running: {left}")
        else:
            time.sleep(0.005)


def _supervise(command: Sequence[str], *, watch_memory: bool) -> dict[str, object]:
    if LINUX:
        _adopt_orphans()
    watch = MemoryWatch() if LINUX and watch_memory else None
    if watch:
        watch.start()
    nothing = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
    ]
    start = time.monotonic()
    # Not subprocess: it would wait for the child itself, and with it go the child's CPU times.
    pid = os.posix_spawnp(command[0], list(command), os.environ, file_actions=nothing)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.monotonic() - start
    cpu_s = usage.ru_utime + usage.ru_stime
    if LINUX:
        cpu_s += _reap_orphans()
    memory = watch.stop() if watch else None
    code = os.waitstatus_to_exitcode(status)
    if code:
        sys.exit(code if code > 0 else 128 - code)
    return {
        "time": asdict(Time(wall_s=wall_s, cpu_s=cpu_s)),
        "memory": asdict(memory) if memory else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Run a command and print what it took, as JSON.")
    parser.add_argument("what", choices=["time", "memory"])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    json.dump(_supervise(args.command, watch_memory=args.what == "memory"), sys.stdout)


if __name__ == "__main__":
    main()
