"""One run per output; a lock ends with its holder, and leaves no file."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.publish.publishing import NEW, OLD, files_in, lock_of, publish, stage
from titanic_batch.errors import OutputLockedError, UsageError
from titanic_batch.stores import store_of

HOLDER = """
import sys
from titanic_batch.stores import store_of
with store_of(sys.argv[1]).lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_on_the_same_output_is_told_to_try_again(output: Path) -> None:
    first = stage(output)
    try:
        before = files_in(output.parent)
        with pytest.raises(OutputLockedError) as caught:
            publish(output, OLD)
        assert caught.value.exit_code == 75
        assert files_in(output.parent) == before
    finally:
        first.close()
    publish(output, OLD)


def test_outputs_in_one_folder_do_not_wait_for_each_other(folder: Path) -> None:
    first = stage(folder / "a.csv")
    try:
        publish(folder / "b.csv")
    finally:
        first.close()


def test_a_link_and_its_target_are_one_output(folder: Path) -> None:
    (folder / "link.csv").symlink_to(folder / "scored.csv")
    first = stage(folder / "scored.csv")
    try:
        with pytest.raises(OutputLockedError):
            publish(folder / "link.csv")
    finally:
        first.close()


def test_a_lock_whose_holder_was_killed_heals_by_itself(output: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(output)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(OutputLockedError):
            publish(output)
        holder.kill()
        holder.wait()
        assert lock_of(output).exists()

        publish(output)
    assert set(files_in(output.parent)) == {"scored.csv", "scored.csv.manifest.json"}


def test_a_lock_file_without_a_holder_is_no_lock(output: Path) -> None:
    lock_of(output).write_bytes(b"12345\n")
    publish(output)
    assert not lock_of(output).exists()


def test_no_lock_file_is_left_after_a_refusal(output: Path) -> None:
    output.write_bytes(b"a stranger's")
    with pytest.raises(UsageError):
        publish(output)
    assert files_in(output.parent) == {"scored.csv": b"a stranger's"}


def test_no_two_threads_ever_hold_one_output(output: Path) -> None:
    """The lock file is removed under contention, again and again."""
    inside, most, taken = 0, 0, 0
    guard = threading.Lock()

    def run() -> None:
        nonlocal inside, most, taken
        for _ in range(60):
            try:
                with store_of(output).lock(output):
                    with guard:
                        inside += 1
                        taken += 1
                        most = max(most, inside)
                    time.sleep(0.0005)
                    with guard:
                        inside -= 1
            except OutputLockedError:
                continue

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert taken > 0
    assert files_in(output.parent) == {}
    publish(output, NEW)


def test_a_lock_file_that_its_holder_removed_meanwhile_is_no_lock(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened while one run held it, locked when that had removed it and another held a new one."""
    flock = fcntl.flock
    first, other = contextlib.ExitStack(), contextlib.ExitStack()

    def late(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        first.close()
        other.enter_context(store_of(output).lock(output))
        flock(descriptor, operation)

    with first, other:
        first.enter_context(store_of(output).lock(output))
        monkeypatch.setattr(fcntl, "flock", late)
        with pytest.raises(OutputLockedError), store_of(output).lock(output):
            pass
    assert files_in(output.parent) == {}
