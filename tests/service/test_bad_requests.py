"""Bad input is 400 with a reason: never 500, and no traceback in the log."""

from __future__ import annotations

import gzip
import json
import time

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
        (b"", "the request is not JSON"),
        (b"{", "the request is not JSON"),
        (b'{"Sex": "\xff"}', "the request is not UTF-8 at byte 9"),
        ('{"Age": 1}'.encode("utf-16"), "the request is not UTF-8 at byte 0"),
        ('{"Age": 1}'.encode("utf-8-sig"), "the request is not JSON"),
        (b"null", "the request must be a JSON object"),
        (b"[]", "the request must be a JSON object"),
        (b'"x"', "the request must be a JSON object"),
        (b'{"Age": 1, "Age": 2}', "the request names Age twice"),
        (b"[" * 100_000, "the request nests lists or objects too deeply"),
        (b'{"Age": ' + b"[" * 150 + b"]" * 150 + b"}", "the request nests lists or objects too"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, "the request nests lists or objects too deeply"),
        (b'{"Age": ' + b"9" * 5000 + b"}", "the request holds a number of 5,000 digits"),
        (b'{"Age": -' + b"9" * 4000 + b"}", "the request holds a number of 4,000 digits"),
        (b'{"Age": NaN}', "the request holds NaN, which is not JSON"),
        (b'{"Age": Infinity}', "the request holds Infinity, which is not JSON"),
        (b'{"Age": -Infinity}', "the request holds -Infinity, which is not JSON"),
        (b'{"Agee": {"x": [NaN]}}', "the request holds NaN, which is not JSON"),
        (b'{"Age": 1}{}', "the request is not JSON"),
        (b'{"Age": 01}', "the request is not JSON"),
        (b'{"Sex": "\n"}', "the request is not JSON"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_what_is_no_json_object_is_refused(service: Running, body: bytes, error: str) -> None:
    answer = service.post("/predict", body)
    assert answer.status == 400
    assert answer.json["error"].startswith(error)
    assert (answer.json["reason"], answer.json["column"]) == ("bad-request", "")
    answer = service.post("/predict_batch", b"[" + body + b"]")
    assert answer.status == 400 or not body or error.startswith("the request must be")


@pytest.mark.parametrize(
    ("body", "reason", "column"),
    [
        ({"Age": 10**308}, "not-a-number", "Age"),
        ({"\ud800": 1}, "bad-encoding", "\ud800"),
        ({"a\0b": 1}, "bad-encoding", "a\0b"),
        ('{"Age": 1e999}', "not-finite", "Age"),
        ('{"Age": -1e999}', "not-finite", "Age"),
        ('{"Age": 0.' + "9" * 5000 + "}", None, None),
        ('{"Age": ' + "9" * 400 + "}", "not-finite", "Age"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_two_readers_of_json_could_take_differently_is_one_verdict(
    service: Running, body: str | dict[str, object], reason: str | None, column: str | None
) -> None:
    given = json.loads(body) if isinstance(body, str) else body
    record = (
        json.dumps(PASSENGER)[:-1] + "," + (body if isinstance(body, str) else json.dumps(body))[1:]
    )
    if set(given) <= set(PASSENGER):
        record = record.replace('"Age": 29, ', "")
    one, (many,) = (
        service.post("/predict", record),
        service.post("/predict_batch", f"[{record}]").json,
    )
    assert one.json == many
    assert (many.get("reason"), many.get("column")) == (reason, column)
    assert one.status == (400 if reason else 200)


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


@pytest.mark.parametrize("route", ["/predict", "/predict_batch"])
def test_a_long_body_is_refused_whether_it_says_its_length_or_not(
    service: Running, route: str
) -> None:
    piece = b" " * (1 << 20)
    said = {"Content-Type": "application/json"}
    for body in (piece * 17, [piece] * 17):
        answer = service.ask("POST", route, body, said)
        assert answer.status == 413
        assert answer.json["error"].startswith("the request has more than 16,777,216 bytes")
    # As much as that is read, and found to be no record.
    assert service.post(route, piece * 16).status == 400
    assert service.post("/predict", PASSENGER).status == 200


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
def test_a_compressed_body_is_not_unpacked(service: Running, coding: str) -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    answer = service.post("/predict", bomb, content_encoding=coding)
    assert answer.status == 400
    assert answer.json["error"] == f"the request is compressed ({coding}): send it as it is"


def test_a_path_fakes_no_line_of_the_log(service: Running) -> None:
    service.get("/%0aFAKED%1b[31m%e2%80%ae")
    deadline = time.monotonic() + 20
    while "FAKED" not in (log := service.log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)  # the line is written after the answer
    assert "\nFAKED" not in log
    assert "\\nFAKED\\x1b[31m" in log


def test_the_log_holds_no_traceback(service: Running) -> None:
    service.post("/predict", b"{")
    service.post("/predict_batch", [3, {}])
    assert "Traceback" not in service.log.read_text()
