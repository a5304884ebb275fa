"""What the service answers, in the words of its model."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import pandas as pd
import pytest

from tests.cli.command import SAMPLE_DATA, Command
from tests.service.conftest import ServiceOf, make_dummies
from tests.service.running import PASSENGER, Running


def tag_of(home: Path, model: str) -> str:
    folder = home / "bentoml" / "models" / model
    return f"{model}:{(folder / 'latest').read_text().strip()}"


def test_a_passenger_is_answered_in_the_words_of_the_reference_model(
    service: Running, service_home: Path
) -> None:
    answer = service.post("/predict", PASSENGER)
    model = joblib.load(service_home / "best_model.pkl")
    expected = model.predict_proba(pd.DataFrame([PASSENGER]))[0, 1]
    assert answer.status == 200
    assert list(answer.json) == ["survived", "message", "probability", "model"]
    assert answer.json["survived"] == 1
    assert answer.json["message"] == "1 = 생존, 0 = 사망"
    assert "생존" in answer.text  # as it is, for a person to read
    assert answer.json["probability"] == pytest.approx(expected, rel=0, abs=1e-12)
    assert answer.json["model"] == tag_of(service_home, "titanic_model")


@pytest.mark.parametrize(
    "record",
    [
        dict(reversed(PASSENGER.items())),
        {**PASSENGER, "Name": "Nobody", "Ticket": 3, "Cabin": None},
        {name.lower(): value for name, value in PASSENGER.items()},
        {name: str(value) for name, value in PASSENGER.items()},
        {**PASSENGER, "Age": 29.0, "Pclass": 1.0},
    ],
    ids=["any order", "more columns", "lower case", "text", "whole floats"],
)
def test_the_same_passenger_in_other_clothes(service: Running, record: object) -> None:
    assert service.post("/predict", record).json == service.post("/predict", PASSENGER).json


def test_a_list_is_answered_row_by_row(service: Running) -> None:
    records = [PASSENGER, {**PASSENGER, "Sex": "unknown"}, {}, {**PASSENGER, "Age": None}, 3]
    answers = service.post("/predict_batch", records).json
    assert [answer.get("survived") for answer in answers] == [1, None, None, 1, None]
    assert answers[0] == service.post("/predict", PASSENGER).json
    for record, answer in zip(records[1:3], answers[1:3], strict=True):
        assert service.post("/predict", record).json == answer
    assert answers[4]["reason"] == "wrong-columns"
    assert service.post("/predict_batch", []).json == []


def test_a_model_of_get_dummies_columns_takes_both_forms(
    service_of: ServiceOf, service_home: Path
) -> None:
    service = service_of("dummies_model")
    passengers = pd.read_csv(SAMPLE_DATA / "passengers.csv").fillna({"Age": 28.0, "Fare": 14.45})
    dummies = make_dummies(passengers).head(50)
    shuffled = dummies[sorted(dummies.columns, reverse=True)]
    expected = joblib.load(service_home / "dummies_model.pkl").predict_proba(dummies)[:, 1]
    raw = json.loads(passengers.head(50).to_json(orient="records"))
    encoded = json.loads(shuffled.to_json(orient="records"))
    for records in (raw, encoded):
        answers = service.post("/predict_batch", records).json
        assert [answer["probability"] for answer in answers] == pytest.approx(
            expected, rel=0, abs=1e-12
        )
    # It was saved without its training data: nobody has said what it predicts.
    assert list(service.post("/predict", raw[0]).json) == ["prediction", "probability", "model"]


def test_a_churn_model_answers_in_its_own_words(service_of: ServiceOf, service_home: Path) -> None:
    service = service_of("churn_model")
    customer = {"plan": "gold", "months": 40, "monthly fee": 80.0}
    model = joblib.load(service_home / "churn_model.pkl")
    frame = pd.DataFrame([customer])
    answer = service.post("/predict", customer).json
    assert answer == {
        "will_churn": model.predict(frame)[0],
        "message": "yes = 이탈, no = 유지",
        "probability": pytest.approx(model.predict_proba(frame)[0, 1], rel=0, abs=1e-12),
        "model": tag_of(service_home, "churn_model"),
    }
    refused = service.post("/predict", {**customer, "plan": "platinum"})
    assert refused.status == 400
    assert refused.json["error"] == "column plan: unknown-category"


def test_the_pages_of_a_bentoml_service_are_there(service: Running) -> None:
    for route in ("/", "/healthz", "/livez", "/readyz", "/metrics"):
        assert service.get(route).status == 200
    described = service.get("/docs.json").json["paths"]["/predict"]["post"]
    (content,) = described["requestBody"]["content"].values()
    assert set(content["schema"]["properties"]) == set(PASSENGER)
    example = content["schema"]["example"]
    assert service.post("/predict", example).status == 200


def test_saving_names_the_labels_that_a_service_answers_with(
    command: Command, service_home: Path
) -> None:
    shown = command("models", "show", "churn_model", "--json").json
    assert shown["schema"]["labels"] == {"yes": "이탈", "no": "유지"}
    assert shown["schema"]["target"] == "Will Churn"
