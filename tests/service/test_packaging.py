"""Pack the service as a bento, and the command as a container: what is in them, and that it runs.

`make bento-test` (PACKAGING=fresh) builds a bento, and runs both in environments made of their own
requirements, as a container build does. `make test` builds none.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.command import DIRTY, PASSENGERS, Command
from tests.cli.conftest import Shared, environment_in
from tests.service.running import BENTOML, PASSENGER, running

ROOT = Path(__file__).parents[2]
FRESH = os.environ.get("PACKAGING") == "fresh"
builds_a_bento = pytest.mark.skipif(not FRESH, reason="make bento-test builds bentos")


def run(arguments: Sequence[str | Path], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def outside(folder: Path) -> dict[str, str]:
    """Return the environment of somebody with an empty store who trusts nothing."""
    return environment_in(folder)


@pytest.fixture(scope="session")
def bento(shared: Shared, service_home: Path) -> Path:
    """Return the folder of a bento, built, exported and unpacked."""

    def build(folder: Path) -> None:
        environment = {**environment_in(service_home), "BENTOML_DO_NOT_TRACK": "true"}
        run([BENTOML, "build", "--version", "tested"], ROOT, environment)
        run([BENTOML, "export", "titanic_service:tested", folder / "b.tar"], folder, environment)
        (folder / "bento").mkdir()
        run(["tar", "-xf", folder / "b.tar", "-C", folder / "bento"], folder, environment)

    return shared("bento", build) / "bento"


@pytest.fixture(scope="session")
def described(bento: Path) -> Any:
    return yaml.safe_load((bento / "bento.yaml").read_text(encoding="utf-8"))


@builds_a_bento
def test_a_bento_holds_the_code_the_model_and_nothing_else(bento: Path, described: Any) -> None:
    files = {path.relative_to(bento).as_posix() for path in bento.rglob("*") if path.is_file()}
    code = {
        f"src/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "titanic_batch").rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    tag = described["services"][0]["models"][0]["tag"]
    folder = f"models/{tag.replace(':', '/')}"
    expected = {"bento.yaml", "README.md", "apis/openapi.yaml", "apis/schema.json"}
    expected |= {f"env/docker/{name}" for name in ("Dockerfile", "entrypoint.sh")}
    expected |= {f"env/python/{name}" for name in ("requirements.txt", "requirements.in")}
    expected |= {"src/LICENSE", "src/bentofile.yaml", *code}
    expected |= {"models/titanic_model/latest", f"{folder}/model.yaml", f"{folder}/saved_model.pkl"}
    assert files == expected


@builds_a_bento
def test_a_bento_names_its_model_and_trusts_its_hash_alone(
    described: Any, command: Command
) -> None:
    model = command("models", "show", "titanic_model", "--json").json
    found = {entry["name"]: entry["value"] for entry in described["envs"]}
    assert found == {
        "TITANIC_BATCH_MODEL": model["tag"],
        "TITANIC_BATCH_TRUST": model["sha256"],
        "BENTOML_DO_NOT_TRACK": "true",
    }


@builds_a_bento
def test_a_bento_asks_for_the_locked_packages_by_hash(bento: Path) -> None:
    def pinned(text: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9][\w.-]*==[^\s;]+)", text, re.MULTILINE))

    asked = (bento / "env" / "python" / "requirements.txt").read_text(encoding="utf-8")
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert pinned(asked) == pinned(locked)
    assert set(re.findall(r"sha256:\w+", asked)) == set(re.findall(r"sha256:\w+", locked))
    assert "://" not in asked


@builds_a_bento
def test_a_bento_runs_from_its_own_folder(bento: Path, tmp_path: Path, command: Command) -> None:
    venv = tmp_path / "venv"
    run([sys.executable, "-m", "venv", venv], tmp_path, dict(os.environ))
    requirements = bento / "env" / "python" / "requirements.txt"
    install: list[str | Path] = [venv / "bin" / "pip", "install", "-q", "-r", requirements]
    run(install, bento / "src", dict(os.environ))
    program = venv / "bin" / "bentoml"
    nobody = outside(tmp_path)
    with running(nobody, bento, what=["."], program=program, log=tmp_path / "log") as service:
        assert service.post("/predict", PASSENGER).json["survived"] == 1
        assert service.post("/predict", {}).status == 400
        report = command("parity", PASSENGERS, "--url", service.url, "--json").json
        assert report["equal"] == report["rows"] == 418
        assert report["largest_difference"] == 0.0
    # The batch command within it knows the packed model too, and nothing outside.
    batch = [str(program.with_name("python")), "-m", "titanic_batch"]
    listed = run([*batch, "models", "list"], bento / "src", nobody)
    assert "yes" in listed
    assert "churn_model" not in listed


def engine_runs() -> bool:
    """Tell whether containers can be built here."""
    asked = subprocess.run(
        "docker info || podman info", shell=True, capture_output=True, check=False
    )
    return asked.returncode == 0


if FRESH and engine_runs():

    def test_the_bento_becomes_a_container(bento: Path, service_home: Path) -> None:
        environment = {**environment_in(service_home), "BENTOML_DO_NOT_TRACK": "true"}
        run([BENTOML, "containerize", "titanic_service:tested"], ROOT, environment)


def steps() -> list[tuple[str, str]]:
    """Return the Containerfile's instructions."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_containerfile_copies_what_is_there_and_runs_the_command() -> None:
    copied = [rest.split()[:-1] for word, rest in steps() if word == "COPY"]
    sources = [name for names in copied for name in names if not names[0].startswith("--from")]
    assert sources
    assert all((ROOT / name).exists() for name in sources)
    assert steps()[-1] == ("ENTRYPOINT", '["titanic-batch"]')


if FRESH:

    def test_the_containerfiles_steps_make_a_command_that_scores(
        tmp_path: Path, service_home: Path
    ) -> None:
        """Run the steps of the first stage in a folder, as an engine would in an image."""
        source, venv = tmp_path / "src", tmp_path / "venv"
        source.mkdir()
        for word, rest in steps():
            if word == "RUN":
                line = rest.replace("/venv", str(venv)).replace(
                    "python -m venv", f"{sys.executable} -m venv"
                )
                run(shlex.split(line), source, dict(os.environ))
            elif word == "COPY" and not rest.startswith("--from"):
                for name in rest.split()[:-1]:
                    target = source / name
                    copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                    copy(ROOT / name, target)
        environment = environment_in(service_home)
        titanic_batch = venv / "bin" / "titanic-batch"
        run(
            [titanic_batch, "score", PASSENGERS, tmp_path / "scored.parquet"], tmp_path, environment
        )
        run([titanic_batch, "verify", tmp_path / "scored.parquet"], tmp_path, environment)
        rejected: list[str | Path] = [titanic_batch, "score", DIRTY, tmp_path / "dirty.parquet"]
        done = subprocess.run(rejected, env=environment, capture_output=True, check=False)
        assert done.returncode == 65
