"""Texts that mean null: which are read so, which are counted, and which are warned of."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas._libs import parsers  # type: ignore[attr-defined]
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import titanic_batch
from tests.alignment.planning import aligned, category, column, plan, reasons
from titanic_batch.alignment.apply import Aligned, align
from titanic_batch.alignment.number_format import declare_numbers
from titanic_batch.models import open_model
from titanic_batch.models.sidecar import write_sidecar
from titanic_batch.nulls import READ_AS_NULL
from titanic_batch.publish.manifest import Manifest
from titanic_batch.schema import ColumnSchema, OneHotSource, TrainingSchema
from titanic_batch.training import Reading, register_model


def test_the_list_is_that_of_pandas() -> None:
    assert {"", *READ_AS_NULL} == parsers.STR_NA_VALUES


@pytest.mark.parametrize("text", READ_AS_NULL)
@pytest.mark.parametrize("kind", ["number", "integer", "boolean"])
def test_no_number_and_no_boolean_is_spelled_so(text: str, kind: Any) -> None:
    result = aligned([column("a", kind, accepts_null=True)], {"a": ["1", text, None]})
    assert reasons(result) == []
    assert result.counts.nulls == {"a": 2}
    assert result.counts.null_tokens == {"a": {text: 1}}
    values = np.asarray(result.features[0], dtype=object)
    assert pd.isna(values).tolist() == [False, True, True]


def test_a_number_beside_them_is_read_exactly() -> None:
    cells = [" 3", "nan", "1e3", "-1.#IND", "9007199254740992", "0.1"]
    result = aligned([column("a", accepts_null=True)], {"a": cells})
    expected = [3.0, np.nan, 1000.0, np.nan, 2.0**53, 0.1]
    np.testing.assert_array_equal(result.features[0], expected)


def test_a_number_among_known_categories_too() -> None:
    result = aligned([category("a", 1, 2, accepts_null=True)], {"a": ["1", "N/A", "3"]})
    assert reasons(result) == [(2, "a", "unknown-category")]
    assert result.counts.null_tokens == {"a": {"N/A": 1}}


@pytest.mark.parametrize("kind", ["number", "integer", "category"])
def test_a_token_that_is_a_number_means_its_value(kind: Any) -> None:
    a = category("a", -999, 1, accepts_null=True) if kind == "category" else column(
        "a", kind, accepts_null=True
    )  # fmt: skip
    cells = ["1", "-999", "-999.0", "-9.99e2"]
    for given in (cells, pa.array(list(map(float, cells))), pa.array([*cells, "nan"])):
        result = aligned([a], {"a": given}, null_tokens=("-999",))
        assert reasons(result) == []
        values = np.asarray(result.features[0][:4], dtype=object)
        assert pd.isna(values).tolist() == [False, True, True, True]


def test_a_token_is_no_other_text_and_no_boolean() -> None:
    text = column("a", "text", accepts_null=True)
    result = aligned([text], {"a": ["1.0", "1"]}, null_tokens=("1",))
    assert result.features[0].tolist() == ["1.0", text.null_value]
    flag = column("a", "boolean", accepts_null=True)
    result = aligned([flag], {"a": pa.array([True, False])}, null_tokens=("1",))
    assert result.features[0].tolist() == [True, False]


def test_in_text_only_what_training_showed_is_null() -> None:
    text = column("name", "text", accepts_null=True, null_tokens=("NA",))
    cells = pa.table({"name": ["NA", "None", "Null", None]})
    result = align(plan([text], ["name"]), cells)  # CSV
    assert result.features[0].tolist()[1:3] == ["None", "Null"]
    assert pd.isna(result.features[0]).tolist() == [True, False, False, True]
    assert result.counts.null_tokens == {"name": {"NA": 1}}
    assert result.counts.doubtful == {"name": {"None": 1}}
    assert align(plan([text], cells.schema), cells).counts.doubtful == {}  # as Parquet holds it


def test_in_a_category_what_training_did_not_show_is_unknown() -> None:
    known = category("deck", "A", "B", accepts_null=True, null_tokens=("NA",))
    result = aligned([known], {"deck": ["NA", "None", "A"]})
    assert reasons(result) == [(1, "deck", "unknown-category")]
    assert result.counts.null_tokens == {"deck": {"NA": 1}}


@pytest.mark.parametrize("text", ["None", "NA", "nan"])
def test_what_pandas_reads_as_null_is_no_unknown_category_that_an_encoder_takes(text: str) -> None:
    tolerant = category("a", "x", "y", accepts_null=True, accepts_unknown=True)
    named = category("a", "x", text, accepts_null=True, accepts_unknown=True)

    def read(column: ColumnSchema, *cells: str, **options: Any) -> Aligned:
        return align(plan([column], ["a"], **options), pa.table({"a": list(cells)}))

    assert reasons(read(tolerant, "x", text, "z")) == [(1, "a", "unknown-category")]
    assert reasons(read(named, "x", text)) == []
    told = read(tolerant, "x", text, null_tokens=(text,))
    assert (reasons(told), told.counts.nulls) == ([], {"a": 1})
    allowed = read(tolerant, "x", text, unknown={"a": "allow"})
    assert (reasons(allowed), allowed.counts.doubtful) == ([], {"a": {text: 1}})
    assert reasons(aligned([tolerant], {"a": pa.array(["x", text])})) == []  # Parquet's own text


def test_the_raw_column_behind_dummies_has_its_own() -> None:
    source = OneHotSource(
        name="deck", categories=("A", "B"), accepts_null=True, null_tokens=("NA",)
    )
    columns = [column("deck_A"), column("deck_B")]
    result = aligned(columns, {"deck": ["A", "NA", "B"]}, one_hot=(source,))
    assert reasons(result) == []
    assert [part.tolist() for part in result.features] == [[1, 0, 0], [0, 0, 1]]
    assert result.counts.null_tokens == {"deck": {"NA": 1}}


def test_texts_are_counted_by_the_rows_they_are_in() -> None:
    result = aligned([column("a", accepts_null=True)], {"a": ["NULL", "1", "NA", "NULL"]})
    assert result.part(0, 2).counts.null_tokens == {"a": {"NULL": 1}}
    assert result.part(2, 4).counts.null_tokens == {"a": {"NA": 1, "NULL": 1}}


# ---------------------------------------------------------------------------------------------
# In the manifest


class Sizes:
    """Answers with the length of a name, or with an age."""

    classes_ = None

    def predict(self, frame: pd.DataFrame) -> Any:
        return frame["name"].map(len) + frame["age"].fillna(-1.0)


@pytest.fixture
def scored(empty_home: Path, tmp_path: Path) -> Any:
    path = tmp_path / "sizes.pkl"
    joblib.dump(Sizes(), path)
    sha256 = sha256_of(path)
    schema = TrainingSchema(
        columns=(column("age", accepts_null=True), column("name", "text")), named=True
    )
    write_sidecar(path, sha256, schema)

    def run(text: str, **options: Any) -> Manifest:
        (tmp_path / "in.csv").write_text(text)
        return titanic_batch.score(
            tmp_path / "in.csv", tmp_path / "out.csv", model=str(path), trust=sha256, workers=1,
            overwrite=True, **options,
        )  # fmt: skip

    return run


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_unusual_texts_are_warned_of_and_all_are_counted(scored: Any) -> None:
    manifest = scored("age,name\nNA,x\nN/A,y\nN/A,None\n,z\n3,null\n")
    assert manifest.nulls == {"age": 4}
    assert manifest.null_tokens == {"age": {"N/A": 2, "NA": 1}}
    assert list(manifest.warnings) == [
        "age held the text N/A 2 times, which was read as null; --null 'N/A' says that it is "
        "meant so",
        "name held the text None once, which was read as text, where pandas.read_csv reads null; "
        "--null 'None' makes it null",
        "name held the text null once, which was read as text, where pandas.read_csv reads null; "
        "--null 'null' makes it null",
    ]


def test_what_the_user_says_is_null_needs_no_warning(scored: Any) -> None:
    manifest = scored("age,name\nN/A,x\n-,y\n", null=("N/A", "-"))
    assert manifest.null_tokens == {"age": {"-": 1, "N/A": 1}}
    assert manifest.warnings == ()


# ---------------------------------------------------------------------------------------------
# From training data to a later run


def lengths(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.fillna("a null").map(len)


def test_options_of_reading_hold_for_training_data_and_later_runs(
    empty_home: Path, tmp_path: Path
) -> None:
    rows = [f"{'-' if i % 3 else 'Zoë'};{i}" for i in range(30)]
    (tmp_path / "train.csv").write_bytes("\n".join(["name;y", *rows, ""]).encode("cp1252"))
    train = pd.read_csv(tmp_path / "train.csv", sep=";", encoding="cp1252", na_values=["-"])
    model = make_pipeline(FunctionTransformer(lengths), LinearRegression())
    joblib.dump(model.fit(train[["name"]], train["y"]), tmp_path / "m.pkl")
    sha256 = sha256_of(tmp_path / "m.pkl")
    register_model(
        str(tmp_path / "m.pkl"), name="m", data=tmp_path / "train.csv", target="y", trust=[sha256],
        reading=Reading(delimiter=";", encoding="cp1252", null_tokens=("-",)),
    )  # fmt: skip
    schema = open_model("m").schema
    assert schema is not None
    assert schema.column("name").null_tokens == ("-",)
    (tmp_path / "in.csv").write_text("name,k\n-,1\nZoë,2\n")
    titanic_batch.score(tmp_path / "in.csv", tmp_path / "out.csv", model="m", workers=1)
    out = pd.read_csv(tmp_path / "out.csv")
    read = pd.read_csv(io.StringIO("name,k\n,1\nZoë,2\n"))
    np.testing.assert_allclose(out["prediction"], model.predict(read[["name"]]), atol=1e-12)


def test_training_files_are_read_by_the_same_options_as_later_ones(
    empty_home: Path, tmp_path: Path
) -> None:
    """By the rules of `score`, too: pandas would take 1.23 for 123 where points part thousands."""
    sizes = [1000.5 + 500 * i for i in range(30)]
    numbers = [f"{size:,.1f}".translate(str.maketrans(",.", ".,")) for size in sizes]
    rows = [f'{number}; "a \\"b\\"" ;{i}' for i, number in enumerate(numbers)]
    (tmp_path / "train.csv").write_text("\n".join(["sep=;", "size;name;y", *rows, ""]))
    frame = pd.DataFrame({"size": sizes})
    joblib.dump(LinearRegression().fit(frame, range(30)), tmp_path / "m.pkl")
    reading = Reading(
        delimiter=";", escape="\\", skip_lines=1, trim=True, numbers=declare_numbers(",", ".")
    )
    model: dict[str, Any] = {"name": "m", "data": tmp_path / "train.csv", "target": "y"}
    sha256 = sha256_of(tmp_path / "m.pkl")
    register_model(str(tmp_path / "m.pkl"), **model, trust=[sha256], reading=reading)
    schema = open_model("m").schema
    assert schema is not None
    assert (schema.column("size").minimum, schema.column("size").maximum) == (1000.5, 15500.5)
    (tmp_path / "train.csv").write_text("sep=;\nsize;name;y\n1.23;a;1\n1.230;b;2\n")
    register_model(str(tmp_path / "m.pkl"), **model, trust=[sha256], reading=reading)
    schema = open_model("m").schema
    assert schema is not None
    assert schema.column("size").minimum is None  # a column of texts
