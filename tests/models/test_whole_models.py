"""A stored model is applied as a whole or not at all; of other frameworks, it is said which."""

from __future__ import annotations

import pickle
import shlex
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tests.models.hostile import Reduce
from tests.models.notebook import as_a_notebook_does, save_as_a_notebook_does
from titanic_batch.errors import ModelError
from titanic_batch.models import open_model, show_model, trust_model
from titanic_batch.scoring.api import make_options, score
from titanic_batch.scoring.checking import check_files
from titanic_batch.training import register_model

ROWS = pd.DataFrame({"a": [-2.0, -1.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0, 0.0]})
SCALER = StandardScaler().fit(ROWS)
MODEL = LogisticRegression().fit(
    pd.DataFrame(SCALER.transform(ROWS), columns=list(ROWS)), [0, 0, 1, 1]
)


@pytest.fixture
def scaled() -> str:
    """Return the trusted model whose scaler stands beside it, as BentoML's own pages show it."""
    tag = save_as_a_notebook_does("scaled", MODEL, custom_objects={"scaler": SCALER})
    trust_model(tag)
    return tag


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def test_a_model_with_custom_objects_is_refused(
    scaled: str, rows_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    for act in (
        lambda: score(str(rows_file), str(out), model="scaled"),
        lambda: check_files(str(rows_file), make_options(model="scaled"), full=False),
        lambda: register_model("scaled", name="again"),
    ):
        with pytest.raises(ModelError, match=r"custom_objects\.pkl") as caught:
            act()
        assert caught.value.exit_code == 69
        assert "add --ignore-custom-objects" in caught.value.hint
    assert not out.exists()
    assert "custom_objects.pkl" in " ".join(show_model(scaled).warnings)


def test_with_the_flag_the_manifest_says_what_is_left_out(
    scaled: str, rows_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    manifest = score(str(rows_file), str(out), model="scaled", ignore_custom_objects=True)
    assert f"custom_objects.pkl of {scaled} is not applied" in manifest.warnings
    assert manifest.options["ignore_custom_objects"] is True
    np.testing.assert_array_equal(
        pd.read_parquet(out)["probability"], MODEL.predict_proba(ROWS)[:, 1]
    )
    saved = register_model("scaled", name="alone", ignore_custom_objects=True)
    assert f"custom_objects.pkl of {scaled} is not applied" in saved.warnings
    assert open_model("alone").warnings == ()


@pytest.mark.parametrize("kind", ["hostile", "empty", "link"])
def test_custom_objects_are_never_unpickled(
    kind: str, scaled: str, rows_file: Path, tmp_path: Path
) -> None:
    """Nobody has trusted their hash."""
    canary = tmp_path / "canary"
    path = open_model(scaled, ignore_custom_objects=True).path.with_name("custom_objects.pkl")
    path.unlink()
    if kind == "hostile":
        path.write_bytes(pickle.dumps(Reduce(Path.touch, canary)))
    elif kind == "empty":
        path.touch()
    else:
        path.symlink_to("nowhere")
    with pytest.raises(ModelError, match="custom objects"):
        open_model(scaled)
    out = tmp_path / "out.parquet"
    score(str(rows_file), str(out), model="scaled", ignore_custom_objects=True)
    show_model(scaled)
    assert not canary.exists()


def test_other_files_with_a_model_are_named(rows_file: Path, tmp_path: Path) -> None:
    tag = save_as_a_notebook_does("m", MODEL)
    trust_model(tag)
    folder = open_model(tag).path.parent
    (folder / "README.md").write_text("for people")
    assert open_model(tag).warnings == ()
    (folder / "parts").mkdir()
    joblib.dump(SCALER, folder / "parts" / "scaler.joblib")
    (warning,) = open_model(tag).warnings
    assert warning.endswith("which are not used: parts/scaler.joblib")
    manifest = score(str(rows_file), str(tmp_path / "out.parquet"), model=tag)
    assert warning in manifest.warnings


def test_a_model_of_no_framework_is_named_and_can_be_registered() -> None:
    with as_a_notebook_does() as bentoml, bentoml.models.create("created") as made:
        joblib.dump(MODEL, made.path_of("model.pkl"))
    with pytest.raises(ModelError, match=r"unnamed framework \(bentoml.models.create\)") as caught:
        open_model("created")
    follow(caught.value.hint)
    assert open_model("created").tag != str(made.tag)


def test_a_model_by_bentomls_picklable_model_is_named_and_can_be_registered() -> None:
    with as_a_notebook_does() as bentoml:
        bentoml.picklable_model.save_model("picked", MODEL)
    with pytest.raises(ModelError, match=r"cloudpickle \(bentoml.picklable_model\)") as caught:
        open_model("picked")
    follow(caught.value.hint)
    assert open_model("picked").loader == "bentoml"


def follow(hint: str) -> Any:
    """Do what a message says: register the file, once it is trusted."""
    titanic_batch, models, save, path, option, name = shlex.split(hint.split("`")[1])
    assert (titanic_batch, models, save, option) == ("titanic-batch", "models", "save", "--name")
    trust_model(path)
    return register_model(path, name=name)
