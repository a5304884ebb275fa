"""What is written before publishing is private, new, and never reached through a planted link."""

from __future__ import annotations

import gc
import os
import stat
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.publish.publishing import (
    NEW,
    OLD,
    REJECTS,
    files_in,
    lock_of,
    manifest_for,
    manifest_of,
    mode_of,
    publish,
    rejects_of,
    seal,
    stage,
)
from titanic_batch.errors import FileAccessError
from titanic_batch.publish.manifest import read_manifest
from titanic_batch.publish.ownership import published
from titanic_batch.publish.paths import output_paths
from titanic_batch.publish.together import take_steps
from titanic_batch.stores.local_staging import StagedFile
from titanic_batch.stores.private import temporary

RUN = "0123456789abcdef0123456789abcdef"


def test_staged_files_are_readable_by_their_owner_only(output: Path) -> None:
    before = os.umask(0)
    try:
        publication = stage(output, NEW, REJECTS)
    finally:
        os.umask(before)
    try:
        private = [path for path in output.parent.iterdir() if path.name.endswith(".tmp")]
        assert len(private) == 2
        assert {mode_of(path) for path in private} == {0o600}
    finally:
        publication.close()


def test_a_writer_that_closes_late_says_nothing_and_leaves_nothing(
    output: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """An error may come when pyarrow's writer is made, and before anybody could close it."""
    staged = StagedFile(str(output), RUN)
    writer = pq.ParquetWriter(pa.PythonFile(staged, mode="w"), pa.schema([("a", pa.int64())]))
    staged.discard()
    del writer
    gc.collect()
    assert capfd.readouterr() == ("", "")
    assert not files_in(output.parent)


def test_staged_files_stand_in_the_folder_of_the_output(output: Path) -> None:
    publication = stage(output)
    try:
        place = Path(publication.file.place)
        assert place.parent == output.parent
        assert place.name.startswith(".")
    finally:
        publication.close()


def test_each_run_has_private_names_of_its_own(folder: Path) -> None:
    target = folder / "a.csv"
    one, other = (StagedFile(str(target), uuid.uuid4().hex) for _ in range(2))
    assert one.place != other.place


@pytest.mark.parametrize("planted", ["file", "link", "dangling link", "folder"])
def test_nothing_is_written_through_what_stands_at_the_private_name(
    planted: str, folder: Path
) -> None:
    victim = folder / "victim"
    victim.write_bytes(b"precious")
    name = Path(temporary(str(folder / "scored.csv"), RUN))
    match planted:
        case "file":
            name.write_bytes(b"planted")
        case "link":
            name.symlink_to(victim)
        case "dangling link":
            name.symlink_to(folder / "made by us")
        case _:
            name.mkdir()

    staged = StagedFile(str(folder / "scored.csv"), RUN)
    with pytest.raises(FileAccessError) as caught:
        staged.write(b"new")
    staged.discard()

    assert caught.value.exit_code == 74
    assert victim.read_bytes() == b"precious"
    assert not (folder / "made by us").exists()
    assert os.path.lexists(name)


def test_private_names_are_opened_anew_and_follow_no_link(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: dict[str, tuple[int, int]] = {}
    open_ = os.open

    def note(path: str | os.PathLike[str], flags: int, mode: int = 0o777) -> int:
        opened[os.fspath(path)] = (flags, mode)
        return open_(path, flags, mode)

    monkeypatch.setattr(os, "open", note)
    publish(output, NEW, REJECTS)

    private = {path: how for path, how in opened.items() if path.endswith(".tmp")}
    assert len(private) == 3
    for flags, mode in private.values():
        assert flags & os.O_EXCL
        assert flags & os.O_CREAT
        assert flags & os.O_NOFOLLOW
        assert mode == 0o600


def test_a_link_planted_at_the_lock_is_not_followed(output: Path) -> None:
    victim = output.parent / "victim"
    victim.write_bytes(b"precious")
    victim.chmod(0o644)
    lock = lock_of(output)
    lock.symlink_to(victim)

    with pytest.raises(FileAccessError) as caught:
        publish(output)

    assert caught.value.exit_code == 74
    assert victim.read_bytes() == b"precious"
    assert mode_of(victim) == 0o644
    assert not output.exists()


def test_a_link_planted_at_the_lock_makes_no_file_where_it_points(output: Path) -> None:
    target = output.parent / "made by us"
    lock_of(output).symlink_to(target)
    with pytest.raises(FileAccessError):
        publish(output)
    assert not target.exists()


def test_a_link_planted_at_the_manifest_is_replaced_and_its_target_left_alone(
    output: Path,
) -> None:
    victim = output.parent / "victim.json"
    victim.write_bytes(b"precious")
    manifest = manifest_of(output)
    manifest.symlink_to(victim)

    publish(output)

    assert victim.read_bytes() == b"precious"
    assert not manifest.is_symlink()
    assert published(output_paths(output)) is not None


def test_a_manifest_that_is_a_link_proves_nothing(folder: Path) -> None:
    """Whoever may plant a link could else pass a stranger's file off as ours."""
    publish(folder / "real.csv", OLD)
    (folder / "claimed.csv").write_bytes(OLD)
    claim = manifest_of(folder / "claimed.csv")
    claim.symlink_to(manifest_of(folder / "real.csv"))
    assert read_manifest(claim) is None
    assert published(output_paths(folder / "claimed.csv")) is None


@pytest.mark.parametrize("companion", ["rejects", "failed_rejects"])
def test_a_link_planted_at_a_rejects_file_is_not_written_through(
    companion: str, output: Path
) -> None:
    paths = output_paths(output)
    victim = output.parent / "victim.csv"
    publish(output.with_name("other.csv"), NEW, REJECTS)
    victim.write_bytes(rejects_of(output.with_name("other.csv")).read_bytes())
    before = victim.read_bytes()
    planted = Path(getattr(paths, companion))
    planted.symlink_to(victim)

    publication = stage(output, NEW, REJECTS[:1])
    try:
        if companion == "rejects":
            seal(publication)
            take_steps([publication.commit(manifest_for(publication, NEW, REJECTS[:1]))])
        else:
            publication.keep_failed_rejects()
    finally:
        publication.close()

    assert victim.read_bytes() == before
    assert not planted.is_symlink()


def test_a_run_that_is_given_up_leaves_nothing(output: Path) -> None:
    stage(output, NEW, REJECTS).close()
    assert files_in(output.parent) == {}


def test_the_lock_file_is_private(output: Path) -> None:
    publication = stage(output)
    try:
        assert stat.S_IMODE(lock_of(publication.paths.data).stat().st_mode) == 0o600
    finally:
        publication.close()
