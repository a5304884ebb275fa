"""How answers are worded, from nothing but a schema."""

from __future__ import annotations

from typing import Any

import pytest

from titanic_batch.schema import TrainingSchema, schema_from_json
from titanic_batch.serving.outcomes import RecordOutcome, Scored, refusal
from titanic_batch.serving.predictions import answer, field_name, read_answer, words_of


def schema(
    target: str | None, classes: tuple[int | str, ...] = (0, 1), **labels: str
) -> TrainingSchema:
    return TrainingSchema(columns=(), target=target, classes=classes, labels=labels)


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("Survived", "survived"),
        ("Will Churn?", "will_churn"),
        ("생존", "생존"),
        (None, "prediction"),
        ("Message", "prediction"),
        ("Model", "prediction"),
        ("Probability", "prediction"),
        ("?", "prediction"),
    ],
)
def test_the_field_is_the_targets_name(target: str | None, field: str) -> None:
    assert field_name(schema(target)) == field


def test_a_message_names_the_class_of_the_probability_first() -> None:
    binary = TrainingSchema(columns=(), classes=(0, 1), labels={"0": "사망", "1": "생존"})
    assert words_of(binary, "m").message == "1 = 생존, 0 = 사망"
    several = TrainingSchema(columns=(), classes=("a", "b", "c"), labels={"c": "C", "a": "A"})
    assert words_of(several, "m").message == "a = A, c = C"
    assert words_of(schema("Survived"), "m").message == ""


@pytest.mark.parametrize(
    "verdict",
    [
        Scored(label=1, probabilities={"probability": 0.25}),
        Scored(label="a", probabilities={"probability_a": 1.0, "probability_b": 0.0}),
        Scored(label=2.5, probabilities={}),
        refusal("missing-value", "Sex"),
        refusal("model-error", ""),
    ],
)
def test_an_answer_reads_back_as_its_verdict(verdict: RecordOutcome) -> None:
    words = words_of(schema("Survived"), "titanic_model:abc")
    assert read_answer(answer(verdict, words), "survived", regressor=False) == verdict


def test_what_is_no_answer_reads_as_none() -> None:
    assert read_answer({}, "survived", regressor=False) is None
    assert read_answer({"prediction": 1}, "survived", regressor=False) is None
    assert (
        read_answer({"error": "An unexpected error has occurred"}, "survived", regressor=False)
        is None
    )


def test_a_schema_of_before_labels_still_loads() -> None:
    document = {"schema_version": 1, "columns": [], "target": "Survived"}
    assert schema_from_json(document, where="m").labels == {}


@pytest.mark.parametrize(
    "document",
    [
        {"survived": 1, "probability": "0.5"},
        {"survived": 1, "probability": None},
        {"survived": 1, "probability": True},
        {"survived": 1, "probability": float("nan")},
        {"survived": 1, "probability": float("inf")},
        {"survived": [1], "probability": 0.5},
        {"survived": None, "probability": 0.5},
        {"error": [], "reason": "missing-value", "column": "Age"},
        {"error": "no", "reason": 4, "column": "Age"},
    ],
)
def test_an_answer_of_other_types_is_no_verdict(document: dict[str, Any]) -> None:
    assert read_answer(document, "survived", regressor=False) is None


def test_a_regressor_answers_with_a_number() -> None:
    assert read_answer({"fare": "7"}, "fare", regressor=True) is None
    assert read_answer({"fare": 7.25}, "fare", regressor=True) is not None
    assert read_answer({"class": "7"}, "class", regressor=False) is not None
