"""Requests at the same time get the answers that they get alone, and do not wait for each other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.service.conftest import ServiceOf
from tests.service.running import PASSENGER, Running


def test_many_at_once_are_answered_as_each_alone(service: Running) -> None:
    records = [{**PASSENGER, "Age": 20 + age} for age in range(12)]
    alone = [service.post("/predict", record).json for record in records]
    assert len({answer["probability"] for answer in alone}) > 1
    with ThreadPoolExecutor(12) as threads:
        together = list(threads.map(lambda record: service.post("/predict", record).json, records))
    assert together == alone


def test_lists_at_once_are_kept_apart_though_they_are_batched(service_of: ServiceOf) -> None:
    service = service_of("churn_model")
    lists = [
        [{"plan": "gold", "months": months, "monthly fee": 9.5}] * months for months in range(12)
    ]
    lists[5].append({"plan": "none"})
    with ThreadPoolExecutor(12) as threads:
        answers = list(
            threads.map(lambda records: service.post("/predict_batch", records).json, lists)
        )
    for records, answer in zip(lists, answers, strict=True):
        assert len(answer) == len(records)
        single = [service.post("/predict", record).json for record in records[:1]]
        probability = [one["probability"] for one in single]
        found = [row["probability"] for row in answer if "probability" in row]
        assert all(abs(value - probability[0]) <= 1e-12 for value in found)
    assert "error" in answers[5][-1]


def test_a_long_request_keeps_no_short_one_waiting(service: Running) -> None:
    many = [{**PASSENGER, "Age": row % 80} for row in range(30_000)]

    def score_many() -> float:
        assert len(service.post("/predict_batch", many).json) == len(many)
        return time.monotonic()

    with ThreadPoolExecutor(1) as threads:
        long = threads.submit(score_many)
        time.sleep(0.2)
        assert service.post("/predict", PASSENGER).status == 200
        assert service.get("/readyz").status == 200
        short_done = time.monotonic()
        assert long.result() > short_done
