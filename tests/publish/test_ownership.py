"""Ours is replaced, a stranger's is refused: told by the manifest, never by the name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.publish.publishing import NEW, OLD, REJECTS, files_in, manifest_of, mode_of, publish
from titanic_batch.errors import FileAccessError, UsageError
from titanic_batch.publish.ownership import is_published, published
from titanic_batch.publish.paths import output_paths


def test_our_own_output_is_replaced(output: Path) -> None:
    publish(output, OLD)
    publish(output, NEW)
    assert output.read_bytes() == NEW
    assert set(files_in(output.parent)) == {"scored.csv", "scored.csv.manifest.json"}


def refused(output: Path) -> str:
    before = files_in(output.parent)
    with pytest.raises(UsageError) as caught:
        publish(output, NEW)
    assert caught.value.exit_code == 2
    assert files_in(output.parent) == before
    return str(caught.value)


def test_a_strangers_file_is_refused_and_replaced_only_with_overwrite(output: Path) -> None:
    output.write_bytes(b"a stranger's")
    message = refused(output)
    assert str(output) in message
    assert "--overwrite" in message

    publish(output, NEW, overwrite=True)
    assert output.read_bytes() == NEW
    publish(output, OLD)


def test_an_output_of_ours_that_was_changed_since_is_a_strangers(output: Path) -> None:
    publish(output, OLD)
    output.write_bytes(OLD.replace(b"0", b"1"))  # as long as before
    refused(output)


def test_an_output_of_ours_that_was_cut_is_a_strangers(output: Path) -> None:
    publish(output, OLD)
    output.write_bytes(OLD[:-1])
    refused(output)


def test_a_strangers_file_put_in_the_place_of_ours_is_a_strangers(output: Path) -> None:
    publish(output, OLD)
    other = output.with_name("other.csv")
    other.write_bytes(b"a stranger's")
    other.replace(output)
    refused(output)


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b"{}", b"[" * 100_000, b"\xff\xfe", b'{"tool": "titanic-batch"}'],
)
def test_a_damaged_manifest_proves_nothing(damage: bytes, output: Path) -> None:
    publish(output, OLD)
    manifest_of(output).write_bytes(damage)
    refused(output)


def test_a_manifest_of_another_tool_proves_nothing(output: Path) -> None:
    publish(output, OLD)
    manifest = manifest_of(output)
    document = json.loads(manifest.read_bytes())
    document["tool"]["name"] = "another"
    manifest.write_text(json.dumps(document), encoding="utf-8")
    refused(output)


def test_an_output_whose_manifest_is_gone_is_a_strangers(output: Path) -> None:
    publish(output, OLD)
    manifest_of(output).unlink()
    refused(output)


def test_an_output_that_was_removed_is_published_again(output: Path) -> None:
    publish(output, OLD)
    output.unlink()
    publish(output, NEW)
    assert output.read_bytes() == NEW


def test_an_output_that_cannot_be_read_is_an_input_output_error(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(output, OLD)

    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("titanic_batch.publish.ownership.hash_file", refuse)
    with pytest.raises(FileAccessError) as caught:
        publish(output, NEW)
    assert caught.value.exit_code == 74
    monkeypatch.undo()
    assert output.read_bytes() == OLD


def test_a_folder_at_the_output_is_an_output_error(output: Path) -> None:
    output.mkdir()
    with pytest.raises(FileAccessError, match="folder"):
        publish(output, overwrite=True)
    assert list(output.iterdir()) == []


def test_a_missing_output_folder_is_an_output_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError) as caught:
        publish(tmp_path / "missing" / "scored.csv")
    assert "mkdir -p" in str(caught.value)
    assert not (tmp_path / "missing").exists()


def test_a_file_where_the_output_folder_should_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(FileAccessError):
        publish(tmp_path / "file" / "scored.csv")
    assert files_in(tmp_path) == {"file": b"x"}


def test_an_output_that_is_a_link_means_its_target(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    target = elsewhere / "target.csv"
    publish(target, OLD)
    link = folder / "scored.csv"
    link.symlink_to(target)

    publish(link, NEW, REJECTS)

    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert set(files_in(elsewhere)) == {
        "target.csv",
        "target.csv.manifest.json",
        "target.csv.rejects.csv",
    }
    assert set(files_in(folder)) == {"scored.csv"}


def test_an_output_that_is_a_dangling_link_makes_its_target(folder: Path) -> None:
    link = folder / "scored.csv"
    link.symlink_to(folder / "target.csv")
    publish(link)
    assert link.is_symlink()
    assert (folder / "target.csv").read_bytes() == NEW


def test_the_target_of_a_link_is_guarded_as_any_strangers_file(folder: Path) -> None:
    (folder / "target.csv").write_bytes(b"a stranger's")
    link = folder / "scored.csv"
    link.symlink_to(folder / "target.csv")
    refused(link)


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0])
def test_a_new_output_has_the_mode_that_the_umask_leaves(umask: int, output: Path) -> None:
    os.umask(umask)
    publish(output)
    assert mode_of(output) == 0o666 & ~umask
    assert mode_of(manifest_of(output)) == 0o666 & ~umask


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_a_replaced_outputs_mode_is_kept(mode: int, output: Path) -> None:
    publish(output, OLD)
    output.chmod(mode)
    publish(output, NEW)
    assert mode_of(output) == mode
    assert mode_of(manifest_of(output)) == mode


def test_a_file_is_published_going_by_its_manifest(output: Path) -> None:
    assert not is_published(output)
    publish(output)
    assert is_published(output)
    assert published(output_paths(output)) is not None
    output.write_bytes(b"changed")
    assert is_published(output)
    assert published(output_paths(output)) is None
