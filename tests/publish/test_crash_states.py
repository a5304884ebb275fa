"""A run that dies at any step leaves the old or the new output, and never one that is refused."""

from __future__ import annotations

import contextlib
import errno
import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.publish.disk import Call, Died, die_before, fail, recorded
from tests.publish.publishing import (
    NEW,
    OLD,
    REJECTS,
    fail_for_rejects,
    files_in,
    look_again,
    manifest_of,
    publish,
)
from titanic_batch.errors import FileAccessError, UsageError
from titanic_batch.publish.ownership import published
from titanic_batch.publish.paths import output_paths
from titanic_batch.publish.rejects import Reject
from titanic_batch.publish.verify import verify


@dataclass(frozen=True)
class Change:
    """What stands there before, and what is published over it."""

    name: str
    old: bytes | None
    old_rejects: tuple[Reject, ...] = ()
    failed_before: bool = False
    new: bytes = NEW
    new_rejects: tuple[Reject, ...] = ()

    def prepare(self, output: Path) -> None:
        if self.old is not None:
            publish(output, self.old, self.old_rejects)
        if self.failed_before:
            fail_for_rejects(output)

    def publish(self, output: Path) -> None:
        publish(output, self.new, self.new_rejects)

    @property
    def names_afterwards(self) -> set[str]:
        names = {"scored.csv", "scored.csv.manifest.json"}
        return names | ({"scored.csv.rejects.csv"} if self.new_rejects else set())


CHANGES = (
    Change("the first output", None),
    Change("the first output, with rejects", None, new_rejects=REJECTS),
    Change("a new output", OLD),
    Change("rejects for the first time", OLD, new_rejects=REJECTS),
    Change("no rejects any more", OLD, REJECTS),
    Change("other rejects", OLD, REJECTS, new_rejects=REJECTS[:1]),
    Change("after a failure", OLD, failed_before=True),
    Change("the same output again", NEW),
    Change("the same output, rejects for the first time", NEW, new_rejects=REJECTS),
    Change("the same output, no rejects any more", NEW, REJECTS),
)
by_name = pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)


def steps_of(change: Change, output: Path) -> int:
    """Count the changes of the disk in an undisturbed run."""
    change.prepare(output)
    with pytest.MonkeyPatch.context() as patch:
        calls = recorded(patch)
        change.publish(output)
    shutil.rmtree(output.parent)
    output.parent.mkdir()
    return len(calls)


def died_at_each_step(change: Change, output: Path) -> Iterator[list[Call]]:
    """Yield once per step, with the folder as a run leaves it that dies before that step."""
    for number in range(1, steps_of(change, output) + 1):
        change.prepare(output)
        with pytest.MonkeyPatch.context() as patch:
            calls = die_before(patch, number)
            with contextlib.suppress(Died):
                change.publish(output)
        yield calls[:number]
        shutil.rmtree(output.parent)
        output.parent.mkdir()


def old_or_new(change: Change, output: Path) -> None:
    stands = output.read_bytes() if output.exists() else None
    assert stands in {change.old, change.new}


def recovers(change: Change, output: Path) -> None:
    """Run again, undisturbed: as if nothing had happened."""
    change.publish(output)
    assert output.read_bytes() == change.new
    assert set(files_in(output.parent)) == change.names_afterwards
    assert verify(output).sha256


@by_name
def test_a_run_that_dies_leaves_the_old_or_the_new_output_and_the_next_one_succeeds(
    change: Change, output: Path
) -> None:
    for _ in died_at_each_step(change, output):
        old_or_new(change, output)
        recovers(change, output)


@by_name
def test_what_a_dead_run_left_is_one_state_once_the_next_run_has_looked(
    change: Change, output: Path
) -> None:
    """The next run may fail: then what it recovered must hold on its own."""
    for _ in died_at_each_step(change, output):
        look_again(output)
        old_or_new(change, output)
        assert not [name for name in files_in(output.parent) if name.startswith(".")]
        if not output.exists():
            continue
        document = published(output_paths(output))
        assert document is not None
        assert verify(output).sha256
        listed = document["rejects"]["path"]
        if listed is not None:
            expected = document["rows"]["rejected"]
            assert len(Path(listed).read_bytes().splitlines()) == expected + 1


@pytest.mark.parametrize("change", CHANGES[4:9:2], ids=lambda change: change.name)
def test_a_run_that_dies_while_it_recovers_is_recovered_by_the_next(
    change: Change, output: Path
) -> None:
    for number in range(1, steps_of(change, output) + 1):
        for second in itertools.count(1):
            change.prepare(output)
            calls: list[Call] = []
            for at in (number, second):
                with pytest.MonkeyPatch.context() as patch:
                    calls = die_before(patch, at)
                    with contextlib.suppress(Died):
                        change.publish(output)
            old_or_new(change, output)
            recovers(change, output)
            shutil.rmtree(output.parent)
            output.parent.mkdir()
            if len(calls) < second:
                break


