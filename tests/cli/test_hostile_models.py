"""No command runs what a hostile model file holds: the canary is never written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.amount import some
from tests.cli.command import PASSENGERS, Command
from tests.models.hostile import hostile_pickles, hostile_skops

PICKLES = sorted(hostile_pickles(Path("canary")))
SKOPS = sorted(hostile_skops(Path("canary")))
#: A file of each kind, for the commands that pass the same gate.
SOME = ["os_system", "joblib", "gzip", "os_system_type"]

JOB = """
[job]
name = "night"
[model]
ref = "{model}"
[input]
path = "{input}"
[output]
path = "out/{{date:%Y-%m-%d}}.parquet"
"""


def hostile(name: str, folder: Path) -> Path:
    """Write the hostile file called `name`; its canary would be `canary` beside it."""
    canary = folder / "canary"
    if name in PICKLES:
        model = folder / "model.pkl"
        model.write_bytes(hostile_pickles(canary)[name])
    else:
        model = folder / "model.skops"
        model.write_bytes(hostile_skops(canary)[name])
    return model


def refused(command: Command, *arguments: object) -> None:
    """Run a command that must refuse the model, with one clear message and no canary."""
    done = command(*arguments, code=None)
    assert done.code in (69, 77), done
    assert "model" in done.error
    if done.code == 77:
        assert "models trust" in done.error
    assert not (command.folder / "canary").exists()


@pytest.mark.parametrize("name", some([*PICKLES, *SKOPS], every=5))
def test_score_refuses_it(name: str, command: Command, tmp_path: Path) -> None:
    refused(command, "score", PASSENGERS, "out.parquet", "--model", hostile(name, tmp_path))
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("name", SOME)
def test_check_run_and_save_refuse_it_and_show_does_not_load_it(
    name: str, command: Command, tmp_path: Path
) -> None:
    model = hostile(name, tmp_path)
    (tmp_path / "night.toml").write_text(JOB.format(model=model, input=PASSENGERS))
    refused(command, "check", PASSENGERS, "--model", model)
    refused(command, "run", "night.toml", "--date", "2026-11-22")
    refused(command, "models", "save", model, "--name", "mine")
    command("models", "show", model, code=None)
    assert not (tmp_path / "canary").exists()
