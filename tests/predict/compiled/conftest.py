from __future__ import annotations

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Let scikit-learn use one thread, as a run does: several are slow on a busy machine."""
    with threadpool_limits(limits=1):
        yield
