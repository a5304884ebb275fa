"""Each test gets an empty home, store and configuration of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(empty_home: Path) -> Path:
    return empty_home