@by_name
def test_a_step_that_the_system_refuses_is_an_output_error_and_recovered_from(
    change: Change, output: Path
) -> None:
    for number in range(1, steps_of(change, output) + 1):
        change.prepare(output)
        refused = False
        with pytest.MonkeyPatch.context() as patch:
            calls = fail(patch, number, errno.EIO)
            try:
                change.publish(output)
            except FileAccessError:
                refused = True
        failed = calls[number - 1]
        old_or_new(change, output)
        private = [name for name in files_in(output.parent) if name.endswith(".tmp")]
        changed = "replace" in failed.name or "fsync" in failed.name
        assert refused or not changed, f"{failed} was refused, and the run succeeded"
        if failed.name == "fsync" and failed.paths[0].endswith(".tmp"):
            assert private == [], failed
            stands = output.read_bytes() if output.exists() else None
            assert stands == change.old
        recovers(change, output)
        shutil.rmtree(output.parent)
        output.parent.mkdir()


@by_name
def test_no_order_in_which_a_power_cut_keeps_the_renames_is_refused(
    change: Change, output: Path
) -> None:
    """Renames that no fsync has followed may reach the disk in any order, or not at all."""
    change.prepare(output)
    with pytest.MonkeyPatch.context() as patch:
        calls = recorded(patch)
        change.publish(output)
    shutil.rmtree(output.parent)
    output.parent.mkdir()
    changes = [
        number
        for number, call in enumerate(calls, start=1)
        if call.name in {"replace", "unlink"} and ".tmp" not in call.paths[-1]
    ]
    first_rename = next(n for n, call in enumerate(calls, start=1) if call.name == "replace")
    folder_synced = next(
        n for n, call in enumerate(calls, start=1) if call.paths[0] == str(output.parent)
    )
    open_changes = [n for n in changes if first_rename <= n < folder_synced]
    for count in range(len(open_changes) + 1):
        for kept in itertools.combinations(open_changes, count):
            change.prepare(output)
            with pytest.MonkeyPatch.context() as patch:
                lose_all_but(patch, kept, first_rename)
                with contextlib.suppress(Died):
                    change.publish(output)
            recovers(change, output)
            shutil.rmtree(output.parent)
            output.parent.mkdir()


def lose_all_but(monkeypatch: pytest.MonkeyPatch, kept: tuple[int, ...], first_rename: int) -> None:
    """Let the changes from `first_rename` on have no effect, but those in `kept`."""
    import os

    from tests.publish.disk import CALLS

    counted = itertools.count(1)
    for name in CALLS:
        function = getattr(os, name)

        def call(*arguments: object, _function: object = function, **keywords: object) -> None:
            number = next(counted)
            if number < first_rename or number in kept:
                assert callable(_function)
                _function(*arguments, **keywords)

        monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("place", ["data", "rejects"])
def test_a_strangers_file_that_came_after_the_crash_is_not_replaced(
    place: str, output: Path
) -> None:
    """A dead run is completed by the next one, but not over what somebody put there since."""
    with pytest.MonkeyPatch.context() as patch:
        calls = recorded(patch)
        publish(output, NEW, REJECTS)
    first_rename = [call.name for call in calls].index("replace") + 1
    shutil.rmtree(output.parent)
    output.parent.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        die_before(patch, first_rename)
        with contextlib.suppress(Died):
            publish(output, NEW, REJECTS)
    assert len(files_in(output.parent)) == 4  # data, rejects, manifest, all private, and the lock
    paths = output_paths(output)
    stranger = Path(paths.data if place == "data" else paths.rejects)
    stranger.write_bytes(b"a stranger's")

    with pytest.raises(UsageError):
        publish(output, NEW, REJECTS)
    assert files_in(output.parent) == {stranger.name: b"a stranger's"}


def test_a_private_manifest_that_describes_nothing_is_dropped(output: Path) -> None:
    publish(output, OLD)
    other = output.with_name("other.csv")
    publish(other, NEW)
    stray = output.with_name(f".scored.csv.manifest.json.{'a' * 32}.tmp")
    manifest_of(other).rename(stray)
    look_again(output)
    assert not stray.exists()
    assert output.read_bytes() == OLD
    assert verify(output).rows == 2


def test_files_that_only_look_like_leftovers_are_left_alone(output: Path) -> None:
    strangers = [
        output.with_name(name)
        for name in (
            ".scored.csv.tmp",
            ".scored.csv.short.tmp",
            f".scored.csv.{'A' * 32}.tmp",
            f".other.csv.{'a' * 32}.tmp",
            f"scored.csv.{'a' * 32}.tmp",
            f".scored.csv.{'a' * 32}.tmp.bak",
        )
    ]
    for path in strangers:
        path.write_bytes(b"a stranger's")
    publish(output)
    assert all(path.read_bytes() == b"a stranger's" for path in strangers)


# ---------------------------------------------------------------------------------------------
# The same with real processes and a real SIGKILL.


def run_killed(output: Path, change: Change, number: int) -> int:
    """Publish in a process that kills itself before its change `number`; return how it ended."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.publish.dying",
            str(output),
            change.new.decode(),
            str(len(change.new_rejects)),
            str(number),
        ],
        cwd=Path(__file__).parents[2],
        check=False,
    ).returncode


@pytest.mark.parametrize("change", CHANGES[3:6:2], ids=lambda change: change.name)
def test_a_process_killed_at_any_step_leaves_what_the_next_run_recovers(
    change: Change, output: Path
) -> None:
    steps = steps_of(change, output)
    for number in range(1, steps + 1):
        change.prepare(output)
        assert run_killed(output, change, number) == -9, f"step {number} of {steps} was not reached"
        old_or_new(change, output)
        recovers(change, output)
        shutil.rmtree(output.parent)
        output.parent.mkdir()
