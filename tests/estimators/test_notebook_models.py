"""Models as notebooks make and save them: each scores right, or says what makes it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from tests.estimators.passengers import (
    RAW,
    TRAIN_CSV,
    assert_same_as_direct,
    dump,
    encoder,
    passengers,
    quietly_fit,
    score,
    train,
)
from tests.models.notebook import save_as_a_notebook_does
from titanic_batch.errors import ModelError, TooManyRejectsError, UntrustedModelError
from titanic_batch.models.opening import inspect_model

DUMMY_COLUMNS = [
    *("Pclass", "Age", "SibSp", "Parch", "Fare"),
    *("Sex_female", "Sex_male", "Embarked_C", "Embarked_Q", "Embarked_S"),
]
CODES = {"Sex": {"male": 0, "female": 1}, "Embarked": {"S": 0, "C": 1, "Q": 2}}


def save(estimator: Any, how: str, folder: Path) -> dict[str, Any]:
    """Save a model in one of the ways of notebooks; return the options that score with it."""
    if how == "bentoml":
        tag = save_as_a_notebook_does("titanic_model", estimator)
        return {"model": "titanic_model:latest", "trust": inspect_model(tag).sha256}
    return dump(estimator, folder / how)


def refused(folder: Path, **options: Any) -> str:
    """Return the hint of a run that must be refused."""
    with pytest.raises(TooManyRejectsError) as caught:
        score(folder, **options)
    assert not (folder / "scored.parquet").exists()
    return caught.value.hint


def suggested(hint: str) -> dict[str, Any]:
    """Return the options that a message offers, the first where it offers two."""
    options: dict[str, Any] = {}
    for column, value in re.findall(r"--fill (\w+)=([\w.]+)", hint):
        options.setdefault("fill", {})[column] = value.rstrip(".")
    for column, answer in re.findall(r"--unknown (\w+)=(\w+)", hint):
        options.setdefault("unknown", {})[column] = answer
    return {"fill": {"Age": 28}, **options}  # no model of a notebook tells how old most were


# (a) a pipeline with its encoders inside, saved by nothing but bentoml, joblib or pickle


@pytest.mark.parametrize("how", ["bentoml", "best_model.pkl", "m.joblib", "m.pickle"])
@pytest.mark.parametrize(
    ("final", "target"),
    [
        (LogisticRegression(), "Survived"),
        (RandomForestClassifier(5, random_state=0, n_jobs=2), "Embarked"),
        (LinearSVC(random_state=0), "Pclass"),
        (LinearRegression(), "Fare"),
    ],
)
def test_a_pipeline_saved_plainly_scores_raw_files(
    how: str, final: Any, target: str, tmp_path: Path
) -> None:
    columns = [name for name in RAW if name != target]
    model = quietly_fit(make_pipeline(encoder(columns), final), train()[columns], train()[target])
    manifest, scored = score(tmp_path, **save(model, how, tmp_path))
    assert manifest.model["schema_origin"] == "estimator"
    assert manifest.rows.scored == 418
    assert_same_as_direct(model, passengers()[columns], scored)


def test_a_search_is_scored_with_its_best_estimator(tmp_path: Path) -> None:
    pipeline = make_pipeline(encoder(RAW), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0]}, cv=2)
    quietly_fit(search, train()[RAW], train()["Survived"])
    _, scored = score(tmp_path, **dump(search, tmp_path / "search.pkl"))
    assert_same_as_direct(search, passengers()[RAW], scored)


def test_labels_in_words_keep_their_words(tmp_path: Path) -> None:
    words = train()["Survived"].map({0: "died", 1: "survived, in the end"})
    model = quietly_fit(make_pipeline(encoder(RAW), LogisticRegression()), train()[RAW], words)
    _, scored = score(tmp_path, **dump(model, tmp_path / "m.pkl"))
    assert set(scored["prediction"]) == {"died", "survived, in the end"}
    assert_same_as_direct(model, passengers()[RAW], scored)


def test_a_model_that_nobody_vouched_for_is_not_loaded(tmp_path: Path) -> None:
    model = quietly_fit(
        make_pipeline(encoder(RAW), LogisticRegression()), train()[RAW], train()["Survived"]
    )
    path = dump(model, tmp_path / "m.pkl")["model"]
    with pytest.raises(UntrustedModelError, match="models trust"):
        score(tmp_path, model=path)


def test_a_model_of_a_bare_array_asks_for_its_features_and_then_works(tmp_path: Path) -> None:
    numbers = ["Pclass", "SibSp", "Parch", "Fare"]
    model = RandomForestClassifier(5, random_state=0)
    model.fit(train()[numbers].to_numpy(), train()["Survived"])
    options = dump(model, tmp_path / "array.pkl")
    with pytest.raises(ModelError) as caught:
        score(tmp_path, **options)
    (command,) = re.findall(r"`(titanic-batch models save .*?)`", caught.value.hint)
    run(command.replace("FILE", options["model"]).replace("A,B,C", ",".join(numbers)), options)
    _, scored = score(tmp_path, model="array")
    assert_same_as_direct(model, passengers()[numbers].to_numpy(), scored)


# (b) one-hot encoded by pandas.get_dummies


def dummies(frame: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """Return a list as many a notebook prepares it."""
    raw = frame[["Pclass", "Age", "SibSp", "Parch", "Fare", "Sex", "Embarked"]]
    return pd.get_dummies(raw.fillna({"Age": 28}), **options)


def fit_dummies(final: Any, **options: Any) -> Any:
    return quietly_fit(final, dummies(train(), **options), train()["Survived"])


@pytest.mark.parametrize("how", ["best_model.pkl", "bentoml"])
@pytest.mark.parametrize("dtype", [bool, np.uint8, float])
def test_a_get_dummies_model_asks_for_a_fill_and_then_scores_raw_files(
    how: str, dtype: Any, tmp_path: Path
) -> None:
    model = fit_dummies(RandomForestClassifier(9, random_state=0), dtype=dtype)
    assert list(model.feature_names_in_) == DUMMY_COLUMNS
    options = save(model, how, tmp_path)
    hint = refused(tmp_path, **options)
    assert "Add --allow-null Age" in hint
    assert "--fill" not in hint
    manifest, scored = score(tmp_path, **options, **suggested(hint))
    assert_same_as_direct(model, dummies(passengers()), scored)
    actions = {entry["column"]: entry["action"] for entry in manifest.alignment}
    assert actions["Embarked_Q"] == actions["Sex_female"] == "one-hot"
    assert actions["Age"] == "filled"


def test_allow_null_is_the_other_way_that_the_message_offers(tmp_path: Path) -> None:
    model = fit_dummies(HistGradientBoostingClassifier(max_iter=9))
    options = dump(model, tmp_path / "best_model.pkl")
    assert "--allow-null Age" in refused(tmp_path, **options)
    _, scored = score(tmp_path, **options, allow_null="Age")
    raw = dummies(passengers())
    raw["Age"] = passengers()["Age"]
    assert_same_as_direct(model, raw, scored)


def test_the_columns_may_be_in_another_order(tmp_path: Path) -> None:
    order = DUMMY_COLUMNS[::-1]
    model = LogisticRegression(max_iter=9)
    quietly_fit(model, dummies(train())[order], train()["Survived"])
    _, scored = score(tmp_path, **dump(model, tmp_path / "m.pkl"), fill={"Age": 28})
    assert_same_as_direct(model, dummies(passengers())[order], scored)


def test_a_baseline_that_drop_first_hides_is_scored_as_the_message_says(tmp_path: Path) -> None:
    model = fit_dummies(RandomForestClassifier(9, random_state=0), drop_first=True)
    assert "Sex_female" not in model.feature_names_in_
    options = dump(model, tmp_path / "best_model.pkl")
    hint = refused(tmp_path, **options)
    manifest, scored = score(tmp_path, **options, **suggested(hint))
    assert_same_as_direct(model, dummies(passengers(), drop_first=True), scored)
    assert manifest.unknown_categories == {"Sex": {"female": 157}, "Embarked": {"C": 86}}


def test_a_baseline_that_drop_first_hides_is_learned_by_the_command_that_the_message_names(
    tmp_path: Path,
) -> None:
    model = fit_dummies(RandomForestClassifier(9, random_state=0), drop_first=True)
    options = dump(model, tmp_path / "best_model.pkl")
    hint = refused(tmp_path, **options)
    (command,) = re.findall(r"titanic-batch models save .* --target TARGET", hint)
    command = command.replace("train.csv", str(TRAIN_CSV)).replace("TARGET", "Survived")
    run(command, options)
    hint = refused(tmp_path, model="best_model")
    assert "--unknown" not in hint
    assert "--fill Age=28 " in hint
    manifest, scored = score(tmp_path, model="best_model", **suggested(hint))
    assert_same_as_direct(model, dummies(passengers(), drop_first=True), scored)
    assert manifest.unknown_categories == {}


def run(command: str, options: dict[str, Any]) -> None:
    """Run a command as a user would who trusts the model file."""
    program, *arguments = shlex.split(command)
    assert program == "titanic-batch"
    done = subprocess.run(
        [sys.executable, "-m", "titanic_batch", *arguments],
        env={**os.environ, "TITANIC_BATCH_TRUST": options["trust"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_an_unseen_category_is_a_reject_of_a_get_dummies_model(tmp_path: Path) -> None:
    import titanic_batch

    model = fit_dummies(RandomForestClassifier(9, random_state=0))
    source = tmp_path / "in.csv"
    frame = passengers()
    frame.loc[frame.index[3], "Embarked"] = "Belfast"
    frame.to_csv(source, index=False)
    options = {**dump(model, tmp_path / "m.pkl"), "fill": {"Age": 28}, "max_rejects": 1}
    manifest = titanic_batch.score(source, tmp_path / "out.parquet", workers=1, **options)
    assert manifest.rejects.by_reason == {"unknown-category": 1}
    assert manifest.unknown_categories == {}  # no cell of a rejected record


def test_a_null_port_is_all_zeros_as_get_dummies_makes_it(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    import titanic_batch

    model = fit_dummies(RandomForestClassifier(9, random_state=0))
    frame = passengers()
    frame.loc[frame.index[::3], "Embarked"] = None
    source, output = tmp_path / "in.csv", tmp_path / "out.parquet"
    frame.to_csv(source, index=False)
    options = {**dump(model, tmp_path / "m.pkl"), "fill": {"Age": 28}}
    manifest = titanic_batch.score(source, output, workers=1, **options)
    assert_same_as_direct(model, dummies(frame), pq.read_table(output).to_pandas())
    assert manifest.nulls["Embarked_S"] == 140


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_has_the_dummies_already_is_used_as_it_is(suffix: str, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    import titanic_batch

    model = fit_dummies(RandomForestClassifier(9, random_state=0))
    source, output = tmp_path / f"in.{suffix}", tmp_path / "out.parquet"
    prepared = dummies(passengers())
    if suffix == "csv":
        prepared.to_csv(source, index=False)
        assert ",True,False" in source.read_text()
    else:
        prepared.to_parquet(source, index=False)
    options = dump(model, tmp_path / "m.pkl")
    manifest = titanic_batch.score(source, output, workers=1, **options)
    assert_same_as_direct(model, prepared, pq.read_table(output).to_pandas())
    assert all(entry["action"] != "one-hot" for entry in manifest.alignment)


# (c) encoded by hand


def coded(frame: pd.DataFrame) -> pd.DataFrame:
    table = frame[RAW].fillna({"Age": 28})
    return table.assign(**{name: table[name].map(codes) for name, codes in CODES.items()})


@pytest.mark.parametrize("how", ["best_model.pkl", "bentoml"])
@pytest.mark.parametrize(
    "final",
    [
        RandomForestClassifier(9, random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
)
def test_a_hand_coded_model_asks_for_its_codes_and_then_scores_raw_files(
    how: str, final: Any, tmp_path: Path
) -> None:
    model = quietly_fit(final, coded(train()), train()["Survived"])
    options = save(model, how, tmp_path)
    hint = refused(tmp_path, **options)
    assert "Sex:male=NUMBER,female=NUMBER" in hint
    assert "Embarked:" in hint
    assert "--map" not in hint  # only its author knows which number stands for which text
    manifest, scored = score(tmp_path, **options, **suggested(hint), map=CODES)
    assert_same_as_direct(model, coded(passengers()), scored)
    actions = {entry["column"]: entry["action"] for entry in manifest.alignment}
    assert (actions["Sex"], actions["Embarked"], actions["Age"]) == ("mapped", "mapped", "filled")


def test_a_code_that_was_forgotten_is_named(tmp_path: Path) -> None:
    model = RandomForestClassifier(9, random_state=0).fit(coded(train()), train()["Survived"])
    codes = {**CODES, "Embarked": {"S": 0, "C": 1}}
    hint = refused(tmp_path, **dump(model, tmp_path / "m.pkl"), fill={"Age": 28}, map=codes)
    assert "Embarked has values that its map does not name (Q)" in hint
