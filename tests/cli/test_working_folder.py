"""Nothing is imported from the working folder, whatever lies in it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.cli.command import PASSENGERS, PROGRAM, SAMPLE_DATA, Command

MODULE = """\
import os
with open(os.environ["MARK"], "a") as mark:
    mark.write(__name__ + "\\n")
"""
#: What `python -m` and the console script import before anything of ours runs.
BEFORE_OURS = "import pkgutil, re, runpy, sys; print(*sys.modules)"

SCORE = ("score", "-", "out.csv", "--workers", "2", "-q")
LIBRARY = """\
import sys
sys.stdin = open(sys.argv[1])
import titanic_batch
titanic_batch.score("-", "out.csv", workers=2)
"""
JOB = """\
[job]
name = "nightly"
timezone = "UTC"
[model]
ref = "titanic_model:latest"
[input]
path = "in.csv"
[output]
path = "out.csv"
"""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A working folder full of modules that anybody may have put there."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, stdin: Path = PASSENGERS, **environment: str) -> str:
        with stdin.open("rb") as given:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={**self.environment, **environment},
                stdin=given,
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def imported(self) -> str:
        mark = self.folder / "mark.txt"
        return mark.read_text() if mark.exists() else ""


@pytest.fixture
def planted(installed: Command, tmp_path: Path) -> Planted:
    names = {*sys.stdlib_module_names, *packages_distributions(), "usercustomize", "cupy"}
    for name in names - {"sitecustomize", "_distutils_hack"}:
        (tmp_path / f"{name}.py").write_text(MODULE)
    (tmp_path / "in.csv").write_bytes(PASSENGERS.read_bytes())
    (tmp_path / "nightly.toml").write_text(JOB)
    environment = {**installed.environment, "MARK": str(tmp_path / "mark.txt")}
    return Planted(folder=tmp_path, environment=environment)


def without_what_comes_before_ours(planted: Planted) -> None:
    """Take away what Python itself looks for in the working folder, before we can do anything."""
    known = planted.run(sys.executable, "-P", "-c", BEFORE_OURS)
    for name in {*known.split(), "titanic_batch"}:
        (planted.folder / f"{name}.py").unlink(missing_ok=True)


def test_by_the_console_script(planted: Planted) -> None:
    planted.run(str(PROGRAM), *SCORE)
    assert (planted.folder / "out.csv").exists()
    assert planted.imported == ""


def test_by_python_m_a_job(planted: Planted) -> None:
    without_what_comes_before_ours(planted)
    planted.run(sys.executable, *("-m", "titanic_batch", "run", "nightly.toml", "-q"))
    assert (planted.folder / "out.csv").exists()
    assert planted.imported == ""


def test_by_a_path_that_means_the_working_folder(planted: Planted) -> None:
    without_what_comes_before_ours(planted)
    planted.run(str(PROGRAM), *SCORE, PYTHONPATH=f":.:../{planted.folder.name}")
    assert planted.imported == ""


def test_by_a_script_of_the_users(
    planted: Planted, tmp_path_factory: pytest.TempPathFactory
) -> None:
    script = tmp_path_factory.mktemp("own") / "nightly.py"
    script.write_text(LIBRARY)
    planted.run(sys.executable, str(script), str(SAMPLE_DATA / "passengers.csv"))
    assert (planted.folder / "out.csv").exists()
    assert planted.imported == ""
