"""Interrupted, killed, unread: the code, the message, and that nothing is left behind."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import joblib
import pandas as pd
import psutil
import pytest

from tests.amount import some
from tests.cli.command import PASSENGERS, PROGRESS_LINE, Command, state

PATIENCE_S = 120.0
SLOW = Path(__file__).with_name("slow")


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)


def wait_until_it_listens(process: subprocess.Popen[bytes]) -> None:
    """Wait until the command has its own signal handlers: Python itself has none for SIGTERM."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        time.sleep(1.0)
        return

    def listens() -> bool:
        (caught,) = (
            int(line.split()[1], 16)
            for line in status.read_text().splitlines()
            if line.startswith("SigCgt:")
        )
        return bool(caught >> (signal.SIGTERM - 1) & 1)

    wait_for(listens)


def ended(process: subprocess.Popen[bytes], stdin: bytes | None = None) -> tuple[int, bytes, str]:
    """Wait for its end; return its code, and what it printed and said, but for progress."""
    printed, said = process.communicate(stdin, timeout=PATIENCE_S)
    return process.returncode, printed, PROGRESS_LINE.sub("", said.decode())


def wait_until_gone(group: int) -> None:
    """Wait until no process of a group is left."""

    def gone() -> bool:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        return False

    wait_for(gone)


@pytest.fixture
def out(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path / "out")
    return tmp_path / "out"


def is_held(out: Path) -> bool:
    return (out / ".old.csv.lock").exists()


@pytest.fixture(autouse=True)
def what_is_started_hears_signals() -> Iterator[None]:
    """Let it, also where the tests themselves run under nohup, or in the background of a script."""
    before = {
        signum: signal.signal(signum, signal.SIG_DFL) for signum in (signal.SIGHUP, signal.SIGQUIT)
    }
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


