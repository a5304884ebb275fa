from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import pytest

from tests.models.notebook import save_as_a_notebook_does, save_other_framework
from titanic_batch.errors import ModelError, UntrustedModelError, UsageError
from titanic_batch.models import load_estimator, open_model, trust_model
from titanic_batch.schema import TrainingSchema
from titanic_batch.training import save_model


def dumped(estimator: Any, path: Path) -> str:
    joblib.dump(estimator, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_found_hashed_and_described(fitted: Any, tmp_path: Path) -> None:
    path = tmp_path / "best_model.pkl"
    sha256 = dumped(fitted, path)

    model = open_model(str(path), trust=[sha256])

    assert model.tag == "best_model.pkl"
    assert model.path == path
    assert model.sha256 == sha256
    assert model.loader == "pickle"
    assert model.schema is None
    assert set(model.libraries) == {"scikit-learn"}
    assert model == pickle.loads(pickle.dumps(model))


def test_a_relative_path_is_made_absolute(
    fitted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = dumped(fitted, tmp_path / "m.pkl")
    monkeypatch.chdir(tmp_path)
    assert open_model("m.pkl", trust=[sha256]).path == tmp_path / "m.pkl"


def test_a_link_is_followed(fitted: Any, tmp_path: Path) -> None:
    sha256 = dumped(fitted, tmp_path / "v1.pkl")
    (tmp_path / "current.pkl").symlink_to("v1.pkl")
    model = open_model(str(tmp_path / "current.pkl"), trust=[sha256])
    assert model.tag == "current.pkl"
    load_estimator(model)


@pytest.mark.parametrize("ending", [".pkl", ".skops"])
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "there is no such file"),
        ("empty", "the file is empty"),
        ("directory", "it is a directory"),
        ("fifo", "not a regular file"),
        ("device", "not a regular file"),
        ("dangling", "the link leads nowhere"),
        ("loop", "it cannot be read"),
        ("below_a_file", "there is no such file"),
    ],
)
def test_what_is_no_model_file_is_refused(
    kind: str, says: str, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"model{ending}"
    if kind == "empty":
        path.touch()
    elif kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "below_a_file":
        (tmp_path / "file").touch()
        path = tmp_path / "file" / path.name
    with pytest.raises(ModelError, match=says) as caught:
        open_model(str(path))
    assert caught.value.where == str(path)
    assert caught.value.hint


def test_a_store_model_saved_by_plain_bentoml_opens_once_trusted(fitted: Any) -> None:
    tag = save_as_a_notebook_does("titanic_model", fitted)
    with pytest.raises(UntrustedModelError, match=f"models trust {tag}") as caught:
        open_model("titanic_model:latest")
    assert caught.value.where == tag

    trust_model("titanic_model")
    for ref in ("titanic_model", "titanic_model:latest", tag, tag[:-6]):
        model = open_model(ref)
        assert (model.ref, model.tag, model.loader) == (ref, tag, "bentoml")
        assert model.schema is None
        assert {"scikit-learn", "python", "bentoml"} <= set(model.libraries)


def test_a_newer_version_behind_latest_is_not_trusted_by_the_old_one(
    fitted: Any, schema: TrainingSchema
) -> None:
    save_model(fitted, name="titanic_model", schema=schema)
    open_model("titanic_model:latest")
    save_as_a_notebook_does("titanic_model", fitted.set_params(forest__max_depth=2))
    fitted.set_params(forest__max_depth=3)
    with pytest.raises(UntrustedModelError):
        open_model("titanic_model:latest")


def test_a_missing_store_model_names_similar_ones_and_the_next_commands(
    fitted: Any, schema: TrainingSchema
) -> None:
    model = save_model(fitted, name="titanic_model", schema=schema)
    with pytest.raises(ModelError, match="titanic_model") as caught:
        open_model("titanic_modle")
    assert "models list" in caught.value.hint
    assert "models train" in caught.value.hint
    with pytest.raises(ModelError) as caught:
        open_model("titanic_model:zzz")
    assert model.tag in caught.value.hint


@pytest.mark.parametrize("ref", ["a b", "model:", ":x", "a:b:c", "x" * 80, "-x", "Ünïcode"])
def test_an_impossible_name_is_not_found(ref: str) -> None:
    with pytest.raises(ModelError) as caught:
        open_model(ref)
    assert caught.value.exit_code == 69


def test_an_empty_store_is_read_without_being_made(home: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        open_model("titanic_model")
    assert not (home / "bentoml").exists()


def test_a_store_model_without_its_file_is_refused(fitted: Any, schema: TrainingSchema) -> None:
    model = save_model(fitted, name="m", schema=schema)
    model.path.unlink()
    with pytest.raises(ModelError, match="no such file"):
        open_model("m")


def test_a_store_model_with_damaged_metadata_is_refused(
    fitted: Any, schema: TrainingSchema
) -> None:
    model = save_model(fitted, name="m", schema=schema)
    for text in ("[", "a: 1", "name: x\nversion: y\n", ""):
        (model.path.parent / "model.yaml").write_text(text)
        with pytest.raises(ModelError):
            open_model("m")


def test_a_store_model_of_another_framework_is_refused(home: Path) -> None:
    save_other_framework("net")
    with pytest.raises(ModelError, match=r"a model of torch \(bentoml.pytorch\)"):
        open_model("net")


def test_a_malformed_hash_is_wrong_usage(fitted: Any, tmp_path: Path) -> None:
    dumped(fitted, tmp_path / "m.pkl")
    with pytest.raises(UsageError, match="64 hexadecimal"):
        open_model(str(tmp_path / "m.pkl"), trust=["abc"])


def test_a_store_says_how_to_install_bentoml_where_it_is_missing(
    fitted: Any, schema: TrainingSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(fitted, name="m", schema=schema)
    for package in ("bentoml", "yaml"):
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelError, match=r"pip install 'titanic-batch\[bentoml\]'"):
        open_model("m")
    with pytest.raises(ModelError, match=r"pip install 'titanic-batch\[bentoml\]'"):
        save_model(fitted, name="m", schema=schema)


def test_opening_prints_nothing_and_leaves_logging_alone(home: Path) -> None:
    script = """
import logging
from titanic_batch.errors import ModelError
from titanic_batch.models import open_model, list_models
list_models()
for ref in ("Titanic_Model", "nope:Abc"):
    try:
        open_model(ref)
    except ModelError:
        pass
assert not logging.root.handlers
logger = logging.getLogger("bentoml")
assert logger.propagate and not logger.handlers and logger.level == logging.NOTSET
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = (
        "import sys, titanic_batch.models; "
        "print([n for n in ('sklearn', 'pandas', 'numpy', 'bentoml', 'joblib', 'skops', 'pyarrow')"
        " if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
