"""Which model is served, and how a model that cannot be ends the command: in one line."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from bentoml.exceptions import BentoMLException
from typer.testing import CliRunner

from tests.cli.conftest import environment_in
from tests.service.running import BENTOML, PASSENGER, SERVICE, Running
from titanic_batch.cli.models import models_app
from titanic_batch.serving.hosting import served_model


@pytest.fixture(autouse=True)
def at_home(service_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "BENTOML_HOME"):
        monkeypatch.setenv(name, environment_in(service_home)[name])
    for name in ("TITANIC_BATCH_MODEL", "TITANIC_BATCH_TRUST"):
        monkeypatch.delenv(name, raising=False)


def test_the_environment_names_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    assert served_model().tag.startswith("titanic_model:")
    monkeypatch.setenv("TITANIC_BATCH_MODEL", "churn_model")
    assert served_model().tag.startswith("churn_model:")


def test_nothing_is_imported_from_the_working_folder(service: Running) -> None:
    assert service.post("/predict", PASSENGER).status == 200
    folder = service.log.with_name("titanic_model-folder")
    assert "sklearn.py" in {path.name for path in folder.iterdir()}
    assert not (folder / "imported.txt").exists()


def test_what_cannot_be_served_is_said_to_bentoml(
    monkeypatch: pytest.MonkeyPatch, service_home: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("TITANIC_BATCH_MODEL", "missing_model")
    with pytest.raises(BentoMLException, match="no such model"):
        served_model()
    monkeypatch.setenv("TITANIC_BATCH_MODEL", str(service_home / "best_model.pkl"))
    with pytest.raises(BentoMLException, match="takes its model from the BentoML store"):
        served_model()
    monkeypatch.delenv("TITANIC_BATCH_MODEL")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with pytest.raises(BentoMLException, match="is not trusted"):
        served_model()


def test_a_model_with_custom_objects_is_not_served_and_the_advice_works(
    monkeypatch: pytest.MonkeyPatch, service_home: Path, tmp_path: Path
) -> None:
    for name, value in environment_in(tmp_path).items():
        monkeypatch.setenv(name, value)
    shutil.copytree(service_home / "bentoml", tmp_path / "bentoml")
    (file,) = (tmp_path / "bentoml" / "models" / "churn_model").glob("*/saved_model.pkl")
    monkeypatch.setenv("TITANIC_BATCH_TRUST", hashlib.sha256(file.read_bytes()).hexdigest())
    monkeypatch.setenv("TITANIC_BATCH_MODEL", "churn_model")
    (file.parent / "custom_objects.pkl").write_bytes(b"anything")
    with pytest.raises(BentoMLException, match=r"custom_objects\.pkl") as caught:
        served_model()
    command = shlex.split(str(caught.value).split("`")[1])
    assert command[:3] == ["titanic-batch", "models", "save"]
    assert CliRunner().invoke(models_app, [*command[2:], "--quiet"]).exit_code == 0
    monkeypatch.setenv("TITANIC_BATCH_MODEL", command[command.index("--name") + 1])
    assert served_model().warnings == ()


def test_a_damaged_model_ends_the_command_in_a_line_and_nobody_is_told(
    service_home: Path, tmp_path: Path
) -> None:
    shutil.copytree(service_home / "bentoml", tmp_path / "bentoml")
    (path,) = (tmp_path / "bentoml" / "models" / "churn_model").glob("*/saved_model.pkl")
    path.write_bytes(b"garbage")
    trust = hashlib.sha256(b"garbage").hexdigest()
    done = subprocess.run(
        [BENTOML, "serve", SERVICE],
        cwd=tmp_path,
        env={
            **environment_in(tmp_path),
            "TITANIC_BATCH_MODEL": "churn_model",
            "TITANIC_BATCH_TRUST": trust,
            "__BENTOML_DEBUG_USAGE": "true",  # what would be sent to bentoml's makers is printed
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "the file is damaged, or no model" in done.stderr
    assert "Traceback" not in done.stdout
    assert "Tracking Payload" not in done.stdout + done.stderr
