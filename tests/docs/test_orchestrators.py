"""docs/orchestrators.md: its commands are known here, and its scripts map exit codes as it says."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from titanic_batch.cli.run import run_command
from titanic_batch.errors import KNOWN_EXIT_CODES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "orchestrators.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_its_python_is_python_and_runs_jobs_for_a_date() -> None:
    examples = blocks("python")
    assert len(examples) == 3
    for example in examples:
        texts = [node.value for node in ast.walk(ast.parse(example))
                 if isinstance(node, ast.Constant) and isinstance(node.value, str)]  # fmt: skip
        words = {word for text in texts for word in text.split()}
        assert {"titanic-batch", "run", "--date", "--json-line"} <= words


def test_its_options_are_those_of_run() -> None:
    (command,) = blocks("bash")
    told = {word for word in shlex.split(command) if word.startswith("--")}
    known = {f"--{name.replace('_', '-')}" for name in run_command.__annotations__}
    assert told == {"--date", "--json-line", "--skip-exit-code"}
    assert told <= known
    assert 99 not in KNOWN_EXIT_CODES


@pytest.mark.parametrize(("code", "ends_with"), [(0, 0), (99, 0), (65, 65), (75, 75)])
def test_the_workflow_fails_where_the_run_does(tmp_path: Path, code: int, ends_with: int) -> None:
    workflow = yaml.safe_load(blocks("yaml")[0])
    (script,) = (step["run"] for step in workflow["jobs"]["score"]["steps"] if "run" in step)
    program = tmp_path / "titanic-batch"
    program.write_text(f'#!/bin/sh\nprintf "%s " "$@"\nexit {code}\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        env={"PATH": f"{tmp_path}{os.pathsep}{os.defpath}", "DATE": "today"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ends_with
    assert "run jobs/nightly.toml --date today --json-line --skip-exit-code 99" in done.stdout
    assert ("::notice::" in done.stdout) == (code == 99)
