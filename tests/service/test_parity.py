"""`titanic-batch parity` against the running server."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.command import DIRTY, PASSENGERS, SAMPLE_DATA, Command
from tests.service.conftest import ServiceOf
from tests.service.running import PASSENGER, Running, free_port


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_all_418_passengers_are_equal_to_the_last_bit(
    command: Command, service: Running, tmp_path: Path, suffix: str
) -> None:
    path = SAMPLE_DATA / f"passengers.{suffix}"
    if suffix == "jsonl":
        path = tmp_path / path.name
        frame = pd.read_csv(PASSENGERS).assign(tags=pd.Series([["a list"]] * 418))
        frame.to_json(path, orient="records", lines=True)
    done = command("parity", path, "--url", service.url, "--json")
    report = done.json
    assert report["status"] == "agrees"
    assert (report["rows"], report["compared"], report["equal"]) == (418, 418, 418)
    assert report["labels_differing"] == report["verdicts_differing"] == 0
    assert report["largest_difference"] == 0.0
    assert report["model"] == report["service_model"]


def test_every_dirty_record_that_parses_gets_the_same_verdict_alone(
    command: Command, service: Running
) -> None:
    done = command("parity", DIRTY, "--url", service.url, "--batch-size", "1")
    assert done.out.startswith("20 of 20 rows equal  (15 scored, 5 rejected by both)\n")
    assert "not sent            4 rows that are not records" in done.out
    assert done.err == ""


def test_other_models_agree_too(command: Command, service_of: ServiceOf) -> None:
    # Nulls of Age and Fare are no business of a model that was trained on filled ones.
    for model, file in (("dummies_model", PASSENGERS), ("churn_model", "customers.csv")):
        path = command.environment["HOME"] + "/customers.csv" if file == "customers.csv" else file
        url = service_of(model).url
        report = command("parity", path, "--url", url, "-m", model, "--json").json
        assert report["status"] == "agrees"
        assert report["rows"] == report["equal"] > 400
        assert report["largest_difference"] <= 1e-12


def test_another_model_is_65_and_says_what_differs(command: Command, service_of: ServiceOf) -> None:
    # The dummies model names its prediction otherwise, so no answer is one of this model's.
    done = command("parity", DIRTY, "--url", service_of("dummies_model").url, code=65)
    assert "0 of 20 rows equal" not in done.out  # both reject what is no number
    assert "do not agree on" in done.error
    assert "start the service with TITANIC_BATCH_MODEL=titanic_model:" in done.error
    quiet = command("parity", DIRTY, "--url", service_of("dummies_model").url, "-q", code=65)
    assert quiet.out == ""
    differs = command("parity", DIRTY, "--url", service_of("dummies_model").url, "--json", code=65)
    assert differs.json["status"] == "differs"
    assert differs.json["differences"][0]["row"] == 1


@pytest.fixture
def stranger() -> Iterator[str]:
    """Return the address of a web server that is no scoring service."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Hello</html>")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_service_that_is_none_is_74(command: Command, stranger: str) -> None:
    assert (
        "not the answer of a scoring service"
        in command("parity", DIRTY, "--url", stranger, code=74).error
    )
    closed = f"http://127.0.0.1:{free_port()}"
    done = command("parity", DIRTY, "--url", closed, code=74)
    assert done.error.startswith(f"{closed}: the service cannot be reached: Connection refused.")


def test_wrong_arguments_and_inputs(command: Command, service: Running) -> None:
    assert "not the address of a service" in command("parity", DIRTY, "--url", "here", code=2).error
    empty = command.folder / "empty.csv"
    empty.write_text(",".join(PASSENGER) + "\n")
    command("parity", empty, "--url", service.url, code=66)
    other = command.folder / "other.csv"
    other.write_text("a,b\n1,2\n")
    assert "missing 7 columns" in command("parity", other, "--url", service.url, code=65).error
