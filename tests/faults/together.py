"""Many runs at once on one output, and readers that leave early."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.faults.hook import Hook, changes_in
from tests.faults.lab import Case, Lab
from tests.faults.process import COMMAND
from titanic_batch.publish.verify import verify

STARTS = 40


def simultaneous_starts(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Forty starts at once: never two at work, each ends with 0 or 75, the output verifies."""
    for number in range(10 if full else 1):
        yield Case(f"{STARTS} starts, round {number + 1}", functools.partial(_starts, lab))


def _starts(lab: Lab) -> None:
    folder = lab.folder()
    output = folder / "scored.csv"
    logs = [lab.log() for _ in range(STARTS)]
    arguments = lab.score(lab.clean, output)
    processes = [lab.fork(arguments, hook=Hook(folder=str(folder), log=str(log))) for log in logs]
    codes = [process.wait(120) for process in processes]
    assert set(codes) <= {0, 75}, [p.stderr for p, c in zip(processes, codes, strict=True) if c]
    assert 0 in codes
    verify(output)
    assert sorted(path.name for path in folder.iterdir()) == [
        "scored.csv",
        "scored.csv.manifest.json",
    ]
    spans = []
    for log, code in zip(logs, codes, strict=True):
        work = [change for change in changes_in(log) if not change[2].endswith(".lock")]
        assert bool(work) == (code == 0), "a run that was turned away wrote something"
        if work:
            spans.append((work[0][0], work[-1][0]))
    spans.sort()
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert end < start, "two runs were at work at once"


def closed_stdout(lab: Lab, *, full: bool) -> Iterator[Case]:
    """`titanic-batch score ... - | head -1`: exit code 141, nothing on stderr."""
    yield Case("small output", functools.partial(_closed_stdout, lab, large=False))
    if full:
        yield Case("large output", functools.partial(_closed_stdout, lab, large=True))
    yield Case("closed before the start", functools.partial(_closed_before, lab, "-"))
    yield Case("closed, --json", functools.partial(_closed_before, lab, "json"))
    yield Case("closed, summary", functools.partial(_closed_before, lab, "summary"))


def _closed_stdout(lab: Lab, *, large: bool) -> None:
    source = Path(lab.large_place().arguments[1]) if large else lab.clean
    arguments = lab.score(source, "-", "--quiet")
    with (
        subprocess.Popen(
            [COMMAND, *arguments],
            env=lab.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
        subprocess.Popen(["head", "-1"], stdin=process.stdout, stdout=subprocess.PIPE) as head,
    ):
        assert process.stdout is not None
        process.stdout.close()
        line, _ = head.communicate(timeout=120)
        _, stderr = process.communicate(timeout=120)
    assert line.startswith(b"PassengerId,Age,Fare,prediction")
    assert stderr == b""
    assert process.returncode == 141


def _closed_before(lab: Lab, kind: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    folder = lab.folder()
    output = "-" if kind == "-" else folder / "scored.csv"
    more = ["--json"] if kind == "json" else []
    try:
        process = lab.fork(lab.score(lab.clean, output, *more), stdout=writing)
    finally:
        os.close(writing)
    code = process.wait()
    stderr = process.stderr
    assert code == 141, f"{code}: {stderr}"
    assert "Traceback" not in stderr, stderr
    assert "error" not in stderr, stderr
    if kind != "-":
        verify(output)
