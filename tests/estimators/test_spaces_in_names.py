"""Column names and values with spaces, for which LightGBM writes `_` and the others do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import titanic_batch
from tests.estimators.passengers import dump, quietly_fit
from titanic_batch.errors import DataError, TooManyRejectsError
from titanic_batch.training.learn_schema import learn_schema, learn_schema_from_frame
from titanic_batch.training.saving import save_model

LIGHTGBM = lightgbm.LGBMClassifier(n_estimators=20, min_child_samples=2, verbose=-1)
MODELS = {
    "lightgbm": LIGHTGBM,
    "searched": GridSearchCV(LIGHTGBM, {"num_leaves": [7]}, cv=2),
    "in a pipeline": make_pipeline(LIGHTGBM),
    "scaled": make_pipeline(StandardScaler(), LIGHTGBM),
    "xgboost": xgboost.XGBClassifier(n_estimators=20),
    "catboost": catboost.CatBoostClassifier(iterations=20, verbose=0, allow_writing_files=False),
}
TYPES = ["One year", "Two year", "Month-to-month", "a  b c", "x_y z", "t\tt"]


def customers(count: int = 400, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    kinds = random.choice(TYPES, count)
    chances = [0.1 + 0.15 * TYPES.index(kind) for kind in kinds]
    return pd.DataFrame(
        {
            "Ticket Fare": random.normal(30, 10, count).round(2),
            "contract": kinds,
            "pay method": random.choice(["by mail", "card"], count),
            "left": (random.random(count) < chances).astype(int),
        }
    )


def dummies(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.get_dummies(frame.drop(columns="left", errors="ignore"), dtype=int)


def fit(name: str = "lightgbm") -> Any:
    train = customers()
    return quietly_fit(MODELS[name], dummies(train), train["left"])


def score(frame: pd.DataFrame, folder: Path, **options: Any) -> tuple[Any, pd.Series[float]]:
    folder.joinpath("in.csv").write_text(frame.to_csv(index=False))
    manifest = titanic_batch.score(folder / "in.csv", folder / "out.csv", workers=1, **options)
    return manifest, pd.read_csv(folder / "out.csv")["probability"]


def asked_directly(model: Any, frame: pd.DataFrame) -> Any:
    shown = dummies(frame)
    own = list(getattr(model, "feature_names_in_", getattr(model, "feature_names_", ())))
    if list(shown) != own:
        shown.columns = shown.columns.str.replace(" ", "_")
        assert list(shown) == own
    return model.predict_proba(shown)[:, 1]


@pytest.mark.parametrize("learned", [False, True], ids=["derived", "learned"])
@pytest.mark.parametrize("name", MODELS)
def test_raw_data_feed_a_model_of_get_dummies(name: str, learned: bool, tmp_path: Path) -> None:
    model, raw = fit(name), customers(seed=1).drop(columns="left")
    options = dump(model, tmp_path / "m.pkl")
    if learned:
        data = tmp_path / "train.csv"
        data.write_text(customers().to_csv(index=False))
        schema = learn_schema(model, data, "left")
        options = {"model": save_model(model, name="m", schema=schema).ref}
    manifest, scored = score(raw, tmp_path, **options)
    np.testing.assert_allclose(scored, asked_directly(model, raw), rtol=0, atol=1e-12)
    actions = {entry["column"]: entry for entry in manifest.alignment}
    underscored = name not in ("scaled", "xgboost", "catboost")
    year = actions["contract_One_year" if underscored else "contract_One year"]
    assert (year["from"], year["action"]) == ("contract", "one-hot")
    fare = actions["Ticket_Fare" if underscored else "Ticket Fare"]
    assert (fare["from"], fare["action"]) == ("Ticket Fare", "renamed" if underscored else "as-is")


def test_data_that_have_the_models_own_names_are_used_as_they_are(tmp_path: Path) -> None:
    model, raw = fit(), customers(seed=1)
    shown = dummies(raw)
    shown.columns = shown.columns.str.replace(" ", "_")
    _, scored = score(shown, tmp_path, **dump(model, tmp_path / "m.pkl"))
    np.testing.assert_allclose(scored, asked_directly(model, raw), rtol=0, atol=1e-12)


@pytest.mark.parametrize("chunk_size", ["1KB", "4MB"])
def test_two_spellings_that_the_model_has_one_column_for_are_refused(
    chunk_size: str, tmp_path: Path
) -> None:
    model, raw = fit(), customers(seed=1)
    raw.loc[399, "contract"] = "One_year"
    with pytest.raises(DataError, match=r"contract holds 'One year' and 'One_year'") as caught:
        score(raw, tmp_path, chunk_size=chunk_size, **dump(model, tmp_path / "m.pkl"))
    assert "models save" in caught.value.hint
    assert not (tmp_path / "out.csv").exists()


def test_what_training_data_showed_says_which_spelling_is_known(tmp_path: Path) -> None:
    model, raw = fit(), customers(seed=1)
    schema = learn_schema_from_frame(model, customers(), target="left")
    raw.loc[399, "contract"] = "One_year"
    saved = save_model(model, name="m", schema=schema).ref
    with pytest.raises(TooManyRejectsError, match="row 400, line 401, column contract: unknown-"):
        score(raw, tmp_path, model=saved)


def test_training_data_with_two_values_for_one_column_are_refused() -> None:
    train = customers()
    model = fit()
    train.loc[399, "contract"] = "One_year"
    with pytest.raises(DataError, match=r"contract holds 'One year' and 'One_year', and LightGBM"):
        learn_schema_from_frame(model, train, target="left")
    twice = customers().assign(Ticket_Fare=1.0)
    with pytest.raises(DataError, match=r"'Ticket Fare' and 'Ticket_Fare', and LightGBM"):
        learn_schema_from_frame(model, twice, target="left")


def test_two_columns_that_may_be_one_of_the_models_feed_it_by_name_alone(tmp_path: Path) -> None:
    model, raw = fit(), customers(seed=1)
    twice = raw.assign(Ticket_Fare=1.0)
    options = dump(model, tmp_path / "m.pkl")
    with pytest.raises(DataError, match=r"missing column .* Ticket_Fare \(nearest: Ticket Fare, "):
        score(twice, tmp_path, **options)
    _, scored = score(twice, tmp_path, rename={"Ticket Fare": "Ticket_Fare"}, **options)
    np.testing.assert_allclose(scored, asked_directly(model, raw), rtol=0, atol=1e-12)


def test_a_space_is_no_underscore_to_another_library(tmp_path: Path) -> None:
    model, raw = fit("xgboost"), customers(seed=1)
    raw["contract"] = raw["contract"].str.replace("One year", "One_year")
    with pytest.raises(TooManyRejectsError) as caught:
        score(raw, tmp_path, **dump(model, tmp_path / "m.pkl"))
    assert "--unknown" not in caught.value.hint
