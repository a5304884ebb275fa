"""`jobs list` tells what was published today, or last."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.jobs.conftest import Store, write_job
from titanic_batch.errors import UsageError
from titanic_batch.jobs.job_file import read_job
from titanic_batch.jobs.listing import list_jobs
from titanic_batch.jobs.running import run_job

TODAY = datetime.now(UTC).date()


def test_tells_of_today_and_of_the_newest_before(
    tmp_path: Path, passengers: Path, store: Store
) -> None:
    path = write_job(tmp_path)
    (before,) = list_jobs(tmp_path)
    assert (before.name, before.path, before.model) == ("job", path, "titanic_model:latest")
    assert (before.tonight, before.last, before.error) == (None, None, None)
    for days in (3, 2):
        run_job(read_job(path), TODAY - timedelta(days=days))
    (between,) = list_jobs(tmp_path)
    assert between.tonight is None
    assert between.last is not None
    assert between.last.path == str(tmp_path / "out" / f"{TODAY - timedelta(days=2)}.csv")
    assert (between.last.rows, between.last.rejected, between.last.files) == (5, 0, 1)
    assert between.last.model == store.tag
    run_job(read_job(path), TODAY)
    (after,) = list_jobs(tmp_path)
    if datetime.now(UTC).date() == TODAY:
        assert after.tonight == after.last is not None


def test_adds_up_the_files_of_a_folder(tmp_path: Path, passengers: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "in" / name).write_bytes(passengers.read_bytes())
    path = write_job(tmp_path, source="in", target="out/{date:%Y}/{date:%m-%d}/")
    run_job(read_job(path), date(2020, 2, 29))
    (job,) = list_jobs(tmp_path)
    assert job.last is not None
    assert (job.last.path, job.last.files, job.last.rows) == (f"{tmp_path}/out/2020/02-29/", 2, 10)


def test_does_not_take_the_outputs_of_another_job(tmp_path: Path, passengers: Path) -> None:
    weekly = write_job(tmp_path, target="out/{date:%G-W%V}.csv")
    run_job(read_job(weekly), date(2020, 2, 29))
    write_job(tmp_path)
    (job,) = list_jobs(tmp_path)
    assert job.last is None


def test_lists_a_faulty_job_with_its_fault(tmp_path: Path) -> None:
    write_job(tmp_path, "[scor]").rename(tmp_path / "b.toml")
    write_job(tmp_path).rename(tmp_path / "a.toml")
    good, bad = list_jobs(tmp_path)
    assert (good.name, good.error) == ("a", None)
    assert (bad.name, str(bad.error)[-20:]) == ("b", "Did you mean [score]?"[-20:])


def test_an_empty_folder_has_no_jobs_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    assert list_jobs(tmp_path) == []
    with pytest.raises(UsageError, match="there is no such folder"):
        list_jobs(os.path.join(tmp_path, "jobs"))  # noqa: PTH118  # a str is taken as well


def test_what_was_removed_is_not_published_any_more(tmp_path: Path, passengers: Path) -> None:
    path = write_job(tmp_path)
    run_job(read_job(path), TODAY)
    (tmp_path / "out" / f"{TODAY}.csv").unlink()
    (job,) = list_jobs(tmp_path)
    assert job.tonight is None
    assert job.next_step == f"titanic-batch run {path}"


def test_other_programs_files_are_no_jobs(tmp_path: Path) -> None:
    write_job(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'other'\n", encoding="utf-8")
    assert [job.path.name for job in list_jobs(tmp_path)] == ["job.toml"]
