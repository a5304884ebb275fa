"""docs/serving.md: its commands, typed in order, end in a service that agrees with the batch."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import environment_in
from tests.service.running import running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
FRESH = os.environ.get("PACKAGING") == "fresh"

#: What a clone holds that the commands need.
CLONED = (
    *("titanic_batch", "sample_data"),
    *("LICENSE", "README.md", "bentofile.yaml", "pyproject.toml", "requirements.lock"),
)


def commands(heading: str) -> list[str]:
    """Return the commands under a heading of the page."""
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(heading)]
    return "".join(re.findall(r"```bash\n(.*?)```", text, re.DOTALL)).splitlines()


@pytest.mark.skipif(not FRESH, reason="make bento-test types the page's commands")
def test_the_commands_in_their_order_end_in_a_service_that_agrees(tmp_path: Path) -> None:
    clone = cloned(tmp_path / "clone")
    environment = with_programs(clone / "home")
    for heading in ("1. Train", "2. Register"):
        for line in commands(heading):
            shell(line, clone, environment)
    (serve,) = commands("3. Serve")
    what = re.fullmatch(r"bentoml serve (\S+) --port 3000", serve)
    assert what is not None
    with running(environment, clone, what=[what[1]], log=tmp_path / "log") as service:
        for line, example in zip(commands("4. Ask"), examples("4. Ask"), strict=True):
            same_answer(shell(line, clone, environment, service.port), example)
        agrees(clone, environment, service.port)
    *packing, install, serve = commands("6. Pack")
    what = re.fullmatch(r"cd unpacked && ../(packed-env/bin/bentoml) serve . --port 3001", serve)
    assert what is not None
    for line in (*packing, install):
        shell(line, clone, environment)
    program, log = clone / what[1], tmp_path / "log"
    nobody = environment_in(clone / "elsewhere")
    with running(nobody, clone / "unpacked", what=["."], program=program, log=log) as service:
        agrees(clone, environment, service.port)


def cloned(folder: Path) -> Path:
    """Copy what a clone holds that the commands need."""
    folder.mkdir()
    for name in CLONED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def with_programs(home: Path) -> dict[str, str]:
    environment = environment_in(home)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return {**environment, "PATH": programs, "BENTOML_DO_NOT_TRACK": "true"}


def same_answer(text: str, example: str) -> None:
    answer, expected = json.loads(text), json.loads(example)
    if "model" in expected:
        assert answer.pop("model").startswith("titanic_model:")
        expected.pop("model")
        assert answer.pop("probability") == pytest.approx(expected.pop("probability"), abs=1e-9)
    assert answer == expected


def agrees(clone: Path, environment: Mapping[str, str], port: int) -> None:
    """Run the page's parity command, which must print what the page shows."""
    (line,) = commands("5. Compare")
    varying = re.compile(r"titanic_model:\w+|127\.0\.0\.1:\d+")
    said = varying.sub("*", shell(line, clone, environment, port))
    (shown,) = re.findall(r"```\n(418 of .*?)```", PAGE, re.DOTALL)
    assert said == varying.sub("*", shown)


def shell(line: str, folder: Path, environment: Mapping[str, str], port: int = 3000) -> str:
    done = subprocess.run(
        ["bash", "-c", line.replace("127.0.0.1:3000", f"127.0.0.1:{port}")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def examples(heading: str) -> list[str]:
    text = PAGE[PAGE.index(f"## {heading}") :]
    return re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)


def test_make_serve_is_the_same_command() -> None:
    (serve,) = commands("3. Serve")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"$(BIN)/{serve.removesuffix(' --port 3000')}\n" in makefile


def test_every_reason_is_listed() -> None:
    from typing import get_args

    from titanic_batch.faults import Reason

    about_files = {"wrong-width", "bad-quote", "unterminated", "repeated-header"}
    listed = set(re.findall(r"`([a-z-]+)`", PAGE[PAGE.index("| `reason` |") : PAGE.index("## 5")]))
    assert set(get_args(Reason)) - about_files <= listed
