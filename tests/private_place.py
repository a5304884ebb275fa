"""A folder that nobody else can write to, or replace: pytest's own lie in /tmp, where all can."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from titanic_batch.models.trust.write_access import exposure_of_place


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """Return a new folder in which plans may be kept."""
    for place in (Path(pwd.getpwuid(os.geteuid()).pw_dir), Path(__file__).parents[1]):
        if place.is_dir() and exposure_of_place(place / "it", sticky_counts=True) is None:
            folder = Path(tempfile.mkdtemp(prefix=".titanic-batch-test-", dir=place))
            yield folder
            shutil.rmtree(folder, ignore_errors=True)
            return
    pytest.skip("others can write to your home and to this checkout: no plan is kept there")
