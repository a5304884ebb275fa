"""What every store promises: a store's tests inherit `Conformance` and say where files may go.

A test module defines the fixtures `store` and `place`, and a class that inherits this one:

    class TestLocalStore(Conformance):
        @pytest.fixture
        def store(self) -> Store: ...

        @pytest.fixture
        def place(self, tmp_path: Path) -> str: ...
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import DataError, OutputLockedError
from titanic_batch.stores.base import (
    NOTHING,
    Name,
    ReplacedMeanwhileError,
    Staged,
    Store,
    as_text,
    hash_file,
)
from titanic_batch.stores.names import folder_of

OLD, NEW = b"old\n" * 1000, b"new\n" * 3_000_000


def stage(store: Store, name: Name, data: bytes) -> Staged:
    """Return a sealed and synced file, ready to be committed."""
    staged = store.stage(name, uuid.uuid4().hex)
    staged.write(data)
    staged.seal(0o640)
    staged.sync()
    return staged


def put(store: Store, name: Name, data: bytes) -> None:
    stage(store, name, data).commit()
    for unsynced in store.unsynced([name]):
        unsynced.sync()


def content(store: Store, name: Name) -> bytes:
    with store.open(name).file as file:
        return file.read()


class Conformance:
    """The promises of `titanic_batch.stores.base.Store`, each by a test."""

    #: Starts another process that holds the lock of the name in `sys.argv[1]`, says `held`, and
    #: ends with its standard input. None where the commit is the lock.
    holder: str | None = None

    # Whole or absent.

    @pytest.mark.parametrize("before", [None, OLD])
    def test_what_is_staged_is_seen_by_its_commit(
        self, store: Store, place: str, before: bytes | None
    ) -> None:
        name = f"{place}/a.csv"
        if before is not None:
            put(store, name, before)
        staged = store.stage(name, uuid.uuid4().hex)
        for step in range(3):
            if step < 2:
                staged.write(NEW)
            else:
                staged.seal(0o640)
                staged.sync()
            found = store.stat(name)
            assert (content(store, name) if found is not None else None) == before
        was_committed = staged.is_committed
        staged.commit()
        assert (was_committed, staged.is_committed) == (False, True)
        assert content(store, name) == NEW * 2
        assert staged.bytes_written == len(NEW) * 2
        assert staged.sha256 == hashlib.sha256(NEW * 2).hexdigest()

    def test_a_reader_never_sees_a_part(self, store: Store, place: str) -> None:
        name = f"{place}/a.csv"
        put(store, name, OLD)
        seen: set[bytes] = set()
        ended = threading.Event()

        def read() -> None:
            while not ended.is_set():
                seen.add(hashlib.sha256(content(store, name)).digest())

        reader = threading.Thread(target=read)
        reader.start()
        try:
            for data in [NEW, OLD] * 10:
                put(store, name, data)
        finally:
            ended.set()
            reader.join()
        assert seen <= {hashlib.sha256(data).digest() for data in (OLD, NEW)}

    def test_who_has_opened_the_old_file_reads_it_to_its_end(
        self, store: Store, place: str
    ) -> None:
        """Or is told that it has changed: never a mixture."""
        name = f"{place}/a.csv"
        put(store, name, OLD)
        opened = store.open(name)
        with opened.file as file:
            start = file.read(10)
            put(store, name, NEW)
            with contextlib.suppress(DataError):
                assert start + file.read() == OLD

    @pytest.mark.parametrize("how_far", ["not made", "written", "sealed", "synced"])
    def test_discarding_leaves_nothing(self, store: Store, place: str, how_far: str) -> None:
        name = f"{place}/a.csv"
        put(store, name, OLD)
        before = store.list(place)
        run_id = uuid.uuid4().hex
        staged = store.stage(name, run_id)
        if how_far != "not made":
            staged.write(NEW)
        if how_far in {"sealed", "synced"}:
            staged.seal(0o640)
        if how_far == "synced":
            staged.sync()
        assert staged.is_created == (how_far != "not made")
        staged.discard()
        staged.discard()
        assert staged.write(b"late") == 4
        assert store.list(place) == before
        assert content(store, name) == OLD
        assert not os.path.lexists(staged.place)
        assert store.staged(name, run_id) is None

    def test_discarding_what_is_committed_does_nothing(self, store: Store, place: str) -> None:
        name = f"{place}/a.csv"
        staged = stage(store, name, NEW)
        staged.commit()
        staged.discard()
        assert content(store, name) == NEW

    def test_an_empty_file_is_a_file(self, store: Store, place: str) -> None:
        put(store, f"{place}/a.csv", b"")
        assert content(store, f"{place}/a.csv") == b""

    def test_two_runs_stage_one_name_apart(self, store: Store, place: str) -> None:
        name = f"{place}/a.csv"
        one, other = stage(store, name, OLD), stage(store, name, NEW)
        one.discard()
        other.commit()
        assert content(store, name) == NEW

    def test_a_file_may_be_committed_under_another_name(self, store: Store, place: str) -> None:
        staged = stage(store, f"{place}/a.csv", NEW)
        staged.commit(name=f"{place}/b.csv")
        staged.discard()
        assert store.list(place) == [f"{place}/b.csv"]
        assert content(store, f"{place}/b.csv") == NEW

    # Conditional commits.

    def test_a_commit_that_expects_nothing_spares_a_strangers_file(
        self, store: Store, place: str
    ) -> None:
        name = f"{place}/a.csv"
        staged = stage(store, name, NEW)
        put(store, name, OLD)
        with pytest.raises(ReplacedMeanwhileError):
            staged.commit(expected=NOTHING)
        staged.discard()
        assert content(store, name) == OLD
        assert store.list(place) == [name]

    def test_a_commit_that_expects_a_file_replaces_that_one_only(
        self, store: Store, place: str
    ) -> None:
        name = f"{place}/a.csv"
        put(store, name, OLD)
        known = store.stat(name, follow=False)
        assert known is not None
        stage(store, name, NEW).commit(expected=known.tag)
        assert content(store, name) == NEW
        late = stage(store, name, OLD)
        with pytest.raises(ReplacedMeanwhileError):
            late.commit(expected=known.tag)
        store.remove(name)
        with pytest.raises(ReplacedMeanwhileError):
            late.commit(expected=known.tag)
        late.commit(expected=NOTHING)
        assert content(store, name) == OLD

    # What dead runs leave.

    def test_what_is_kept_is_committed_by_another_run(self, store: Store, place: str) -> None:
        name, run_id = f"{place}/a.csv", uuid.uuid4().hex
        staged = store.stage(name, run_id)
        staged.write(NEW)
        staged.seal(0o640)
        staged.sync()
        staged.keep()
        staged.discard()
        assert store.stat(name) is None
        found = store.staged(name, run_id)
        if self.holder is None:  # its commit is the lock, and the next run looks at that
            return
        assert found is not None
        assert Path(found.place).read_bytes() == NEW
        assert store.staged(name, uuid.uuid4().hex) is None
        found.commit()
        assert content(store, name) == NEW
        assert store.staged(name, run_id) is None

    def test_a_work_folder_is_found_again_and_listed_among_what_dead_runs_left(
        self, store: Store, place: str
    ) -> None:
        name = f"{place}/a.csv"
        fingerprint = uuid.uuid4().hex
        work = store.work_folder(name, fingerprint)
        assert work is not None
        assert not os.path.lexists(work)
        store.drop(work)
        Path(work).mkdir(mode=0o700)
        Path(work, "part").touch()
        assert store.work_folder(name, fingerprint) == work
        assert store.work_folder(name, uuid.uuid4().hex) != work
        assert [(left.target, left.kind, left.place) for left in store.left_behind(place)] == [
            ("a.csv", "work", work)
        ]
        store.drop(work)
        assert not os.path.lexists(work)

    @pytest.mark.parametrize("what", ["others may enter", "a file", "a link"])
    def test_what_is_not_private_is_no_work_folder(
        self, store: Store, place: str, what: str
    ) -> None:
        name, fingerprint = f"{place}/a.csv", uuid.uuid4().hex
        folder = store.work_folder(name, fingerprint)
        assert folder is not None
        work = Path(folder)
        match what:
            case "others may enter":
                work.mkdir()
                work.chmod(0o755)
            case "a file":
                work.touch(mode=0o600)
            case _:
                elsewhere = work.with_name("elsewhere")
                elsewhere.mkdir(mode=0o700)
                work.symlink_to(elsewhere)
        assert store.work_folder(name, fingerprint) is None

    # Locks.

    def test_a_lock_keeps_others_out_until_it_is_released(self, store: Store, place: str) -> None:
        if self.holder is None:
            pytest.skip("its commits are conditional instead")
        name = f"{place}/a.csv"
        before = store.list(place)
        with store.lock(name):
            with pytest.raises(OutputLockedError), store.lock(name):
                pass
            with store.lock(f"{place}/b.csv"):
                pass
        with store.lock(name):
            pass
        assert store.list(place) == before

    def test_a_lock_keeps_another_process_out_and_ends_with_it(
        self, store: Store, place: str
    ) -> None:
        if self.holder is None:
            pytest.skip("its commits are conditional instead")
        name = f"{place}/a.csv"
        holder = subprocess.Popen(
            [sys.executable, "-c", self.holder, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(OutputLockedError), store.lock(name):
                pass
            holder.kill()
        with store.lock(name):
            pass

    # Names.

    def test_a_name_is_relative_to_a_folder_or_absolute(self, store: Store, place: str) -> None:
        assert store.absolute("a/b.csv", place) == f"{place}/a/b.csv"
        assert store.absolute(f"{place}/b.csv", "/elsewhere") == f"{place}/b.csv"
        assert store.absolute("a/", place) == f"{place}/a/"
        assert store.absolute(f"{place}/a/", "/elsewhere") == f"{place}/a/"

    def test_a_resolved_name_is_the_one_that_is_written(self, store: Store, place: str) -> None:
        name = store.resolve(f"{place}/a.csv")
        put(store, name, OLD)
        assert content(store, f"{place}/a.csv") == OLD
        assert store.resolve(name) == name

    # Looking.

    def test_nothing_stands_at_an_unused_name(self, store: Store, place: str) -> None:
        name = f"{place}/a.csv"
        assert store.stat(name) is None
        assert store.stat(name, follow=False) is None
        assert store.read(name) is None
        assert store.list(f"{place}/none") == []
        assert store.glob(f"{place}/*.csv") == []
        with pytest.raises(FileNotFoundError):
            store.open(name)
        store.remove(name)

    def test_knows_what_stands_there(self, store: Store, place: str) -> None:
        name = f"{place}/a.csv"
        put(store, name, OLD)
        found = store.stat(name)
        assert found is not None
        assert (found.kind, found.size, found.is_own) == ("file", len(OLD), True)
        again = store.stat(name)
        assert again is not None
        assert (again.identity, again.tag) == (found.identity, found.tag)
        put(store, f"{place}/b.csv", OLD)
        other = store.stat(f"{place}/b.csv")
        assert other is not None
        assert other.identity != found.identity
        put(store, name, NEW)
        changed = store.stat(name)
        assert changed is not None
        assert changed.tag != found.tag

    def test_lists_in_order_with_hidden_files_and_globs_without(
        self, store: Store, place: str
    ) -> None:
        names = ["b.csv", ".hidden.csv", "a.csv", "a.txt", "B.csv", "é.csv", "a b.csv"]
        for name in names:
            put(store, f"{place}/{name}", OLD)
        assert store.list(place) == sorted(f"{place}/{name}" for name in names)
        assert store.list(f"{place}/") == store.list(place)
        expected = [name for name in names if name.endswith(".csv") and name[0] != "."]
        assert store.glob(f"{place}/*.csv") == sorted(f"{place}/{name}" for name in expected)
        assert store.glob(f"{place}/[ab].csv") == [f"{place}/a.csv", f"{place}/b.csv"]

    def test_globs_reach_into_folders_that_are_not_hidden(self, store: Store, place: str) -> None:
        visible = ["_k=2/a.csv", "a.csv", "k=1/_b.csv", "k=1/a.csv", "k=1/j=2/b.csv"]
        for name in [*visible, ".git/a.csv", "_temporary/a.csv", "k=1/.a.csv", "k=1/_log/a.csv"]:
            store.make_folder(folder_of(f"{place}/{name}"))
            put(store, f"{place}/{name}", OLD)

        def found(pattern: str) -> list[str]:
            return [name.removeprefix(f"{place}/") for name in store.glob(f"{place}/{pattern}")]

        for pattern in ("", "*", "**", "**/*", "**/**", "**/*.csv"):
            assert found(pattern) == visible, pattern
        assert found("*.csv") == ["a.csv"]
        assert found("**/a.csv") == ["_k=2/a.csv", "a.csv", "k=1/a.csv"]
        assert found("k*") == found("k=[1]/**") == visible[2:]
        assert found("*/*/b.csv") == found("**/j=2") == ["k=1/j=2/b.csv"]
        assert found("[a]*/a.csv") == found("k/**") == found("a.csv/*") == []
        # A part that begins as what is hidden does means it.
        assert found("_t*/a.csv") == ["_temporary/a.csv"]
        assert found(".g*") == [".git/a.csv"]
        assert found("k=1/.*") == ["k=1/.a.csv"]

    def test_what_is_staged_is_among_no_visible_files(self, store: Store, place: str) -> None:
        staged = stage(store, f"{place}/a.csv", NEW)
        try:
            assert store.glob(f"{place}/*") == []
            assert not [name for name in store.list(place) if Path(name).name[0] != "."]
        finally:
            staged.discard()

    # Reading.

    def test_reads_from_the_front_and_from_anywhere(self, store: Store, place: str) -> None:
        name = f"{place}/a.csv"
        put(store, name, b"0123456789")
        opened = store.open(name)
        with opened.file as file:
            assert opened.entry == store.stat(name)
            assert file.read(3) == b"012"
            assert opened.read_at(8, 100) == b"89"
            assert opened.read_at(10, 1) == b""
            assert file.read() == b"3456789"
            assert file.seek(0) == 0
            assert hash_file(file) == hashlib.sha256(b"0123456789").hexdigest()
            opened.check_unchanged()
        opened.check_unchanged()

    @pytest.mark.parametrize("last", ["a.csv", os.fsdecode(b"\xff.csv")])
    def test_a_local_name_serves_code_that_opens_by_name(
        self, store: Store, place: str, last: str
    ) -> None:
        put(store, f"{place}/{last}", OLD)
        opened = store.open(f"{place}/{last}")
        with opened.file as file:
            opened.local_name.encode()
            put(store, f"{place}/{last}", NEW)
            assert Path(opened.local_name).read_bytes() == OLD
            file.seek(0)
            assert file.read() == OLD

    def test_reads_text_with_its_newlines(self, store: Store, place: str) -> None:
        put(store, f"{place}/a.csv", b"\xc3\xa9\r\n\xff")
        with as_text(store.open(f"{place}/a.csv").file, errors="replace") as file:
            assert file.read() == "\xe9\r\n\ufffd"

    def test_a_change_while_it_is_read_is_noticed(self, store: Store, place: str) -> None:
        name = f"{place}/a.csv"
        put(store, name, OLD)
        opened = store.open(name)
        with opened.file as file:
            file.read(10)
            self.write_to(store, name)
            with pytest.raises(DataError, match="changed while it was read"):
                opened.check_unchanged()

    def write_to(self, store: Store, name: str) -> None:
        """Change a file as its owner may, while it is being read."""
        put(store, name, OLD + b"more\n")

    def test_reads_a_small_file_whole_and_no_larger_one(self, store: Store, place: str) -> None:
        put(store, f"{place}/a.json", b"12345")
        assert store.read(f"{place}/a.json", limit=5) == b"12345"
        assert store.read(f"{place}/a.json") == b"12345"
        with pytest.raises(NotADocumentError, match="larger"):
            store.read(f"{place}/a.json", limit=4)

    def test_removes(self, store: Store, place: str) -> None:
        put(store, f"{place}/a.csv", OLD)
        store.remove(f"{place}/a.csv")
        assert store.list(place) == []
