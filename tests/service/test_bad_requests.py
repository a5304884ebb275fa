"""Bad input is 400 with a reason: never 500, and no traceback in the log."""

from __future__ import annotations

import pytest

from tests.service.running import PASSENGER, Running


@pytest.mark.parametrize(
    ("change", "reason", "column"),
    [
        ({"Sex": "unknown"}, "unknown-category", "Sex"),
        ({"Sex": " male"}, "unknown-category", "Sex"),
        ({"Sex": None}, "missing-value", "Sex"),
        ({"Sex": ""}, "missing-value", "Sex"),
        ({"Age": "abc"}, "not-a-number", "Age"),
        ({"SibSp": 1.5}, "not-an-integer", "SibSp"),
        ({"SibSp": 10**30}, "not-an-integer", "SibSp"),
        ({"Fare": "inf"}, "not-finite", "Fare"),
        ({"Pclass": 4}, "unknown-category", "Pclass"),
        ({"Embarked": "\0"}, "bad-encoding", "Embarked"),
        ({"Embarked": "\ud800"}, "bad-encoding", "Embarked"),
        ({"Age": [1]}, "wrong-columns", "Age"),
        ({"Age": {"years": 1}}, "wrong-columns", "Age"),
    ],
    ids=repr,
)
def test_a_bad_value_is_refused_as_a_row_of_a_file_is(
    service: Running, change: dict[str, object], reason: str, column: str
) -> None:
    answer = service.post("/predict", {**PASSENGER, **change})
    assert (answer.status, answer.json["reason"], answer.json["column"]) == (400, reason, column)
    assert answer.json["error"].startswith(f"column {column}: ")


def test_a_missing_column_is_named(service: Running) -> None:
    record = {name: value for name, value in PASSENGER.items() if name != "Age"}
    answer = service.post("/predict", {**record, "Agee": 3})
    assert answer.status == 400
    assert answer.json["error"] == "missing column of the model: Age (nearest: Agee)"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "the request is no JSON"),
        (b"{", "the request is no JSON"),
        (b'{"Sex": "\xff"}', "the request is no JSON"),
        (b"null", "the request must be a JSON object"),
        (b"[]", "the request must be a JSON object"),
        (b'"x"', "the request must be a JSON object"),
        (b'{"Age": 1, "Age": 2}', "the request names Age twice"),
        (b"[" * 100_000, "the request nests lists or objects too deeply"),
        (b'{"Age": ' + b"9" * 5000 + b"}", "the request is no JSON"),
    ],
    ids=["empty", "cut", "bytes", "null", "list", "text", "twice", "deep", "digits"],
)
def test_what_is_no_json_object_is_refused(service: Running, body: bytes, error: str) -> None:
    answer = service.post("/predict", body)
    assert answer.status == 400
    assert answer.json["error"].startswith(error)


def test_a_list_must_be_a_list(service: Running) -> None:
    answer = service.post("/predict_batch", {"records": []})
    assert (answer.status, answer.json["error"]) == (400, "the request must be a JSON list")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/csv", "application/vnd.bentoml+pickle"]
)
def test_another_content_type_is_refused_with_its_cure(service: Running, kind: str) -> None:
    answer = service.post("/predict", PASSENGER, content_type=kind)
    assert answer.status == 400
    assert "Content-Type: application/json" in answer.json["error"]


def test_the_log_holds_no_traceback(service: Running) -> None:
    service.post("/predict", b"{")
    service.post("/predict_batch", [3, {}])
    assert "Traceback" not in service.log.read_text()
