"""The store of the tests' own keeps what every store promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stores.conformance import Conformance
from tests.stores.memory import MemoryStore
from titanic_batch.stores.base import Store


@pytest.fixture
def memory(tmp_path: Path) -> MemoryStore:
    folder = tmp_path / "staged"
    folder.mkdir()
    return MemoryStore(folder)


class TestMemoryStore(Conformance):
    @pytest.fixture
    def store(self, memory: MemoryStore) -> Store:
        return memory

    @pytest.fixture
    def place(self) -> str:
        return "mem://bucket/place"
