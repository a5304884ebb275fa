"""A schema is learned from the estimator and the file it was trained on, together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from tests.schema.passengers import (
    NUMBERS,
    RAW,
    TRAIN_CSV,
    dummies,
    filled,
    fit,
    null_columns,
    passengers,
    survived,
)
from titanic_batch.errors import DataError, InputMissingError, ModelError, UsageError
from titanic_batch.schema import TrainingSchema, schema_from_json, schema_to_json
from titanic_batch.training.learn_schema import learn_schema, learn_schema_from_frame
from titanic_batch.training.read_training import read_training_file


def usual(**onehot: Any) -> ColumnTransformer:
    return ColumnTransformer(
        [
            ("sex", OneHotEncoder(**onehot), ["Sex"]),
            ("e", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
             ["Embarked"]),
            ("n", SimpleImputer(), ["Age", "Fare"]),
        ],
        remainder="passthrough",
    )  # fmt: skip


def learned(model: Any, target: str | None = "Survived") -> TrainingSchema:
    return learn_schema(model, TRAIN_CSV, target)


def write(tmp_path: Path, text: str, name: str = "train.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------------------
# What the data adds


def test_types_ranges_and_shares_come_from_the_data() -> None:
    schema = learned(fit(usual()))
    assert schema.origin == "training-data"
    assert schema.target == "Survived"
    assert schema.names == tuple(RAW)
    sibsp, age = schema.column("SibSp"), schema.column("Age")
    assert (sibsp.kind, sibsp.dtype) == ("integer", "int64")
    assert (age.kind, age.dtype) == ("number", "float64")
    ages = passengers()["Age"]
    assert (age.minimum, age.maximum) == (ages.min(), ages.max())
    assert age.quantiles == pytest.approx(ages.quantile(np.linspace(0, 1, 11)).tolist())
    assert age.null_rate == pytest.approx(ages.isna().mean())
    sex = schema.column("Sex")
    assert sex.categories == ("female", "male")
    shares = passengers()["Sex"].value_counts(normalize=True)
    assert sex.frequencies == pytest.approx((shares["female"], shares["male"]))
    assert "scikit-learn" in schema.libraries


def test_learned_schema_survives_json() -> None:
    schema = learned(fit(usual()))
    assert schema_from_json(schema_to_json(schema), where="here") == schema


def test_nulls_in_the_data_are_accepted_where_they_reached_the_model() -> None:
    model = RandomForestClassifier(5, random_state=0).fit(passengers()[NUMBERS], survived())
    assert null_columns(learned(model)) == {"Age", "Fare"}


def test_nulls_in_the_data_are_refused_where_the_model_fails_on_them() -> None:
    model = LogisticRegression(tol=1.0).fit(filled()[NUMBERS], survived())
    assert null_columns(learned(model)) == set()


def test_category_in_the_data_that_the_encoder_does_not_know_stays_unknown() -> None:
    encoder = OneHotEncoder(categories=[["female"]], handle_unknown="ignore")
    model = fit(ColumnTransformer([("e", encoder, ["Sex"])]), columns=["Sex"])
    assert learned(model).column("Sex").categories == ("female",)


def test_numbers_that_the_encoder_knows_as_text_stay_text() -> None:
    table = passengers().astype({"Pclass": str})
    model = fit(ColumnTransformer([("e", OneHotEncoder(), ["Pclass"])]), columns=["Pclass"],
                frame=table)  # fmt: skip
    column = learned(model).column("Pclass")
    assert column.categories == ("1", "2", "3")
    assert column.frequencies is not None
    assert sum(column.frequencies) == pytest.approx(1.0)


def text_lengths(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.fillna("").map(len)


def test_text_that_only_foreign_code_reads_is_a_category_if_its_values_come_back() -> None:
    lengths = FunctionTransformer(text_lengths)
    schema = learned(fit(lengths, columns=["Embarked", "Sex", "Name", "Cabin"]))
    assert schema.column("Embarked").kind == "category"
    assert schema.column("Embarked").categories == ("C", "Q", "S")
    assert schema.column("Name").kind == "text"
    assert schema.column("Cabin").kind == "text"
    assert null_columns(schema) == {"Embarked", "Cabin"}


def test_native_categories_are_fed_as_categories() -> None:
    table = passengers()[RAW].astype({"Sex": "category", "Embarked": "category"})
    model = HistGradientBoostingClassifier(max_iter=3, random_state=0).fit(table, survived())
    schema = learned(model)
    assert schema.column("Sex").dtype == "category"
    assert null_columns(schema) == {"Age", "Fare", "Embarked"}


def test_parquet_teaches_what_csv_does(tmp_path: Path) -> None:
    model = fit(usual())
    passengers().to_parquet(tmp_path / "train.parquet")
    assert learn_schema(model, tmp_path / "train.parquet", "Survived") == learned(model)


def test_compressed_csv_is_read(tmp_path: Path) -> None:
    model = fit(usual())
    passengers().to_csv(tmp_path / "train.csv.gz", index=False)
    assert learn_schema(model, tmp_path / "train.csv.gz", "Survived") == learned(model)


# ---------------------------------------------------------------------------------------------
# get_dummies, hand-coded and bare-array models


@pytest.mark.parametrize("drop_first", [False, True])
def test_raw_columns_behind_get_dummies_are_found(drop_first: bool) -> None:
    table = dummies(drop_first=drop_first)
    schema = learned(LogisticRegression(tol=1.0).fit(table, survived()))
    assert schema.names == tuple(table.columns)
    sources = {source.name: source for source in schema.one_hot}
    assert list(sources) == ["Sex", "Embarked"]
    # The value that drop_first leaves out is known too.
    assert sources["Sex"].categories == ("female", "male")
    assert sources["Embarked"].categories == ("C", "Q", "S")
    assert not sources["Sex"].accepts_null
    assert sources["Embarked"].accepts_null
    assert {schema.column(name).kind for name in table.columns if "_" in name} == {"number"}


def test_raw_file_says_nothing_of_nulls_that_were_filled_before_get_dummies() -> None:
    # A forest takes a null age without a word; its author filled them.
    model = RandomForestClassifier(5, random_state=0).fit(dummies(), survived())
    assert null_columns(learned(model)) == set()


def test_numeric_column_behind_get_dummies() -> None:
    table = pd.get_dummies(filled()[["Pclass", "Fare"]], columns=["Pclass"])
    schema = learned(LogisticRegression(tol=1.0).fit(table, survived()))
    assert [source.name for source in schema.one_hot] == ["Pclass"]
    assert schema.one_hot[0].categories == (1, 2, 3)


def test_file_that_holds_the_dummies_is_used_as_it_is(tmp_path: Path) -> None:
    table = dummies()
    model = LogisticRegression(tol=1.0).fit(table, survived())
    table.assign(Survived=survived()).to_csv(tmp_path / "train.csv", index=False)
    schema = learn_schema(model, tmp_path / "train.csv", "Survived")
    assert schema.one_hot == ()
    assert schema.column("Sex_male").kind == "boolean"


def test_column_encoded_by_hand_stays_a_number() -> None:
    table = filled()
    table["Sex"] = table["Sex"].map({"male": 0, "female": 1})
    model = RandomForestClassifier(5, random_state=0).fit(table[["Age", "Sex"]], survived())
    schema = learned(model)
    assert schema.column("Sex").kind == "number"
    assert schema.column("Sex").minimum is None
    assert null_columns(schema) == set()


def test_bare_array_takes_its_names_from_the_data(tmp_path: Path) -> None:
    table = filled()[NUMBERS]
    model = LogisticRegression(tol=1.0).fit(table.to_numpy(), survived())
    table.assign(Survived=survived()).to_csv(tmp_path / "train.csv", index=False)
    schema = learn_schema(model, tmp_path / "train.csv", "Survived")
    assert schema.names == tuple(NUMBERS)
    assert not schema.named


def test_bare_array_of_another_width_asks_for_names() -> None:
    model = LogisticRegression(tol=1.0).fit(filled()[NUMBERS].to_numpy(), survived())
    with pytest.raises(ModelError, match="array of 5 columns, the training data has 11") as caught:
        learned(model)
    assert "--features A,B,C" in caught.value.hint
    schema = learn_schema(model, TRAIN_CSV, "Survived", features=NUMBERS)
    assert schema.names == tuple(NUMBERS)


# ---------------------------------------------------------------------------------------------
# Bad training data


def test_missing_target_names_the_nearest() -> None:
    with pytest.raises(DataError, match=r"no column 'survived' \(nearest: Survived\)"):
        learned(fit(usual()), target="survived")


def test_missing_columns_are_all_named_with_the_nearest() -> None:
    model = fit(usual())
    frame = passengers().rename(columns={"SibSp": "Sib_Sp", "Parch": "Parents"})
    with pytest.raises(DataError, match=r"lacks columns of the model: SibSp, Parch .*Sib_Sp"):
        learn_schema_from_frame(model, frame, target="Survived")


def test_target_among_the_inputs_is_an_error() -> None:
    with pytest.raises(ModelError, match="takes the target 'Fare' itself"):
        learned(fit(usual()), target="Fare")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", InputMissingError, "empty"),
        ("a,b\n", InputMissingError, "no data rows"),
        ("a,a\n1,2\n", DataError, "names a column twice: a"),
        ("a,b\n1\n", DataError, "line 2 has 1 cells, the header 2"),
        ("a,b\n1,2\n1,2,3\n", DataError, "line 3 has 3 cells"),
        ('a,b\n"1,2\n', DataError, "not a readable CSV"),
    ],
)
def test_damaged_training_file(
    tmp_path: Path, text: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_training_file(write(tmp_path, text))


def test_training_file_of_the_wrong_kind(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="no such training file"):
        read_training_file(tmp_path / "absent.csv")
    with pytest.raises(UsageError, match=r"\.csv"):
        read_training_file(write(tmp_path, "a\n1\n", "train.json"))
    with pytest.raises(DataError, match="not a readable Parquet"):
        read_training_file(write(tmp_path, "a\n1\n", "train.parquet"))
    (tmp_path / "latin.csv").write_bytes(b"a\n\xe9\n")
    with pytest.raises(DataError, match="not a readable CSV"):
        read_training_file(tmp_path / "latin.csv")


def test_cells_are_read_as_pandas_reads_them(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "whole,part,gap,name,flag,code,none\n1,1,1,Null,True,x,\n-2,2.5,NA,NA,False,,\n+3,3,,,True,y,\n",
    )
    read = read_training_file(path)
    frame = read.frame
    kinds = {str(name): str(kind) for name, kind in frame.dtypes.items()}
    assert kinds == {
        "whole": "int64",
        "part": "float64",
        "gap": "float64",
        "name": "str",
        "flag": "bool",
        "code": "str",
        "none": "float64",
    }
    # Null is a surname; NA is what pandas.read_csv takes for null, in text as well.
    assert frame["name"].isna().tolist() == [False, True, True]
    assert read.null_tokens == {"gap": ("NA",), "name": ("NA",)}


def add_family(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(Family=frame["SibSp"] + frame["Parch"])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_numbers_that_only_foreign_code_reads_are_learned_as_numbers(
    suffix: str, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"SibSp": [0, 1, 2, 0], "Parch": [1, 0, 2, 0], "Sex": list("mfmf")})
    last = ColumnTransformer([("n", "passthrough", ["Family"]), ("s", OneHotEncoder(), ["Sex"])])
    model = make_pipeline(FunctionTransformer(add_family), last, LogisticRegression())
    model.fit(frame, [0, 1, 1, 0])
    data = tmp_path / f"train{suffix}"
    frame.to_csv(data, index=False) if suffix == ".csv" else frame.to_parquet(data)
    schema = learn_schema(model, data, None)
    assert [column.kind for column in schema.columns][:2] == ["integer", "integer"]
