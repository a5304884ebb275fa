"""An input that changes is noticed: while it is open, and after it was closed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from titanic_batch.errors import DataError
from titanic_batch.sources.watch import InputWatch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_bytes(b"a\n1\n")
    return path


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"2\n")


def touch(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


@pytest.mark.parametrize("change", [grow, touch])
@pytest.mark.parametrize("closes", [False, True])
def test_a_change_is_noticed(path: Path, change: object, *, closes: bool) -> None:
    with path.open("rb") as file:
        watch = InputWatch(file, str(path))
        watch.check()
        if closes:
            file.close()
            watch.check()
        change(path)  # type: ignore[operator]
        with pytest.raises(DataError, match="changed while it was read"):
            watch.check()


def test_another_file_in_its_place_changes_nothing_of_what_was_read(path: Path) -> None:
    with path.open("rb") as file:
        watch = InputWatch(file, str(path))
    other = path.with_name("other.csv")
    other.write_bytes(b"a\n1\n2\n")
    other.replace(path)
    watch.check()
    path.unlink()
    watch.check()
