"""What every loader must do, built-in or from another package."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
import skops.io

from tests.models.notebook import save_as_a_notebook_does
from titanic_batch.errors import ModelError, UntrustedModelError
from titanic_batch.models import VerifiedModel, load_estimator, open_model, show_model, trust_model
from titanic_batch.models.loaders.base import get_loader, registered_schemes

if TYPE_CHECKING:
    import pandas as pd


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the example package, as a user would, into a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    source = Path(__file__).with_name("example_loader")
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    where = ["--no-deps", "--no-build-isolation", "--target", str(folder), str(source)]
    subprocess.run([sys.executable, *install, *where], check=True, capture_output=True)
    return folder


@pytest.fixture
def installed(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the example package importable, and its warehouse a folder of this test."""
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("WAREHOUSE", str(tmp_path))
    registered_schemes.cache_clear()
    return tmp_path


@dataclass(frozen=True)
class Stored:
    """A model as one loader finds it."""

    loader: str
    ref: str


def in_store(model: Any, _: Path) -> Stored:
    return Stored("bentoml", save_as_a_notebook_does("m", model))


def in_pickle(model: Any, folder: Path) -> Stored:
    joblib.dump(model, folder / "m.pkl")
    return Stored("pickle", str(folder / "m.pkl"))


def in_skops(model: Any, folder: Path) -> Stored:
    skops.io.dump(model, folder / "m.skops")
    return Stored("skops", str(folder / "m.skops"))


def in_warehouse(model: Any, folder: Path) -> Stored:
    (folder / "m.bin").write_bytes(pickle.dumps(model))
    return Stored("warehouse", "warehouse:m")


@pytest.fixture(params=[in_store, in_pickle, in_skops, in_warehouse])
def stored(request: pytest.FixtureRequest, fitted: Any, installed: Path) -> Stored:
    keep: Callable[[Any, Path], Stored] = request.param
    return keep(fitted, installed)


def test_its_name_is_the_one_it_is_found_by(stored: Stored) -> None:
    assert get_loader(stored.loader).name == stored.loader
    assert show_model(stored.ref).loader == stored.loader


def test_resolving_finds_a_file_and_keeps_no_state(stored: Stored) -> None:
    loader = get_loader(stored.loader)
    rest = stored.ref.removeprefix("warehouse:")
    first, second = loader.resolve(rest), loader.resolve(rest)
    assert first == second
    assert first.path.is_absolute()
    assert first.path.is_file()
    assert first.tag


def test_a_model_that_is_not_there_is_one_clear_error(stored: Stored) -> None:
    absent = {
        "bentoml": "absent",
        "pickle": "absent.pkl",
        "skops": "absent.skops",
        "warehouse": "warehouse:absent",
    }
    with pytest.raises(ModelError) as caught:
        open_model(absent[stored.loader])
    assert caught.value.where
    assert caught.value.hint


def test_it_is_refused_until_it_is_trusted_and_then_scores_the_same(
    stored: Stored, fitted: Any, passengers: pd.DataFrame
) -> None:
    """Forests need trust in every format: skops does not know trees to be safe."""
    with pytest.raises(UntrustedModelError, match="models trust"):
        open_model(stored.ref)
    trust_model(stored.ref)
    model = open_model(stored.ref)
    travelled: VerifiedModel = pickle.loads(pickle.dumps(model))
    loaded = load_estimator(travelled)
    np.testing.assert_array_equal(
        fitted.predict_proba(passengers), loaded.estimator.predict_proba(passengers)
    )
    assert loaded.warnings == ()


def test_other_bytes_are_not_loaded(stored: Stored) -> None:
    trust_model(stored.ref)
    model = open_model(stored.ref)
    model.path.write_bytes(model.path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="changed after it was checked"):
        load_estimator(model)
    with pytest.raises((UntrustedModelError, ModelError)):
        open_model(stored.ref)


def trust_and_load(ref: str) -> Any:
    trust_model(ref)
    return load_estimator(open_model(ref)).estimator


def test_damaged_bytes_are_one_clear_error(stored: Stored) -> None:
    path = show_model(stored.ref).path
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError) as caught:
        trust_and_load(stored.ref)
    assert caught.value.where == stored.ref
    assert caught.value.hint


def test_a_loader_of_another_package_is_imported_only_for_its_scheme(installed: Path) -> None:
    assert {"warehouse", "broken", "hollow", "failing"} <= set(registered_schemes())
    with pytest.raises(ModelError):
        open_model("absent.pkl")
    assert "warehouse_loader.missing" not in sys.modules


@pytest.mark.parametrize(
    ("scheme", "says"),
    [
        ("broken", "its loader warehouse_loader.missing:Loader from warehouse-loader 1.2.3 fails"),
        ("hollow", "lacks resolve, trust_reason, load"),
        ("failing", "the loader failing failed in resolve: ZeroDivisionError"),
    ],
)
def test_a_faulty_loader_is_one_clear_error(scheme: str, says: str, installed: Path) -> None:
    with pytest.raises(ModelError) as caught:
        open_model(f"{scheme}:m")
    assert says in str(caught.value)
    assert caught.value.hint


def test_a_loader_that_is_gone_in_a_worker_is_one_clear_error(fitted: Any, tmp_path: Path) -> None:
    model = VerifiedModel(
        ref="gone:m",
        tag="m",
        loader="gone",
        path=tmp_path / "m",
        sha256="2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        schema=None,
        libraries={},
    )
    model.path.write_bytes(b"x")
    with pytest.raises(ModelError, match="no loader called gone"):
        load_estimator(model)