def start_without_end(
    installed: Command, workers: int, *, times: int = 8
) -> subprocess.Popen[bytes]:
    """Start a run over standard input that never ends: it is at work until it is stopped."""
    process = installed.start(
        *("score", "-", "out/old.csv", "--workers", workers, "--chunk-size", "64KB"),
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(PASSENGERS.read_bytes() * times)
    process.stdin.flush()
    return process


@pytest.mark.parametrize(
    ("signum", "code", "workers"),
    [
        (signal.SIGINT, 130, 2),
        (signal.SIGTERM, 143, 1),
        (signal.SIGHUP, 129, 2),
    ],
)
def test_an_interrupted_run_publishes_nothing_and_leaves_nothing(
    signum: signal.Signals, code: int, workers: int, installed: Command, out: Path
) -> None:
    before = state(out)
    process = start_without_end(installed, workers)
    wait_for(lambda: is_held(out))
    os.killpg(process.pid, signum)  # as Ctrl-C and systemd do: the workers get it too
    assert ended(process) == (code, b"", "error: interrupted; nothing was published\n")
    assert before == state(out)
    wait_until_gone(process.pid)


@pytest.mark.parametrize("delay_s", some([0.0, 0.2, 0.5, 1.0, 2.0], every=2))
def test_an_interrupt_while_it_starts_is_no_error_of_something_else(
    delay_s: float, installed: Command, out: Path
) -> None:
    before = state(out)
    process = start_without_end(installed, 2, times=1)  # no more than a pipe holds
    wait_until_it_listens(process)
    time.sleep(delay_s)
    os.killpg(process.pid, signal.SIGINT)
    assert ended(process) == (130, b"", "error: interrupted; nothing was published\n")
    assert before == state(out)
    wait_until_gone(process.pid)


@pytest.mark.parametrize(
    ("signum", "end"),
    some(
        [
            (signal.SIGTERM, (143, b"", "error: interrupted; nothing was published\n")),
            (signal.SIGHUP, (129, b"", "error: interrupted; nothing was published\n")),
            (signal.SIGUSR1, (-signal.SIGUSR1, b"", "")),
            (signal.SIGQUIT, (-signal.SIGQUIT, b"", "")),
            (signal.SIGKILL, (-signal.SIGKILL, b"", "")),
        ],
        every=2,
    ),
)
def test_no_worker_outlives_a_run_that_is_stopped_or_killed(
    signum: signal.Signals,
    end: tuple[int, bytes, str],
    installed: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even one in the midst of a model's call that lets no other thread run."""
    monkeypatch.syspath_prepend(SLOW)
    model = import_module("slow_models").DeafClassifier()
    joblib.dump(model.fit(pd.DataFrame({"a": [0, 1]}), [0, 1]), tmp_path / "deaf.pkl")
    trust = hashlib.sha256((tmp_path / "deaf.pkl").read_bytes()).hexdigest()
    asked = tmp_path / "asked"
    process = installed.having(PYTHONPATH=SLOW, DEAF_LOG=asked).start(
        *("score", "-", "out.csv", "--workers", 2, "--chunk-size", "1KB", "--keep", "none"),
        # Else both workers wait until one of them has been asked whether rows look at each other.
        *("-m", "deaf.pkl", "--trust", trust, "--allow-batch-dependence"),
        stdin=subprocess.PIPE,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(b"a\n" + b"1\n" * 5_000)
        process.stdin.flush()
        wait_for(lambda: asked.exists() and len(asked.read_text().split()) >= 2)
        process.send_signal(signum)
        assert ended(process) == end
        wait_until_gone(process.pid)
    finally:
        process.kill()


@pytest.mark.parametrize("command", [("check",), ("score", "--workers", "1")])
def test_a_slow_call_of_a_model_is_not_waited_for(
    command: tuple[str, ...], installed: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SLOW)
    model = import_module("slow_models").SlowClassifier()
    joblib.dump(model.fit(pd.DataFrame({"a": [0, 1]}), [0, 1]), tmp_path / "slow.pkl")
    trust = hashlib.sha256((tmp_path / "slow.pkl").read_bytes()).hexdigest()
    (tmp_path / "in.csv").write_text("a\n1\n")
    asked = tmp_path / "asked"
    slow = installed.having(PYTHONPATH=SLOW, SLOW_LOG=asked, SLOW_SECONDS=str(2 * PATIENCE_S))
    name, *options = command
    output = ["out.csv"] if name == "score" else []
    process = slow.start(name, "in.csv", *output, *options, "-m", "slow.pkl", "--trust", trust)
    try:
        wait_for(asked.exists)
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (143, b"", "error: interrupted; nothing was published\n")
    finally:
        process.kill()


SWALLOWS_A_SIGNAL = """
import signal, sys
import titanic_batch
from titanic_batch.engine.session import Session
from titanic_batch.interrupts import stop_on_signals

score = Session.score

def swallow(*arguments):
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException as exc:
        print("swallowed", exc)
    return score(*arguments)

Session.score = swallow
stop_on_signals()
titanic_batch.score(sys.argv[1], sys.argv[2])
"""


def test_a_signal_that_a_model_swallows_still_stops_the_run(installed: Command, out: Path) -> None:
    before = state(out)
    environment = {**os.environ, **installed.environment}
    run = subprocess.run(
        [sys.executable, "-c", SWALLOWS_A_SIGNAL, PASSENGERS, out / "old.csv"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.stdout == "swallowed interrupted; nothing was published\n"
    assert run.stderr.endswith("InterruptedRunError: interrupted; nothing was published\n")
    assert before == state(out)


def test_an_interrupt_ends_a_run_over_several_files(
    installed: Command, medium_csv: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(300):
        shutil.copy(medium_csv, tmp_path / "in" / f"{number:03}.csv")
    process = installed.start("score", "in", "new/", "--workers", 1)
    new = tmp_path / "new"
    wait_for(lambda: new.is_dir() and any(new.glob("*.manifest.json")))
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 143
    names = {path.name for path in new.iterdir() if not path.name.endswith(".work")}
    whole = {name for name in names if name.endswith(".parquet")}
    assert 0 < len(whole) < 300
    files = "1 file" if len(whole) == 1 else f"{len(whole)} files"
    message = f"error: interrupted; {files} published before that\n"
    assert said.endswith(message.encode())
    assert whole | {f"{name}.manifest.json" for name in whole} == names


def test_a_worker_that_the_system_ends_is_71(installed: Command, out: Path) -> None:
    before = state(out)
    process = start_without_end(installed, 2)
    wait_for(lambda: is_held(out))
    leaves = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if child.ppid() != process.pid  # a forkserver's child: a worker
    ]
    assert len(leaves) == 2
    for worker in leaves:
        worker.kill()
    code, _, said = ended(process, PASSENGERS.read_bytes() * 8)
    assert code == 71
    assert said.startswith("error: the system ended a worker process by SIGKILL")
    assert "--workers" in said
    assert before == state(out)
    wait_until_gone(process.pid)


@pytest.mark.parametrize(
    "arguments", [("score", "{input}", "-"), ("score", "in", "new/", "--json")], ids=["-", "--json"]
)
def test_a_closed_standard_output_ends_quietly_with_141(
    arguments: tuple[str, ...], installed: Command, medium_csv: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(60):
        shutil.copy(PASSENGERS, tmp_path / "in" / f"{number}.csv")
    with installed.start(
        *(argument.format(input=medium_csv) for argument in arguments), "-q", bufsize=0
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE_S) == 141
