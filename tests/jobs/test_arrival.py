"""An input that is still being written is not taken."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.jobs.conftest import SAMPLE_DATA, outputs_in
from titanic_batch.errors import UsageError
from titanic_batch.jobs.job_file import Job, read_job
from titanic_batch.jobs.running import NightOutcome, run_job

JobOf = Callable[..., Job]
DAY = date(2026, 11, 22)


def with_input(job_of: JobOf, line: str, **paths: str) -> Job:
    """Return a job with a line more in its [input], which is the last table of `job_of`."""
    return job_of(line, **paths)


def arrived(path: Path, seconds_ago: float) -> None:
    moment = time.time() - seconds_ago
    os.utime(path, (moment, moment))


class TestMarker:
    @pytest.mark.parametrize(
        ("source", "target"), [("in.csv", "out/{date}.csv"), ("*.csv", "out/{date}/")]
    )
    def test_is_waited_for(
        self, job_of: JobOf, passengers: Path, tmp_path: Path, source: str, target: str
    ) -> None:
        job = with_input(job_of, "marker = '_SUCCESS'", source=source, target=target)
        outcome = run_job(job, DAY)
        assert outcome.exit_code == 66
        assert f"{tmp_path}/_SUCCESS: the input has not arrived" in str(outcome.error)
        assert outputs_in(tmp_path / "out") == []
        (tmp_path / "_SUCCESS").touch()
        assert run_job(job, DAY).status == "published"

    def test_stands_in_the_folder_that_is_the_input_and_may_have_a_date(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "drop"
        folder.mkdir()
        passengers.rename(folder / "in.csv")
        job = with_input(
            job_of, "marker = '{date:%Y%m%d}.done'", source="drop", target="out/{date}/"
        )
        assert run_job(job, DAY).exit_code == 66
        (folder / "20261122.done").touch()
        assert run_job(job, DAY).status == "published"

    def test_an_optional_input_that_has_not_arrived_is_no_failure(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = with_input(job_of, "marker = '_SUCCESS'\noptional = true")
        outcome = run_job(job, DAY)
        assert (outcome.status, outcome.exit_code) == ("absent", 0)

    def test_is_refused_where_it_could_be_in_many_folders(self, job_of: JobOf) -> None:
        with pytest.raises(UsageError, match=r"input\.marker: a marker stands in one folder"):
            with_input(job_of, "marker = 'x'", source="*/in.csv")


class TestMinAge:
    def test_is_waited_for(self, job_of: JobOf, passengers: Path) -> None:
        job = with_input(job_of, "min_age = '5m'")
        arrived(passengers, 200)
        outcome = run_job(job, DAY)
        assert outcome.exit_code == 66
        assert "min_age asks for 300 s" in str(outcome.error)
        arrived(passengers, 301)
        assert run_job(job, DAY).status == "published"

    def test_one_young_file_holds_up_all(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "b.csv").write_bytes(passengers.read_bytes())
        arrived(passengers, 400)
        job = with_input(job_of, "min_age = '5m'", source="*.csv", target="out/{date}/")
        assert str(tmp_path / "b.csv") in str(run_job(job, DAY).error)
        arrived(tmp_path / "b.csv", 400)
        assert len(run_job(job, DAY).files) == 2

    def test_a_file_from_the_future_is_young(self, job_of: JobOf, passengers: Path) -> None:
        arrived(passengers, -100)
        outcome = run_job(with_input(job_of, "min_age = '1s'"), DAY)
        assert "written 0 s ago" in str(outcome.error)


class TestRunManifest:
    @pytest.fixture
    def outcome(self, job_of: JobOf, passengers: Path, tmp_path: Path) -> NightOutcome:
        folder = tmp_path / "drop"
        folder.mkdir()
        passengers.rename(folder / "good.csv")
        (folder / "dirty.csv").write_bytes((SAMPLE_DATA / "dirty.csv").read_bytes())
        for name in ("half.csv.part", "half.csv.tmp", ".hidden.csv"):
            (folder / name).write_bytes(b"Age\n1\n")
        return run_job(job_of(source="drop/", target="out/"), DAY)

    def test_lists_every_file_and_its_verdict(self, outcome: NightOutcome, tmp_path: Path) -> None:
        document = json.loads((tmp_path / "out" / "_run.manifest.json").read_bytes())
        assert (document["job"], document["date"]) == ("job", "2026-11-22")
        assert document["status"] == "failed"
        dirty, good = document["files"]
        assert (dirty["input"], dirty["status"], dirty["exit_code"]) == (
            str(tmp_path / "drop" / "dirty.csv"),
            "failed",
            65,
        )
        assert "were rejected" in dirty["error"]["what"]
        assert (good["status"], good["rows"]) == (
            "published",
            {"read": 5, "scored": 5, "rejected": 0},
        )
        assert Path(good["output"]).exists()

    def test_is_no_input_and_in_nobodys_way(
        self, outcome: NightOutcome, job_of: JobOf, tmp_path: Path
    ) -> None:
        # A second job takes the outputs' folder: what is published there is no input.
        job = job_of(source="out/", target="twice/")
        assert run_job(job, DAY).exit_code == 66
        (tmp_path / "drop" / "dirty.csv").unlink()
        again = run_job(read_job(job_of(source="drop/", target="out/").path), DAY)
        assert again.status == "skipped"

    def test_stays_as_it_is_where_nothing_is_done(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = job_of(source="*.csv", target="out/")
        path = tmp_path / "out" / "_run.manifest.json"
        run_job(job, DAY)
        before = path.stat().st_ino
        assert run_job(job, DAY).status == "skipped"
        assert path.stat().st_ino == before
        assert json.loads(path.read_bytes())["status"] == "published"
