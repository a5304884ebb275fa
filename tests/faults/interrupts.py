"""SIGTERM and SIGINT."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from tests.faults.kills import start_large
from tests.faults.lab import Case, Lab, Place, places
from tests.faults.moments import Moment
from tests.faults.process import Process, marked, until

WITHIN_S = 10.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def interrupted_at_each_step(lab: Lab, *, full: bool) -> Iterator[Case]:
    """A signal that comes before each step in the output's folder."""
    for name, place in places(lab, full=full).items():
        for at, change, _path in place.chosen_steps(full=full, first=1):
            for signum in SIGNALS if full else SIGNALS[at // 2 % 2 :][:1]:
                yield Case(
                    f"{name}: {signum.name} before step {at}, {change}",
                    functools.partial(_interrupted_at, place, at, signum),
                )


def _interrupted_at(place: Place, at: int, signum: signal.Signals) -> None:
    place.restore()
    process = place.lab.fork(place.arguments, hook=place.hook(at, "stop"))
    assert process.wait_stopped(), "the step was not reached"
    os.kill(process.pid, signum)
    os.kill(process.pid, signal.SIGCONT)
    # So small an output is written when the run has made up its mind to publish.
    private = f".{place.output.name}.{'?' * 32}.tmp"
    publishing = next(
        number
        for number, (_, _, path) in enumerate(place.steps, start=1)
        if fnmatch(Path(path).name, private)
    )
    _has_ended_well(place, process, signum, in_time=at < publishing)


def interrupted_where_heard(lab: Lab, *, full: bool) -> Iterator[Case]:
    """A signal at each moment at which the program asks for one, or begins or ends to wait."""
    for name, place in places(lab, full=full).items():
        moments = _moments(lab, place.arguments)
        place.restore()
        for at, line in list(enumerate(moments, start=1))[:: 1 if full else 3]:
            for signum in SIGNALS if full else SIGNALS[at % 2 :][:1]:
                yield Case(
                    f"{name}: {signum.name} where {line}",
                    functools.partial(_interrupted_where_heard, place, at, signum),
                )
    model = ("--model", str(lab.model), "--trust", lab.model_sha256)
    for arguments in (["check", str(lab.clean), *model], ["models", "list"]) if full else ():
        for at, line in enumerate(_moments(lab, arguments), start=1):
            yield Case(
                f"{arguments[0]}: where {line}", functools.partial(_stopped, lab, arguments, at)
            )


def _moments(lab: Lab, arguments: Sequence[str]) -> list[str]:
    """Return what the moments of an undisturbed run are."""
    log = lab.log()
    process = lab.fork(arguments, moment=Moment(log=str(log)))
    assert process.wait() == 0, process.stderr
    return log.read_text(encoding="utf-8").splitlines()


def _interrupted_where_heard(place: Place, at: int, signum: signal.Signals) -> None:
    place.restore()
    process = place.lab.fork(place.arguments, moment=Moment(at=at, signum=signum))
    _has_ended_well(place, process, signum, in_time=True)


def _stopped(lab: Lab, arguments: Sequence[str], at: int) -> None:
    process = lab.fork(arguments, moment=Moment(at=at, signum=signal.SIGTERM))
    assert process.wait(WITHIN_S) == 128 + signal.SIGTERM, process.stderr
    assert process.stderr == "error: interrupted; nothing was published\n", process.stderr
    assert process.stdout == b""


def interrupted_at_random(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Signals at random moments of small runs, some of them twice."""
    generator = random.Random(5)
    place = Place(lab, lab.dirty, ("--max-rejects", "5"), before=[(lab.clean, (), 0)])
    start = time.monotonic()
    assert lab.fork(place.arguments).wait() == 0
    seconds = time.monotonic() - start
    for number in range(160 if full else 8):
        signum = SIGNALS[number % 2]
        moment = generator.uniform(0.1, 1.0) * seconds
        again = generator.uniform(0, 0.01) if number % 3 == 0 else None
        yield Case(
            f"{signum.name}{' twice' if again else ''}, moment {number + 1}",
            functools.partial(_interrupted_after, place, moment, signum, again),
        )


def _interrupted_after(
    place: Place, moment: float, signum: signal.Signals, again: float | None
) -> None:
    place.restore()
    process = place.lab.fork(place.arguments)
    time.sleep(moment)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signum)
        if again is not None:
            time.sleep(again)
            os.kill(process.pid, signum)
    _has_ended_well(place, process, signum, early=True)


def interrupted_with_workers(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Signals to large runs, and Ctrl-C, which reaches every process of the group."""
    place = lab.large_place()
    for number in range(12) if full else (1,):
        signum = SIGNALS[number % 2]
        group = number % 3 == 1
        yield Case(
            f"{signum.name}{' to the group' if group else ''}, moment {number + 1}",
            functools.partial(
                _workers_interrupted, place, signum, f"stop-{os.getpid()}-{number}", number, group
            ),
        )


def _workers_interrupted(
    place: Place, signum: signal.Signals, marker: str, number: int, group: bool
) -> None:
    place.restore()
    process = start_large(place, marker, with_workers=number % 6 != 4)
    time.sleep((number % 5) * 0.1)
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if group else os.kill)(process.pid, signum)
    _has_ended_well(place, process, signum)
    until(lambda: not marked(marker), WITHIN_S, "workers and forkserver ending")


def several_files_interrupted(lab: Lab, *, full: bool) -> Iterator[Case]:
    """A signal ends a run over several files, not only the file that it is at."""
    for number, signum in enumerate(SIGNALS * (6 if full else 1)):
        yield Case(
            f"{signum.name}, moment {number + 1}",
            functools.partial(_several_interrupted, lab, signum, number + 1),
        )


def _several_interrupted(lab: Lab, signum: signal.Signals, published: int) -> None:
    sources, folder = lab.folder(), lab.folder()
    for number in range(published + 300):
        (sources / f"part{number:03}.csv").symlink_to(lab.clean)
    process = lab.fork(lab.score(sources, f"{folder}/"))

    def manifests() -> int:
        return sum(path.name.endswith(".manifest.json") for path in folder.iterdir())

    until(lambda: manifests() >= published, 60, "files being published")
    os.kill(process.pid, signum)
    code = process.wait(WITHIN_S)
    assert code == 128 + signum, f"{code}: {process.stderr}"
    assert manifests() < published + 300, "it went on to the last file"
    left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    assert all(name.endswith(".work") for name in left), left


def _has_ended_well(
    place: Place,
    process: Process,
    signum: signal.Signals,
    *,
    early: bool = False,
    in_time: bool = False,
) -> None:
    """Check: in time, with the right code, and nothing left; what was published is whole.

    Args:
        place: Where it ran.
        process: The run.
        signum: What it was sent.
        early: It may have ended, or not have begun, when the signal came.
        in_time: It had not begun to publish when the signal came.
    """
    code = process.wait(WITHIN_S)
    assert "Traceback" not in process.stderr, process.stderr
    assert "Exception ignored" not in process.stderr, process.stderr
    if code == 0 and not in_time:  # the signal came when it published, or later
        place.is_published()
        return
    assert code in ({128 + signum, -signum} if early else {128 + signum}), (
        f"{code}: {process.stderr}"
    )
    place.is_untouched()
    place.is_recovered()
