"""The file system as a store."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.stores.conformance import OLD, Conformance, put
from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import DataError, FileAccessError
from titanic_batch.stores import store_of, write_file
from titanic_batch.stores.base import Store
from titanic_batch.stores.local import LocalStore

HOLDER = """
import sys
from titanic_batch.stores import store_of
with store_of(sys.argv[1]).lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store() -> Store:
    return LocalStore()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "place"
    place.mkdir()
    return place


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"2\n")


def touch(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


class TestLocalStore(Conformance):
    holder = HOLDER

    @pytest.fixture
    def place(self, place: Path) -> str:
        return str(place)

    def write_to(self, store: Store, name: str) -> None:
        grow(Path(name))


def test_a_path_is_the_file_systems(tmp_path: Path) -> None:
    assert isinstance(store_of(tmp_path / "a.csv"), LocalStore)


def test_one_file_is_the_same_by_whatever_path(store: Store, place: Path) -> None:
    put(store, place / "a", OLD)
    (place / "link").symlink_to(place / "a")
    found, again = store.stat(place / "a"), store.stat(f"{place}/../place/./link")
    assert found is not None
    assert found == again


def test_a_path_may_begin_with_the_home_or_go_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/an")
    assert store.absolute("~/a/", "/jobs") == "/home/an/a/"
    assert store.absolute("../a.csv", "/srv/jobs") == "/srv/a.csv"
    assert store.absolute("/", "/srv/jobs") == "/"


def test_a_path_resolves_to_where_links_lead(store: Store, place: Path) -> None:
    (place / "link").symlink_to("missing.csv")
    assert store.resolve(place / "link") == os.path.realpath(place / "missing.csv")


@pytest.mark.parametrize("change", [grow, touch])
@pytest.mark.parametrize("closes", [False, True])
def test_a_change_is_noticed(store: Store, place: Path, change: object, *, closes: bool) -> None:
    put(store, place / "in.csv", OLD)
    opened = store.open(place / "in.csv")
    with opened.file:
        opened.check_unchanged()
        if closes:
            opened.file.close()
            opened.check_unchanged()
        change(place / "in.csv")  # type: ignore[operator]
        with pytest.raises(DataError, match="changed while it was read"):
            opened.check_unchanged()


def test_another_file_in_its_place_changes_nothing_of_what_was_read(
    store: Store, place: Path
) -> None:
    put(store, place / "in.csv", OLD)
    opened = store.open(place / "in.csv")
    opened.file.close()
    put(store, place / "in.csv", b"another")
    opened.check_unchanged()
    store.remove(place / "in.csv")
    opened.check_unchanged()


@pytest.mark.parametrize("what", ["folder", "link", "pipe", "socket"])
def test_knows_what_is_no_file_and_reads_none_of_it(store: Store, place: Path, what: str) -> None:
    name = place / "a"
    put(store, place / "b", OLD)
    match what:
        case "folder":
            name.mkdir()
        case "link":
            name.symlink_to(place / "b")
        case "pipe":
            os.mkfifo(name)
        case _:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(os.path.relpath(name))
    found = store.stat(name, follow=False)
    assert found is not None
    assert found.kind == (what if what in {"folder", "link"} else "special")
    with pytest.raises(NotADocumentError, match=r"not a regular file|a directory"):
        store.read(name)
    if what == "link":
        assert store.read(name, follow=True) == OLD


def test_a_link_is_followed_where_that_is_asked_for(store: Store, place: Path) -> None:
    put(store, place / "a", OLD)
    (place / "link").symlink_to(place / "a")
    (place / "dangling").symlink_to(place / "nowhere")
    (place / "loop").symlink_to(place / "loop")
    followed, target = store.stat(place / "link"), store.stat(place / "a")
    assert followed == target
    assert store.stat(place / "dangling") is None
    assert store.stat(place / "loop") is None


def test_a_commit_elsewhere_makes_a_whole_copy(store: Store, place: Path, tmp_path: Path) -> None:
    staged = store.stage(place / "a.csv", "0" * 32)
    staged.write(OLD)
    staged.seal(0o600)
    staged.sync()
    other = tmp_path / "other"
    other.mkdir()
    staged.commit(name=other / "b.csv")
    staged.discard()
    assert (other / "b.csv").read_bytes() == OLD
    assert (other / "b.csv").stat().st_mode & 0o777 == 0o600
    assert store.list(place) == []


def test_a_new_file_has_what_the_umask_leaves_and_an_old_one_keeps_its_mode(
    store: Store, place: Path
) -> None:
    before = os.umask(0o027)
    try:
        assert store.mode_for(place / "a.csv") == 0o640
        (place / "a.csv").touch(mode=0o600)
        assert store.mode_for(place / "a.csv") == 0o600
    finally:
        os.umask(before)


def test_a_lock_needs_its_folder(store: Store, place: Path) -> None:
    with (
        pytest.raises(FileAccessError, match="folder does not exist"),
        store.lock(place / "none" / "a.csv"),
    ):
        pass


@pytest.mark.parametrize(("mode", "expected"), [(None, 0o640), (0o600, 0o600)])
def test_writes_a_small_file_over_another(place: Path, mode: int | None, expected: int) -> None:
    (place / "a").touch()
    (place / "a").chmod(0o640)
    write_file(place / "a", b"new", "writing the figures", mode=mode)
    assert (place / "a").read_bytes() == b"new"
    assert (place / "a").stat().st_mode & 0o777 == expected
    assert [path.name for path in place.iterdir()] == ["a"]


def test_a_small_file_that_cannot_be_written_leaves_nothing(place: Path) -> None:
    """Whatever step fails, the error says what was being done, and why."""
    (place / "a").mkdir()
    with pytest.raises(FileAccessError, match="writing the figures failed: Is a directory"):
        write_file(place / "a", b"new", "writing the figures")
    with pytest.raises(FileAccessError, match="writing the figures failed: No such file"):
        write_file(place / "none" / "a", b"new", "writing the figures")
    assert [path.name for path in place.iterdir()] == ["a"]


def test_a_glob_tells_which_folders_it_could_not_look_into(
    store: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (place / name).mkdir()
        put(store, place / name / "x.csv", OLD)
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path.endswith("a"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    refused: list[OSError] = []
    found = store.glob(f"{place}/*/x.csv", onerror=refused.append)
    assert found == store.glob(str(place)) == [str(place / "b" / "x.csv")]
    assert [exc.filename for exc in refused] == [str(place / "a")]
