"""The grids and sweeps of which `make test` takes some cases, whole."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.amount import WHOLE
from tests.faults.lab import Case, Lab
from tests.faults.process import REPOSITORY


def whole_grids(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Run each file of tests that takes some cases of many, with all of them."""
    for path in sorted((REPOSITORY / "tests").rglob("test_*.py")):
        if "from tests.amount import" in path.read_text(encoding="utf-8"):
            yield Case(str(path.relative_to(REPOSITORY)), functools.partial(_passes, path))


def _passes(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)],
        cwd=REPOSITORY,
        env=os.environ | {WHOLE: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
