"""A run is seen by its health check and in its metrics, and neither can hurt it."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.faults.process import mounted
from tests.jobs.conftest import SAMPLE_DATA, Store
from titanic_batch.errors import FileAccessError, InterruptedRunError, TitanicBatchError
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.metrics import Figures, write_textfile
from titanic_batch.jobs.reporting import Report, reported
from titanic_batch.jobs.running import run_job

JobOf = Callable[..., Job]
DAY = date(2026, 11, 22)


@dataclass(kw_only=True)
class Service:
    """A health check that listens.

    Attributes:
        url: Its address.
        paths: What was asked for, in order.
        status: What it answers.
    """

    url: str = ""
    paths: list[str] = field(default_factory=list)
    status: int = 200


@pytest.fixture
def service() -> Iterator[Service]:
    known = Service()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.paths.append(self.path)
            self.send_response(known.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        known.url = f"http://127.0.0.1:{server.server_port}/secret"
        yield known
        server.shutdown()
        thread.join()


def run(job: Job) -> tuple[Report, list[str]]:
    warnings: list[str] = []
    with reported(job, warn=warnings.append) as report:
        report.outcomes.append(run_job(job, DAY))
    return report, warnings


class TestPings:
    def test_tell_of_start_and_success(
        self, job_of: JobOf, passengers: Path, service: Service
    ) -> None:
        report, warnings = run(job_of(f"[notify]\nurl = '{service.url}'"))
        assert (report.exit_code, warnings) == (0, [])
        assert service.paths == ["/secret/start", "/secret"]

    def test_tell_of_a_failure_and_its_code(self, job_of: JobOf, service: Service) -> None:
        report, _ = run(job_of(f"[notify]\nurl = '{service.url}'"))
        assert report.exit_code == 66
        assert service.paths == ["/secret/start", "/secret/66"]

    def test_say_what_the_job_file_says(self, job_of: JobOf, service: Service) -> None:
        run(
            job_of(
                f"[notify]\nurl = '{service.url}'\nstart = false\n"
                "failure = '?status=down&msg={exit_code}'"
            )
        )
        assert service.paths == ["/secret?status=down&msg=66"]

    @pytest.mark.parametrize(
        ("error", "code"),
        [(InterruptedRunError(15), 143), (TitanicBatchError("a bug"), 1), (ZeroDivisionError(), 1)],
    )
    def test_tell_of_a_run_that_is_cut_off(
        self, job_of: JobOf, service: Service, error: BaseException, code: int
    ) -> None:
        job = job_of(f"[notify]\nurl = '{service.url}'")
        with pytest.raises(type(error)), reported(job, warn=print):
            raise error
        assert service.paths == ["/secret/start", f"/secret/{code}"]

    def test_an_answer_that_is_an_error_is_one_warning(
        self, job_of: JobOf, passengers: Path, service: Service
    ) -> None:
        service.status = 404
        report, warnings = run(job_of(f"[notify]\nurl = '{service.url}'"))
        assert report.exit_code == 0
        assert warnings == ["the health check at 127.0.0.1 failed: it answered 404"]

    def test_an_address_that_nobody_listens_at_is_one_warning(
        self, job_of: JobOf, passengers: Path
    ) -> None:
        report, warnings = run(job_of("[notify]\nurl = 'http://127.0.0.1:1/secret'"))
        assert report.exit_code == 0
        (warning,) = warnings
        assert "refused" in warning
        assert "secret" not in warning

    def test_an_address_that_never_answers_delays_by_the_time_out_only(
        self, job_of: JobOf, passengers: Path
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            job = job_of(f"[notify]\nurl = 'http://127.0.0.1:{port}'\ntimeout = '0.5s'")
            started = time.monotonic()
            with reported(job, warn=lambda _: None) as report:
                inside = time.monotonic()
            assert inside - started < 0.4
            assert time.monotonic() - inside < 1.0
            assert report.exit_code == 0

    def test_never_take_longer_than_ten_seconds(self, job_of: JobOf) -> None:
        with pytest.raises(TitanicBatchError, match=r'notify.timeout: it is "11s", but takes'):
            job_of("[notify]\nurl = 'http://127.0.0.1'\ntimeout = '11s'")


def samples(path: Path) -> dict[tuple[str, ...], float]:
    """Return a textfile's values by name and labels, read by Prometheus' own parser."""
    return {
        (sample.name.removeprefix("titanic_batch_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(path.read_text(encoding="utf-8"))
        for sample in family.samples
    }


class TestMetrics:
    def test_tell_of_a_success(
        self, job_of: JobOf, passengers: Path, tmp_path: Path, store: Store
    ) -> None:
        before = time.time()
        report, _ = run(job_of("[metrics]\ntextfile = 'job.prom'"))
        assert report.exit_code == 0
        found = samples(tmp_path / "job.prom")
        assert found["run_success", "job"] == 1
        assert found["run_exit_code", "job"] == 0
        assert found["run_nights", "job", "published"] == 1
        assert found["run_rows", "job", "read"] == 5
        assert found["run_rows", "job", "scored"] == 5
        assert found["run_rows", "job", "rejected"] == 0
        assert found["model_info", "job", store.sha256, store.tag] == 1
        assert before <= found["last_success_timestamp_seconds", "job"] <= time.time()
        assert 0 < found["run_seconds", "job"] < 100
        assert [path.name for path in tmp_path.glob("*.prom*")] == ["job.prom"]

    def test_tell_of_drift(self, job_of: JobOf, tmp_path: Path) -> None:
        (tmp_path / "in.csv").write_bytes((SAMPLE_DATA / "passengers.csv").read_bytes())
        job = job_of(
            "[metrics]\ntextfile = 'job.prom'\n[guards]\nmax_drift_from_training = { warn = 9 }"
        )
        run(job)
        found = samples(tmp_path / "job.prom")
        drift = {key[1:]: value for key, value in found.items() if key[0] == "drift_psi"}
        assert {("training", "Age", "job"), ("training", "(score)", "job")} <= drift.keys()
        assert all(0 <= value < 9 for value in drift.values())
        run(job)  # a night that is skipped has drifted as it had
        again = samples(tmp_path / "job.prom")
        assert again["run_nights", "job", "skipped"] == 1
        assert {key: again["drift_psi", *key] for key in drift} == drift

    def test_a_failure_keeps_the_last_success(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / "job.prom"
        job = job_of("[metrics]\ntextfile = 'job.prom'")
        run(job)
        succeeded_at = samples(path)["last_success_timestamp_seconds", "job"]
        passengers.unlink()
        (tmp_path / "out" / f"{DAY}.csv").unlink()
        for _ in range(2):
            run(job)
            found = samples(path)
            assert found["last_success_timestamp_seconds", "job"] == succeeded_at
            assert (found["run_success", "job"], found["run_exit_code", "job"]) == (0, 66)
            assert found["run_nights", "job", "failed"] == 1

    def test_take_names_that_are_no_utf8(self, tmp_path: Path) -> None:
        figures = Figures(
            job="j",
            exit_code=0,
            finished_at=1.0,
            seconds=1.0,
            nights=Counter(),
            rows=Counter(),
            models=frozenset({("m\udcff.pkl", "0" * 64)}),
            drift={("a\udcff", "last"): 0.5},
        )
        write_textfile(tmp_path / "job.prom", figures)
        text = (tmp_path / "job.prom").read_text(encoding="utf-8")
        assert 'tag="m\\\\udcff.pkl"' in text
        assert 'column="a\\\\udcff"' in text

    @pytest.mark.parametrize("before", [None, b"no metrics\xff", b"a{ 1\n"])
    def test_without_a_success_before_it_is_never(
        self, job_of: JobOf, tmp_path: Path, before: bytes | None
    ) -> None:
        path = tmp_path / "job.prom"
        if before is not None:
            path.write_bytes(before)
        run(job_of("[metrics]\ntextfile = 'job.prom'"))
        assert samples(path)["last_success_timestamp_seconds", "job"] == 0

    @pytest.mark.parametrize("place", ["no/job.prom", "folder", "/proc/job.prom"])
    def test_that_cannot_be_written_are_74_and_nothing_is_scored(
        self, job_of: JobOf, passengers: Path, tmp_path: Path, service: Service, place: str
    ) -> None:
        (tmp_path / "folder").mkdir()
        job = job_of(f"[metrics]\ntextfile = '{place}'\n[notify]\nurl = '{service.url}'")
        with pytest.raises(FileAccessError, match="writing the metrics failed") as caught:
            run(job)
        assert caught.value.exit_code == 74
        assert service.paths == ["/secret/start", "/secret/74"]
        assert not (tmp_path / "out").exists()

    def test_on_a_read_only_disk_are_74_and_one_message(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "metrics"
        folder.mkdir()
        with mounted(folder, "size=1m,ro") as is_mounted:
            if not is_mounted:
                pytest.skip("nobody may mount here")
            with pytest.raises(FileAccessError) as caught:
                run(job_of("[metrics]\ntextfile = 'metrics/job.prom'"))
        assert str(caught.value) == (
            f"{folder}/job.prom: writing the metrics failed: Read-only file system. "
            "The file system is read-only: choose another place."
        )
        assert not (tmp_path / "out").exists()

    def test_that_fail_in_the_end_leave_the_night_published(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "metrics").mkdir()
        job = job_of("[metrics]\ntextfile = 'metrics/job.prom'")
        with reported(job, warn=print) as report:
            report.outcomes.append(run_job(job, DAY))
            (tmp_path / "metrics").rmdir()
        assert isinstance(report.error, FileAccessError)
        assert report.exit_code == 74
        assert (tmp_path / "out" / "2026-11-22.csv").exists()
