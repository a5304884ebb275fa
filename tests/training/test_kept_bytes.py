"""`models save` keeps a pickle's own bytes, whatever wrote them, and bentoml loads them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.models.notebook import load_as_a_notebook_does
from titanic_batch.errors import ModelError
from titanic_batch.models import load_estimator, open_model, show_model, trust_model
from titanic_batch.schema import TrainingSchema
from titanic_batch.training import register_model, save_model

ROWS = pd.DataFrame({"a": [-2.0, -1.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0, 0.0], "y": [0, 0, 1, 1]})
MODEL = LogisticRegression().fit(ROWS[["a", "b"]], ROWS["y"])
WITH_LAMBDA = make_pipeline(
    FunctionTransformer(lambda rows: rows.assign(c=rows.a * rows.b)), LogisticRegression()
).fit(ROWS[["a", "b"]], ROWS["y"])


def by_joblib(compress: Any) -> Callable[[], bytes]:
    def dump() -> bytes:
        buffer = io.BytesIO()
        joblib.dump(MODEL, buffer, compress=compress)
        return buffer.getvalue()

    return dump


def big_endian() -> bytes:
    model = LogisticRegression().fit(ROWS[["a", "b"]], ROWS["y"])
    model.coef_ = model.coef_.astype(">f8")
    return pickle.dumps(model)


WRITERS: dict[str, Callable[[], bytes]] = {
    "cloudpickle": lambda: cloudpickle.dumps(WITH_LAMBDA),
    "cloudpickle_gz": lambda: gzip.compress(cloudpickle.dumps(WITH_LAMBDA)),
    **{f"protocol_{n}": lambda n=n: pickle.dumps(MODEL, protocol=n) for n in (0, 2, 5)},  # type: ignore[misc]
    "zlib": lambda: zlib.compress(pickle.dumps(MODEL)),
    "bz2": lambda: bz2.compress(pickle.dumps(MODEL)),
    "xz": lambda: lzma.compress(pickle.dumps(MODEL)),
    "joblib": by_joblib(0),
    "joblib_zlib": by_joblib(3),
    "joblib_gzip": by_joblib(("gzip", 3)),
    "joblib_lzma": by_joblib(("lzma", 3)),
    "big_endian": big_endian,
}


@pytest.mark.parametrize("writer", list(WRITERS))
def test_the_store_has_the_files_own_bytes(writer: str, tmp_path: Path) -> None:
    data, path, train = WRITERS[writer](), tmp_path / "m.pkl", tmp_path / "train.csv"
    path.write_bytes(data)
    ROWS.to_csv(train, index=False)
    trust_model(str(path))
    own = tmp_path / "own.pkl"
    saved = register_model(str(path), data=train, target="y", pickle_path=own)
    assert saved.sha256 == show_model(str(path)).sha256
    assert saved.path.read_bytes() == own.read_bytes() == data

    expected = joblib.load(io.BytesIO(data)).predict_proba(ROWS[["a", "b"]])
    for loaded in (load_estimator(open_model("m")).estimator, load_as_a_notebook_does(saved.tag)):
        np.testing.assert_array_equal(expected, loaded.predict_proba(ROWS[["a", "b"]]))


def test_a_stored_model_that_is_saved_again_keeps_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(cloudpickle.dumps(WITH_LAMBDA))
    trust_model(str(tmp_path / "m.pkl"))
    ROWS.to_csv(tmp_path / "train.csv", index=False)
    first = register_model(str(tmp_path / "m.pkl"), data=tmp_path / "train.csv", target="y")
    again = register_model(first.tag, name="again")
    assert again.path.read_bytes() == first.path.read_bytes()


def test_a_model_of_another_format_is_pickled(tmp_path: Path) -> None:
    skops.io.dump(MODEL, tmp_path / "m.skops")
    saved = register_model(str(tmp_path / "m.skops"))
    np.testing.assert_array_equal(
        MODEL.predict_proba(ROWS[["a", "b"]]),
        load_as_a_notebook_does(saved.tag).predict_proba(ROWS[["a", "b"]]),
    )


def test_what_cannot_be_pickled_is_one_error(schema: TrainingSchema) -> None:
    with pytest.raises(ModelError, match="cannot be pickled"):
        save_model(WITH_LAMBDA, name="m", schema=schema)
