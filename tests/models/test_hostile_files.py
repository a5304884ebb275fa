"""No stranger's code runs without trust, whatever a model file holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models.hostile import hostile_pickles, hostile_skops
from titanic_batch.errors import ModelError, UntrustedModelError
from titanic_batch.models import open_model, show_model
from titanic_batch.training import register_model

PICKLES = sorted(hostile_pickles(Path("canary")))
SKOPS = sorted(hostile_skops(Path("canary")))


def test_there_are_enough_of_them() -> None:
    assert len(PICKLES) + len(SKOPS) >= 40


@pytest.mark.parametrize("name", PICKLES)
@pytest.mark.parametrize("ending", [".pkl", ".joblib"])
def test_a_hostile_pickle_is_refused_without_being_run(
    name: str, ending: str, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    model = tmp_path / f"model{ending}"
    model.write_bytes(hostile_pickles(canary)[name])

    for refuses in (open_model, register_model):
        with pytest.raises(UntrustedModelError) as caught:
            refuses(str(model))
        assert f"titanic-batch models trust {model}" in str(caught.value)
    assert not show_model(str(model)).trusted
    assert not canary.exists()


@pytest.mark.parametrize("name", SKOPS)
def test_a_hostile_skops_file_is_refused_without_being_run(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    model = tmp_path / "model.skops"
    model.write_bytes(hostile_skops(canary)[name])

    with pytest.raises((UntrustedModelError, ModelError)) as caught:
        register_model(str(model))
    assert caught.value.where == str(model)
    assert caught.value.hint
    assert len(str(caught.value)) < 800
    assert not canary.exists()


def test_a_hostile_pickle_runs_only_after_its_own_hash_was_trusted(tmp_path: Path) -> None:
    """The canary works: otherwise the tests above would show nothing."""
    canary = tmp_path / "canary"
    model = tmp_path / "model.pkl"
    model.write_bytes(hostile_pickles(canary)["os_system"])
    sha256 = show_model(str(model)).sha256
    assert not canary.exists()

    with pytest.raises(ModelError, match="no predict"):
        register_model(str(model), trust=[sha256])
    assert canary.exists()
