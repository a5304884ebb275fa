"""A device, a pipe or a socket is never renamed over, nor read: a pipe would wait for ever."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.publish.publishing import NEW, files_in, manifest_of, publish, rejects_of
from titanic_batch.errors import FileAccessError, UsageError
from titanic_batch.publish.manifest import read_manifest
from titanic_batch.publish.ownership import published
from titanic_batch.publish.paths import output_paths


@pytest.mark.parametrize("companion", ["data", "rejects", "failed_rejects", "manifest"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_pipe_is_refused_whatever_it_is_in_place_of(
    companion: str, overwrite: bool, output: Path
) -> None:
    place = Path(getattr(output_paths(output), companion))
    os.mkfifo(place)
    with pytest.raises(UsageError, match="a device, a pipe or a socket"):
        publish(output, NEW, overwrite=overwrite)
    assert place.is_fifo()
    assert [path.name for path in output.parent.iterdir()] == [place.name]


@pytest.mark.parametrize("companion", ["data", "rejects", "failed_rejects", "manifest"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_so_is_a_folder(companion: str, overwrite: bool, output: Path) -> None:
    place = Path(getattr(output_paths(output), companion))
    place.mkdir()
    with pytest.raises(FileAccessError, match="folder"):
        publish(output, NEW, overwrite=overwrite)
    assert [path.name for path in output.parent.iterdir()] == [place.name]


def test_a_pipe_behind_a_link_is_refused(output: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    output.symlink_to(tmp_path / "pipe")
    with pytest.raises(UsageError, match="a device, a pipe or a socket"):
        publish(output, NEW, overwrite=True)
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_to_a_pipe_in_place_of_the_rejects_is_not_read(output: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    rejects_of(output).symlink_to(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a rejects file"):
        publish(output, NEW)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_no_manifest(make: Callable[[Path], None], output: Path) -> None:
    place = manifest_of(output)
    make(place)
    assert read_manifest(place) is None


def test_a_pipe_in_the_place_of_a_published_output_is_not_read(output: Path) -> None:
    publish(output, NEW)
    output.unlink()
    os.mkfifo(output)
    assert published(output_paths(output)) is None


def test_a_strangers_file_at_the_manifests_place_is_refused(output: Path) -> None:
    manifest_of(output).write_bytes(b"precious\n")
    with pytest.raises(UsageError, match="this file is not a manifest: it is not JSON"):
        publish(output, NEW)
    assert files_in(output.parent) == {"scored.csv.manifest.json": b"precious\n"}
    publish(output, NEW, overwrite=True)
    assert output.read_bytes() == NEW
