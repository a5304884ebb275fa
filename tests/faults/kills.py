"""SIGKILL, of the run and of its workers."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.faults.lab import Case, Lab, Place, places
from tests.faults.process import Process, forkserver_of, marked, until, workers_of

#: How long what a killed run leaves behind may take to notice.
GONE_WITHIN_S = 10.0


def killed_at_each_step(lab: Lab, *, full: bool) -> Iterator[Case]:
    """SIGKILL before every open, write, fsync, rename, unlink in the output's folder."""
    for name, place in places(lab, full=full).items():
        for at, change, path in place.chosen_steps(full=full):
            shown = Path(path).name.partition(".scored")[1] and "private file"
            yield Case(
                f"{name}: before step {at}, {change} {shown or Path(path).name}",
                functools.partial(_killed_at, place, at),
            )


def _killed_at(place: Place, at: int) -> None:
    place.restore()
    process = place.lab.fork(place.arguments, hook=place.hook(at, "kill"))
    assert process.wait() == -signal.SIGKILL, "the step was not reached"
    place.is_old_or_new()
    place.is_recovered()


def killed_at_random(lab: Lab, *, full: bool) -> Iterator[Case]:
    """SIGKILL at random moments of small runs (in one process)."""
    generator = random.Random(4)
    place = Place(lab, lab.dirty, ("--max-rejects", "5"), before=[(lab.clean, (), 0)])
    start = time.monotonic()
    assert lab.fork(place.arguments).wait() == 0
    seconds = time.monotonic() - start
    for number in range(100 if full else 8):
        moment = generator.uniform(0, 1.1) * seconds
        yield Case(f"moment {number + 1}", functools.partial(_killed_after, place, moment))


def _killed_after(place: Place, moment: float) -> None:
    place.restore()
    process = place.lab.fork(place.arguments)
    time.sleep(moment)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    assert process.wait() in {0, -signal.SIGKILL}
    place.is_old_or_new()
    place.is_recovered()


def parent_killed(lab: Lab, *, full: bool) -> Iterator[Case]:
    """The parent of workers is killed: they and the forkserver end by themselves."""
    place = lab.large_place()
    for number in range(8 if full else 1):
        yield Case(
            f"moment {number + 1}",
            functools.partial(_parent_killed, place, f"parent-{os.getpid()}-{number}", number),
        )


def _parent_killed(place: Place, marker: str, number: int) -> None:
    place.restore()
    process = start_large(place, marker)
    _a_moment(place, number)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    until(lambda: not marked(marker), GONE_WITHIN_S, "workers and forkserver ending")
    place.is_old_or_new()
    place.is_recovered()


def worker_killed(lab: Lab, *, full: bool) -> Iterator[Case]:
    """A worker is killed: exit code 71, one clear message, no hang, the old output."""
    place = lab.large_place()
    for number in range(16 if full else 1):
        yield Case(
            f"moment {number + 1}",
            functools.partial(_worker_killed, place, f"worker-{os.getpid()}-{number}", number),
        )


def _worker_killed(place: Place, marker: str, number: int) -> None:
    place.restore()
    process = start_large(place, marker)
    _a_moment(place, number)
    workers = workers_of(process.pid)
    if not workers:
        return  # it was over already
    workers[number % len(workers)].kill()
    code = process.wait()
    assert code in {0, 71}, process.stderr
    if code == 71:
        assert "the system ended a worker process by SIGKILL" in process.stderr
        assert process.stderr.count("error:") == 1
        place.is_untouched()
    else:  # every answer of the worker had been taken in
        place.is_published()
    assert "Traceback" not in process.stderr, process.stderr
    until(lambda: not marked(marker), GONE_WITHIN_S, "the other workers ending")


def forkserver_killed(lab: Lab, *, full: bool) -> Iterator[Case]:
    """The forkserver is killed: the run ends well, or with exit code 71; it never hangs."""
    place = lab.large_place()
    for number in range(6 if full else 1):
        yield Case(
            f"moment {number + 1}",
            functools.partial(_forkserver_killed, place, f"server-{os.getpid()}-{number}", number),
        )


def _forkserver_killed(place: Place, marker: str, number: int) -> None:
    place.restore()
    process = start_large(place, marker, with_workers=number % 2 == 0)
    server = forkserver_of(process.pid)
    if server is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.kill()
    code = process.wait()
    assert code in {0, 71}, f"{code}: {process.stderr}"
    assert "Traceback" not in process.stderr, process.stderr
    if code == 71:
        place.is_untouched()
    else:
        place.is_published()
    until(lambda: not marked(marker), GONE_WITHIN_S, "the workers ending")


def start_large(place: Place, marker: str, *, with_workers: bool = True) -> Process:
    """Start a run with workers; return when it has them (or a forkserver at least)."""
    process = place.lab.command(place.arguments, marker=marker)
    if with_workers:
        until(lambda: len(workers_of(process.pid)) == 2, 60, "workers starting")
    else:
        until(lambda: forkserver_of(process.pid) is not None, 60, "a forkserver starting")
    return process


def _a_moment(place: Place, number: int) -> None:
    """Let some of the output be written: a little more with each number."""
    wanted = (number % 8) * len(place.new) // 8

    def written() -> bool:
        staged = [path for path in place.folder.iterdir() if path.name.endswith(".tmp")]
        sizes = []
        for path in staged:
            with contextlib.suppress(FileNotFoundError):
                sizes.append(path.stat().st_size)
        return max(sizes, default=0) >= wanted or place.output.read_bytes() != place.old

    until(written, 60, "output being written")
