from __future__ import annotations

import gzip
import io
import os
import pickle
import sys
import types
import warnings
import zlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.models.notebook import save_as_a_notebook_does
from titanic_batch.errors import ModelError
from titanic_batch.models import VerifiedModel, load_estimator, open_model, trust_model
from titanic_batch.models.loaders.pickle_file import recorded_sklearn_version

INSTALLED = version("scikit-learn")
MAJOR, MINOR, PATCH = INSTALLED.split(".")
OTHER_MINOR = f"{MAJOR}.{int(MINOR) - 1}.{PATCH}"
OTHER_PATCH = f"{MAJOR}.{MINOR}.{(int(PATCH) + 1) % 10}"


class Rule(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A model with nothing to fit."""

    def predict(self, rows: Any) -> Any:
        return np.zeros(len(rows))


class SaysWhatItLoads(DummyClassifier):  # type: ignore[misc]
    def __setstate__(self, state: dict[str, Any]) -> None:
        sys.stdout.write("loading\n")
        warnings.warn("take care", UserWarning, stacklevel=1)
        self.__dict__.update(state)


class Ends(DummyClassifier):  # type: ignore[misc]
    def __setstate__(self, state: dict[str, Any]) -> None:
        sys.exit("bye")


def opened(data: object, path: Path, **options: Any) -> VerifiedModel:
    """Write a model file, trust it, open it."""
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        joblib.dump(data, path)
    trust_model(str(path))
    return open_model(str(path), **options)


def aged(data: bytes, recorded: str) -> bytes:
    """Return a pickle as another version of scikit-learn would have written it."""
    assert INSTALLED.encode() in data
    return data.replace(INSTALLED.encode(), recorded.encode())


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)])
def test_joblib_files_load_compressed_or_not(
    compress: Any, fitted: Any, passengers: Any, tmp_path: Path
) -> None:
    path = tmp_path / "m.joblib"
    joblib.dump(fitted, path, compress=compress)
    trust_model(str(path))
    loaded = load_estimator(open_model(str(path)))
    np.testing.assert_array_equal(
        fitted.predict_proba(passengers), loaded.estimator.predict_proba(passengers)
    )
    assert loaded.warnings == ()


@pytest.mark.parametrize("protocol", range(6))
def test_plain_pickles_load_and_tell_their_version(
    protocol: int, fitted: Any, passengers: Any, tmp_path: Path
) -> None:
    model = opened(pickle.dumps(fitted, protocol=protocol), tmp_path / "m.pkl")
    assert model.libraries == {"scikit-learn": INSTALLED}
    loaded = load_estimator(model)
    np.testing.assert_array_equal(fitted.predict(passengers), loaded.estimator.predict(passengers))


def test_a_swapped_file_is_not_loaded(fitted: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    model = opened(fitted, path)
    canary = tmp_path / "canary"
    path.write_bytes(pickle.dumps(_Touch(canary)))
    with pytest.raises(ModelError, match="changed after it was checked"):
        load_estimator(model)
    path.unlink()
    with pytest.raises(ModelError, match="no such file"):
        load_estimator(model)
    assert not canary.exists()


def test_the_file_is_read_once_for_hash_and_load(
    fitted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.pkl"
    model = opened(fitted, path)
    reads: list[str] = []
    real = os.open

    def counting(name: Any, *arguments: Any, **options: Any) -> int:
        if str(name) == str(path):
            reads.append(str(name))
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", counting)
    load_estimator(model)
    assert len(reads) == 1


class _Touch:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return Path.touch, (self.canary,)


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        ({"model": 1}, "builtins.dict"),
        ([1, 2], "builtins.list"),
        (None, "NoneType"),
        (pd.DataFrame({"a": [1]}), "DataFrame"),
        (np.arange(3), "ndarray"),
        (LogisticRegression, "the class LogisticRegression"),
        (LogisticRegression(), "never fitted"),
        (make_pipeline(LogisticRegression()), "never fitted"),
        (make_pipeline("passthrough"), "no predict"),
    ],
)
def test_wrong_objects_are_refused(thing: object, says: str, tmp_path: Path) -> None:
    model = opened(pickle.dumps(thing), tmp_path / "m.pkl")
    with pytest.raises(ModelError, match=says) as caught:
        load_estimator(model)
    assert "joblib.dump(model, FILE)" in caught.value.hint


def test_an_estimator_with_nothing_to_fit_is_taken_at_its_word(tmp_path: Path) -> None:
    estimator = load_estimator(opened(Rule(), tmp_path / "m.pkl")).estimator
    assert list(estimator.predict([[1.0]])) == [0.0]


@pytest.mark.parametrize("compress", [0, 3])
def test_truncated_files_are_refused(compress: int, fitted: Any, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    joblib.dump(fitted, buffer, compress=compress)
    whole = buffer.getvalue()
    for place, length in enumerate((1, 2, 100, len(whole) // 2, len(whole) - 20)):
        model = opened(whole[:length], tmp_path / f"{place}.pkl")
        with pytest.raises(ModelError, match="damaged") as caught:
            load_estimator(model)
        assert caught.value.where.endswith(f"{place}.pkl")


@pytest.mark.parametrize(
    "data",
    [b"hello", b"\0" * 50, b"PK\3\4junk", gzip.compress(b"hello", mtime=0)],
    ids=["text", "zeros", "zip", "gzip"],
)
def test_files_that_are_no_pickle_are_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="damaged, or no model"):
        load_estimator(opened(data, tmp_path / "m.pkl"))


def test_a_missing_package_is_named_with_its_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("imblearn")
    made = type("Sampler", (DummyClassifier,), {"__module__": "imblearn"})
    module.Sampler = made  # type: ignore[attr-defined]
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "imblearn", module)
        data = pickle.dumps(made())
    with pytest.raises(ModelError, match=r"pip install imbalanced-learn"):
        load_estimator(opened(data, tmp_path / "m.pkl"))


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("lightgbm.sklearn", "lightgbm"),
        ("feature_engine.encoding", "feature-engine"),
        ("sksurv.tree", "scikit-survival"),
        ("umap", "umap-learn"),
    ],
)
def test_a_well_known_package_is_named_by_its_own_name(
    module: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = module.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == top]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Without(top), *sys.meta_path])
    with pytest.raises(ModelError) as caught:
        load_estimator(opened(f"c{module}\nModel\n)R.".encode(), tmp_path / "m.pkl"))
    assert caught.value.hint == f"Install it: pip install {package}."


class _Without:
    """Finds no module of a name, which may be installed here."""

    def __init__(self, top: str) -> None:
        self.top = top

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == self.top:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    "module",
    [
        "my_features",
        "my_features.encoders",
        "sklearn_tools",
        "titanic",
        "lightgbm_helpers.x",
        "SKLEARN",
    ],
)
def test_nobody_is_told_to_install_a_private_module(module: str, tmp_path: Path) -> None:
    """Whoever registers such a name would have his code run by all who follow the advice."""
    with pytest.raises(ModelError, match=f"needs the module {module.partition('.')[0]}") as caught:
        load_estimator(opened(f"c{module}\nModel\n)R.".encode(), tmp_path / "m.pkl"))
    top = module.partition(".")[0]
    assert f"A module named {top} must be on PYTHONPATH" in caught.value.hint
    assert "nstall" not in caught.value.hint


@pytest.mark.parametrize(
    ("pickle", "lacks"),
    [
        (b"cmy_features.gone\nModel\n)R.", "the module my_features.gone"),
        (b"cmy_features\nGone\n)R.", "my_features.Gone"),
        (b"cmy_features.broken\nModel\n)R.", "something of my_features"),
    ],
)
def test_a_private_module_that_lacks_something_is_named(
    pickle: bytes, lacks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_features").mkdir()
    (tmp_path / "my_features" / "__init__.py").touch()
    (tmp_path / "my_features" / "broken.py").write_text("from my_features import Gone\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError) as caught:
        load_estimator(opened(pickle, tmp_path / "m.pkl"))
    for name in [name for name in sys.modules if name.startswith("my_features")]:
        del sys.modules[name]
    assert caught.value.message.startswith(f"it needs {lacks}")
    assert "The module named my_features on PYTHONPATH" in caught.value.hint
    assert "nstall" not in caught.value.hint


def test_a_moved_module_of_an_installed_package_is_named(tmp_path: Path) -> None:
    data = b"csklearn.gone.away\nModel\n)R."
    with pytest.raises(ModelError, match=r"needs the module sklearn\.gone") as caught:
        load_estimator(opened(data, tmp_path / "m.pkl"))
    assert "version of scikit-learn" in caught.value.hint


def test_a_class_from_a_notebook_is_explained(tmp_path: Path) -> None:
    data = b"c__main__\nMyTransformer\n)R."
    with pytest.raises(ModelError, match="notebook or script") as caught:
        load_estimator(opened(data, tmp_path / "m.pkl"))
    assert "module" in caught.value.hint


@pytest.mark.parametrize("pack", [bytes, zlib.compress, gzip.compress], ids=lambda f: f.__name__)
@pytest.mark.parametrize("module", ["joblib.numpy_pickle", "joblib.numpy_pickle_compat"])
def test_arrays_in_files_of_their_own_are_refused(
    module: str, pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Joblib before 0.10 kept arrays beside the pickle, and nobody has hashed those.

    Today's looks for them in the working folder, and unpickles what it finds there.
    """
    canary, work = tmp_path / "canary", tmp_path / "incoming"
    work.mkdir()
    monkeypatch.chdir(work)
    planted = np.empty(1, dtype=object)
    planted[0] = _Touch(canary)
    np.save(work / "model.pkl_01.npy", planted, allow_pickle=True)
    wrapper = (
        f"c{module}\nNDArrayWrapper\n)\x81}}(X\x08\0\0\0filename"
        "X\x10\0\0\0model.pkl_01.npyX\x08\0\0\0subclasscnumpy\nndarray\nub."
    )
    with pytest.raises(ModelError, match=r"joblib before 0\.10"):
        load_estimator(opened(pack(b"\x80\x02" + wrapper.encode("latin-1")), tmp_path / "m.pkl"))
    assert not canary.exists()


def test_what_loading_prints_and_warns_is_kept_from_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    estimator = SaysWhatItLoads().fit([[0.0]], [0])
    loaded = load_estimator(opened(estimator, tmp_path / "m.pkl"))
    assert loaded.warnings == ("UserWarning: take care",)
    assert capsys.readouterr().out == ""


def test_a_pickle_that_ends_the_process_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="SystemExit: bye"):
        load_estimator(opened(Ends().fit([[0.0]], [0]), tmp_path / "m.pkl"))


