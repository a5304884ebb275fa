"""Nights: published, skipped, absent, failed; one that fails does not stop the others."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.jobs.conftest import SAMPLE_DATA, outputs_in
from titanic_batch.errors import (
    InputMissingError,
    TitanicBatchError,
    TooManyRejectsError,
    UsageError,
    worst_exit_code,
)
from titanic_batch.jobs.dates import parse_range
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.running import NightOutcome, run_job, run_nights
from titanic_batch.jobs.settings import Overrides
from titanic_batch.publish.verify import verify

JobOf = Callable[..., Job]
DAY = date(2026, 11, 22)


def statuses(outcomes: list[NightOutcome]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def test_publishes_into_folders_that_it_makes(
    job_of: JobOf, passengers: Path, tmp_path: Path
) -> None:
    job = job_of("[score]\nrejects = 'bad/{date}/r.csv'", target="a/b/{date:%Y/%m}/{date:%d}.csv")
    outcome = run_job(job, DAY)
    assert (outcome.status, outcome.exit_code, outcome.errors) == ("published", 0, ())
    assert verify(tmp_path / "a/b/2026/11/22.csv").rows == 5
    manifest = outcome.files[0].manifest
    assert manifest is not None
    assert manifest.rows.scored == 5


class TestBackfill:
    WEEK = "2026-03-26..2026-04-01"  # summer time begins in it

    def test_takes_a_week_once(self, job_of: JobOf, passengers: Path, tmp_path: Path) -> None:
        job = job_of("[job]\ntimezone = 'Europe/Berlin'")
        first = list(run_nights(job, parse_range(self.WEEK)))
        assert statuses(first) == ["published"] * 7
        assert [str(night.night.day) for night in first] == [
            *(f"2026-03-{day}" for day in range(26, 32)),
            "2026-04-01",
        ]
        inodes = {path: path.stat().st_ino for path in (tmp_path / "out").iterdir()}
        started = time.process_time()
        second = list(run_nights(job, parse_range(self.WEEK)))
        assert time.process_time() - started < 2
        assert statuses(second) == ["skipped"] * 7
        assert {path: path.stat().st_ino for path in (tmp_path / "out").iterdir()} == inodes

    def test_a_failed_night_does_not_stop_the_others(self, job_of: JobOf, tmp_path: Path) -> None:
        for day in ("20", "22"):
            shutil.copy(SAMPLE_DATA / "passengers.csv", tmp_path / f"{day}.csv")
        shutil.copy(SAMPLE_DATA / "dirty.csv", tmp_path / "21.csv")
        job = job_of(source="{date:%d}.csv")
        outcomes = list(run_nights(job, parse_range("2026-11-20..2026-11-23")))
        assert statuses(outcomes) == ["published", "failed", "published", "failed"]
        assert [outcome.exit_code for outcome in outcomes] == [0, 65, 0, 66]
        errors = [error for outcome in outcomes for error in outcome.errors]
        assert [type(error) for error in errors] == [TooManyRejectsError, InputMissingError]
        assert worst_exit_code(errors) == 65
        assert not (tmp_path / "out" / "2026-11-21.csv").exists()

    def test_refuses_nights_that_would_overwrite_each_other(
        self, job_of: JobOf, tmp_path: Path
    ) -> None:
        job = job_of(source="{date}.csv", target="latest.csv")
        with pytest.raises(UsageError, match=r"Put the date into output\.path"):
            list(run_nights(job, parse_range(self.WEEK)))
        assert run_job(job, DAY).exit_code == 66

    def test_nights_of_one_week_may_share_input_and_output(
        self, job_of: JobOf, passengers: Path
    ) -> None:
        job = job_of(target="out/{date:%G-W%V}.csv")
        outcomes = list(run_nights(job, parse_range("2026-11-21..2026-11-24")))
        assert statuses(outcomes) == ["published", "skipped", "published", "skipped"]


def test_a_night_of_a_file_name_that_is_no_utf8_is_known_once_its_input_is_gone(
    job_of: JobOf, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(
        SAMPLE_DATA / "passengers.csv", os.fsdecode(bytes(tmp_path / "in") + b"/caf\xe9.csv")
    )
    job = job_of(source="in/", target="out/{date}/")
    assert run_job(job, DAY).status == "published"
    shutil.rmtree(tmp_path / "in")
    assert run_job(job, DAY).status == "skipped"


class TestMissingInput:
    @pytest.mark.parametrize("source", ["no.csv", "no/", "no/{date}/*.csv", "in.csv/no.csv"])
    def test_is_66(self, job_of: JobOf, passengers: Path, tmp_path: Path, source: str) -> None:
        target = "out/{date}/" if source.endswith(("/", "*.csv")) else "out/{date}.csv"
        outcome = run_job(job_of(source=source, target=target), DAY)
        assert (outcome.status, outcome.exit_code) == ("failed", 66)
        assert "input.optional = true" in str(outcome.error)
        assert outputs_in(tmp_path / "out") == []

    @pytest.mark.parametrize("source", ["no.csv", "no/{date}/*.csv"])
    def test_is_no_failure_if_it_is_optional(
        self, job_of: JobOf, tmp_path: Path, source: str
    ) -> None:
        path = tmp_path / "job.toml"
        job_of(source=source)
        from titanic_batch.jobs.job_file import read_job

        path.write_text(path.read_text(encoding="utf-8") + "optional = true\n", encoding="utf-8")
        outcome = run_job(read_job(path), DAY)
        assert (outcome.status, outcome.exit_code, outcome.errors) == ("absent", 0, ())
        assert outputs_in(tmp_path / "out") == []

    def test_an_optional_input_without_rows_is_there_and_fails(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        header = passengers.read_text(encoding="utf-8").partition("\n")[0]
        passengers.write_text(f"{header}\n", encoding="utf-8")
        job = job_of("optional = true")
        assert job.input.optional
        assert run_job(job, DAY).exit_code == 66
        assert run_job(job_of("optional = true\n[score]\nallow_empty = true"), DAY).exit_code == 0


class TestSeveralFiles:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "in" / "2026-11-22"
        folder.mkdir(parents=True)
        for name in ("a.csv", "b.csv", "c.csv.part", "d.csv.tmp"):
            shutil.copy(SAMPLE_DATA / "passengers.csv", folder / name)
        return folder

    def test_are_scored_each_on_its_own(self, job_of: JobOf, folder: Path, tmp_path: Path) -> None:
        job = job_of(source="in/{date}/", target="out/{date}/")
        outcome = run_job(job, DAY)
        assert (outcome.status, len(outcome.files)) == ("published", 2)
        assert verify(tmp_path / "out/2026-11-22/a.parquet").rows == 418
        assert run_job(job, DAY).status == "skipped"

    def test_a_bad_one_fails_the_night_and_not_the_others(
        self, job_of: JobOf, folder: Path, tmp_path: Path
    ) -> None:
        shutil.copy(SAMPLE_DATA / "dirty.csv", folder / "a.csv")
        outcome = run_job(job_of(source="in/{date}/*.csv", target="out/{date}/"), DAY)
        assert (outcome.status, outcome.exit_code, len(outcome.errors)) == ("failed", 65, 1)
        assert verify(tmp_path / "out/2026-11-22/b.parquet").rows == 418


class TestDryRun:
    def test_writes_nothing_and_says_what_would_be_done(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = job_of()
        outcome = run_job(job, DAY, dry_run=True)
        assert outcome.status == "planned"
        assert [planned.published for planned in outcome.planned] == [False]
        assert not (tmp_path / "out").exists()
        run_job(job, DAY)
        again = run_job(job, DAY, dry_run=True)
        assert [planned.published for planned in again.planned] == [True]
        forced = run_job(job, DAY, dry_run=True, force=True)
        assert [planned.published for planned in forced.planned] == [False]

    def test_fails_as_the_run_would_for_input_and_model(
        self, job_of: JobOf, passengers: Path
    ) -> None:
        assert run_job(job_of(source="no.csv"), DAY, dry_run=True).exit_code == 66
        nobody = Overrides(model="nobody")
        assert run_job(job_of(), DAY, dry_run=True, overrides=nobody).exit_code == 69


def test_what_stands_in_the_way_of_the_output_folder_is_74(
    job_of: JobOf, passengers: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    outcome = run_job(job_of(), DAY)
    assert outcome.exit_code == 74
    assert os.fspath(tmp_path / "out") in str(outcome.error)


def test_another_run_of_the_night_is_75(job_of: JobOf, passengers: Path, tmp_path: Path) -> None:
    from titanic_batch.stores import store_of

    (tmp_path / "out").mkdir()
    output = tmp_path / "out" / "2026-11-22.csv"
    with store_of(output).lock(output):
        outcome = run_job(job_of(), DAY)
    assert outcome.exit_code == 75
    assert isinstance(outcome.errors[0], TitanicBatchError)
