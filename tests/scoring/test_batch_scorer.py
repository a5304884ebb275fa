"""BatchScorer: Arrow in, Arrow out, and the same scores as the command's of a Parquet file."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import titanic_batch
from tests.private_place import private_folder
from tests.scoring.row_models import Centred
from titanic_batch import BatchScorer
from titanic_batch.alignment.plan import MissingColumnsError
from titanic_batch.errors import (
    DataError,
    ModelError,
    RowDependenceError,
    UntrustedModelError,
    UsageError,
)
from titanic_batch.scoring.compiling import compile_model

TRAIN = pd.DataFrame(
    {
        "Sex": ["male", "female", "male", "female"] * 10,
        "Age": np.arange(40) + 0.5,
        "Survived": [0, 1] * 15 + [1] * 10,
    }
)
BATCH = pa.table(
    {
        "id": [11, 12, 13, 14],
        "Age": [20.0, None, 30.0, 40.0],
        "Sex": ["male", "female", "unheard", "female"],
    }
)

__all__ = ["private_folder"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.pkl"
    columns = make_column_transformer((OneHotEncoder(), ["Sex"]), remainder="passthrough")
    pipeline = make_pipeline(columns, LogisticRegression())
    joblib.dump(pipeline.fit(TRAIN[["Sex", "Age"]], TRAIN["Survived"]), path)
    return path


@pytest.fixture(scope="module")
def scorer(model: Path) -> BatchScorer:
    return BatchScorer(model, trust=sha256(model))


def test_row_i_answers_row_i(scorer: BatchScorer, model: Path) -> None:
    scored = scorer(BATCH)
    assert scored.select(BATCH.column_names).equals(BATCH)
    assert scored["reject_reason"].to_pylist() == [None, "missing-value", "unknown-category", None]
    assert scored["reject_column"].to_pylist() == [None, "Age", "Sex", None]
    good = BATCH.take([0, 3]).to_pandas()[["Sex", "Age"]]
    estimator = joblib.load(model)
    first, last = estimator.predict(good)
    assert scored["prediction"].to_pylist() == [first, None, None, last]
    expected = estimator.predict_proba(good)[:, 1]
    found = scored["probability"].to_pylist()
    assert found[1:3] == [None, None]
    assert [found[0], found[3]] == pytest.approx(expected, rel=0, abs=1e-12)
    assert scored.schema == scorer.schema(BATCH.schema)


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), "dictionary"])
def test_one_schema_whatever_the_strings_are(kind: pa.DataType | str, scorer: BatchScorer) -> None:
    column = BATCH["Sex"]
    odd = column.dictionary_encode() if kind == "dictionary" else column.cast(kind)
    assert scorer(BATCH.set_column(2, "Sex", odd)).equals(scorer(BATCH))


def test_a_batch_without_rows_has_the_same_columns(scorer: BatchScorer) -> None:
    empty = scorer(BATCH.slice(0, 0))
    assert (empty.num_rows, empty.schema) == (0, scorer.schema(BATCH.schema))
    assert scorer(BATCH.slice(2, 1)).schema == empty.schema  # nothing scored, too


def test_record_batches_and_columns_in_any_order(scorer: BatchScorer) -> None:
    (batch,) = BATCH.select(["Sex", "id", "Age"]).to_batches()
    scored = scorer(batch)
    assert isinstance(scored, pa.RecordBatch)
    assert scored.schema.names[:3] == ["Sex", "id", "Age"]
    assert scored["probability"].equals(scorer(BATCH).combine_chunks()["probability"].chunk(0))
    assert scorer(batch.slice(0, 0)).schema == scored.schema


def test_the_scores_are_those_of_the_command(
    scorer: BatchScorer, model: Path, tmp_path: Path
) -> None:
    generator = np.random.default_rng(3)
    rows = pa.table(
        {"Age": generator.uniform(0, 80, 500), "Sex": generator.choice(["male", "female"], 500)}
    )
    pq.write_table(rows, tmp_path / "in.parquet")
    titanic_batch.score(
        tmp_path / "in.parquet",
        tmp_path / "out.parquet",
        model=model,
        trust=sha256(model),
    )
    published = pq.read_table(tmp_path / "out.parquet")
    assert (
        scorer(rows)
        .drop_columns(["reject_reason", "reject_column"])
        .equals(published.replace_schema_metadata(None))
    )
    pieces = pa.concat_tables([rows.slice(at, 7) for at in range(0, 500, 7)])  # chunks in it
    assert scorer(pieces).equals(scorer(rows))


def test_options_of_score(model: Path) -> None:
    options = BatchScorer(
        model,
        trust=sha256(model),
        keep=["id"],
        fill={"Age": 28},
        threshold=0.0,
        prediction_column="label",
    )
    scored = options(BATCH)
    assert scored.column_names == ["id", "label", "probability", "reject_reason", "reject_column"]
    assert scored["label"].to_pylist() == [1, 1, None, 1]
    assert options(BATCH.rename_columns(["id", "age", "SEX"]))["label"].to_pylist()[0] == 1


ELSEWHERE = """
import pickle, sys
import pyarrow as pa
scorer = pickle.load(sys.stdin.buffer)
rows = pa.ipc.open_file(sys.argv[1]).read_all()
with pa.ipc.new_file(sys.argv[2], scorer.schema(rows.schema)) as writer:
    writer.write_table(scorer(rows))