def test_every_nested_n_jobs_is_one(fitted: Any, tmp_path: Path) -> None:
    estimator = load_estimator(opened(fitted, tmp_path / "m.pkl")).estimator
    jobs = {
        name: value for name, value in estimator.get_params().items() if name.endswith("n_jobs")
    }
    assert jobs == {"encode__n_jobs": 1, "forest__n_jobs": 1}


@pytest.mark.parametrize("compress", [0, 3])
def test_another_minor_version_is_refused(compress: int, fitted: Any, tmp_path: Path) -> None:
    data = aged(pickle.dumps(fitted), OTHER_MINOR)
    packed = gzip.compress(data) if compress else data
    model = opened(packed, tmp_path / "m.pkl")
    with pytest.raises(ModelError, match=f"made with scikit-learn {OTHER_MINOR}") as caught:
        load_estimator(model)
    assert "--allow-version-mismatch" in caught.value.hint
    assert f"scikit-learn=={OTHER_MINOR}" in caught.value.hint

    allowed = open_model(str(tmp_path / "m.pkl"), allow_version_mismatch=True)
    (warning,) = load_estimator(allowed).warnings
    assert OTHER_MINOR in warning


@pytest.mark.parametrize("compress", [0, 3])
def test_another_patch_version_is_a_warning(compress: int, fitted: Any, tmp_path: Path) -> None:
    data = aged(pickle.dumps(fitted), OTHER_PATCH)
    model = opened(gzip.compress(data) if compress else data, tmp_path / "m.pkl")
    (warning,) = load_estimator(model).warnings
    assert f"made with scikit-learn {OTHER_PATCH}, loaded with {INSTALLED}" == warning


def test_a_recorded_version_is_refused_before_unpickling(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    model = LogisticRegression().fit(np.array([[0.0], [1.0]]), [0, 1])
    data = aged(pickle.dumps((model, _Touch(canary))), OTHER_MINOR)
    with pytest.raises(ModelError, match=OTHER_MINOR):
        load_estimator(opened(data, tmp_path / "m.pkl"))
    assert not canary.exists()


def test_the_stores_record_is_refused_before_unpickling(fitted: Any, home: Path) -> None:
    tag = save_as_a_notebook_does("titanic_model", fitted)
    description = home / "bentoml" / "models" / tag.replace(":", "/") / "model.yaml"
    text = description.read_text()
    description.write_text(
        text.replace(f"scikit-learn: {INSTALLED}", f"scikit-learn: {OTHER_MINOR}")
    )
    trust_model(tag)
    with pytest.raises(ModelError, match=OTHER_MINOR):
        load_estimator(open_model(tag))


def test_a_pickle_without_scikit_learn_tells_no_version() -> None:
    assert recorded_sklearn_version(pickle.dumps({"_sklearn_version": 5})) is None
    assert recorded_sklearn_version(b"") is None
    assert recorded_sklearn_version(pickle.dumps({"_sklearn_version": "not one"})) is None
