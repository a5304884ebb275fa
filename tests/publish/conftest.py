"""Each test publishes into an empty folder of its own, under the usual umask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "scored"
    folder.mkdir()
    before = os.umask(0o022)
    yield folder
    os.umask(before)


@pytest.fixture
def output(folder: Path) -> Path:
    return folder / "scored.csv"