"""


def test_it_works_in_a_process_without_the_model_and_the_ledger(
    scorer: BatchScorer, tmp_path: Path
) -> None:
    with pa.ipc.new_file(str(tmp_path / "rows"), BATCH.schema) as writer:
        writer.write_table(BATCH)
    moved = pickle.loads(pickle.dumps(scorer))  # its file may be gone, too
    object.__setattr__(moved._model, "path", tmp_path / "gone.pkl")
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, tmp_path / "rows", tmp_path / "scored"],
        input=pickle.dumps(moved),
        env={"HOME": str(tmp_path)},
        check=True,
    )
    with pa.OSFile(str(tmp_path / "scored")) as file:
        assert pa.ipc.open_file(file).read_all().equals(scorer(BATCH))


def test_changed_bytes_in_a_pickle_are_not_loaded(scorer: BatchScorer) -> None:
    moved = pickle.loads(pickle.dumps(scorer))
    object.__setattr__(moved._model, "data", moved._model.data + b"\0")
    with pytest.raises(ModelError, match="changed"):
        pickle.loads(pickle.dumps(moved))(BATCH)


def test_any_number_of_threads_may_call_it(scorer: BatchScorer) -> None:
    expected = scorer(BATCH)
    with ThreadPoolExecutor(8) as threads:
        assert all(scored.equals(expected) for scored in threads.map(scorer, [BATCH] * 40))


def test_refusals(scorer: BatchScorer, model: Path) -> None:
    with pytest.raises(MissingColumnsError, match="Age"):
        scorer(BATCH.drop_columns(["Age"]))
    with pytest.raises(DataError, match="Age"):
        scorer(BATCH.set_column(1, "Age", pa.array([[1.0]] * 4)))
    with pytest.raises(DataError, match="repeats column id"):
        scorer(BATCH.append_column("id", BATCH["id"]))
    with pytest.raises(UsageError, match="prediction twice"):
        scorer(BATCH.append_column("prediction", BATCH["id"]))
    with pytest.raises(UsageError, match="reject_reason twice"):
        scorer(BATCH.append_column("reject_reason", BATCH["id"]))
    with pytest.raises(UsageError, match=r"given a pandas\.\S*DataFrame"):
        scorer(BATCH.to_pandas())
    with pytest.raises(UntrustedModelError):
        BatchScorer(model)
    with pytest.raises(UsageError, match="takes no workers"):
        BatchScorer(model, trust=sha256(model), workers=2)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="keep names nobody"):
        BatchScorer(model, trust=sha256(model), keep="nobody")(BATCH)


def test_a_model_that_looks_at_other_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "centred.pkl"
    joblib.dump(Centred().fit(pd.DataFrame({"a": [0.0, 1.0]})), path)
    rows = pa.table({"a": np.arange(300.0)})
    with pytest.raises(RowDependenceError):
        BatchScorer(path, trust=sha256(path))(rows)
    allowed = BatchScorer(path, trust=sha256(path), allow_batch_dependence=True)
    assert allowed(rows)["prediction"].to_pylist() == [0] * 150 + [1] * 150


def test_a_kept_plan_goes_with_it_and_scikit_learn_stays_out(
    model: Path, private_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TITANIC_BATCH_CACHE", str(private_folder))
    without = BatchScorer(model, trust=sha256(model))(BATCH)
    compile_model(str(model), trust=[sha256(model)])
    planned = BatchScorer(model, trust=sha256(model))
    scored = planned(BATCH)
    assert scored.drop_columns(["probability"]).equals(without.drop_columns(["probability"]))
    np.testing.assert_allclose(
        scored["probability"].to_numpy(), without["probability"].to_numpy(), rtol=0, atol=1e-12
    )
    rows, answer = tmp_path / "rows", tmp_path / "scored"
    with pa.ipc.new_file(str(rows), BATCH.schema) as writer:
        writer.write_table(BATCH)
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE + "print('sklearn' in sys.modules)", rows, answer],
        input=pickle.dumps(planned),
        env={"HOME": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"False\n"
    with pa.OSFile(str(answer)) as file:
        assert pa.ipc.open_file(file).read_all().equals(scored)
