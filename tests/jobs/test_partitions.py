"""Jobs over partition folders: a date's folder in, a date's folder out, files nested in both."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.jobs.conftest import SAMPLE_DATA
from titanic_batch.errors import FileAccessError
from titanic_batch.jobs.checking import check_job
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.last_night import find_last_night
from titanic_batch.jobs.listing import list_jobs
from titanic_batch.jobs.night import plan_night
from titanic_batch.jobs.running import NightOutcome, run_job, run_nights

DAYS = [date(2026, 11, 20) + timedelta(days=count) for count in range(3)]
SOURCE, TARGET = "ds/date={date:%Y-%m-%d}", "scored/date={date:%Y-%m-%d}/"
JobOf = Callable[..., Job]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data set of three dates: each has a file of each class, with other rows."""
    frame = pd.read_csv(SAMPLE_DATA / "passengers.csv", dtype={"Cabin": str})
    for day in DAYS:
        for cls in (1, 2, 3):
            folder = tmp_path / "ds" / f"date={day}" / f"Pclass={cls}"
            folder.mkdir(parents=True)
            rows = frame[frame["Pclass"] == cls].drop(columns="Pclass").head(10 * cls)
            rows.to_csv(folder / "part-0.csv", index=False)
        (tmp_path / "ds" / f"date={day}" / "_SUCCESS").touch()
    return tmp_path / "ds"


def ended(outcome: NightOutcome) -> list[Any]:
    return [
        file.error.exit_code if file.error else "skipped" if file.skipped else "published"
        for file in outcome.files
    ]


def test_each_date_has_its_folder_and_stays_published(
    job_of: JobOf, data: Path, tmp_path: Path
) -> None:
    job = job_of("marker = '_SUCCESS'", source=SOURCE, target=TARGET)
    check_job(job.path)
    assert [ended(outcome) for outcome in run_nights(job, DAYS)] == [["published"] * 3] * 3
    for cls in (1, 2, 3):
        output = tmp_path / "scored" / f"date={DAYS[0]}" / f"Pclass={cls}" / "part-0.parquet"
        table = pq.read_table(output, partitioning=None)
        assert table["Pclass"].to_pylist() == [cls] * 10 * cls
    assert [ended(outcome) for outcome in run_nights(job, DAYS)] == [["skipped"] * 3] * 3
    # What arrives late is scored; what is there stays.
    late = data / f"date={DAYS[1]}" / "Pclass=1" / "part-1.csv"
    shutil.copy(late.with_name("part-0.csv"), late)
    assert ended(run_job(job, DAYS[1])) == ["skipped", "published", "skipped", "skipped"]
    (summary,) = list_jobs(tmp_path)
    assert summary.last is not None
    assert summary.last.path == f"{tmp_path / 'scored' / f'date={DAYS[1]}'}/"
    assert (summary.last.files, summary.last.rows) == (4, 70)
    # Its input gone, a date whose folder says that all was published is no failure.
    shutil.rmtree(data / f"date={DAYS[2]}")
    assert ended(run_job(job, DAYS[2])) == ["skipped"] * 3


def test_files_of_one_name_are_held_against_their_own_of_the_day_before(
    job_of: JobOf, data: Path
) -> None:
    job = job_of("[guards]\nmax_row_change = '50%'", source=SOURCE, target=TARGET)
    run_job(job, DAYS[0])
    last = find_last_night(job, plan_night(job, DAYS[1])).last
    assert last is not None
    assert last.rows == {f"Pclass={cls}/part-0.parquet": 10 * cls for cls in (1, 2, 3)}
    few = data / f"date={DAYS[1]}" / "Pclass=2" / "part-0.csv"
    few.write_text("".join(few.read_text().splitlines(keepends=True)[:6]))
    assert ended(run_job(job, DAYS[1])) == ["published", 65, "published"]


def test_a_folder_that_cannot_be_listed_fails_alone(
    job_of: JobOf, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir, refused = os.scandir, {str(data / f"date={DAYS[0]}" / "Pclass=2")}

    def refusing(path: Any = ".") -> Any:
        if os.fspath(path) in refused:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    job = job_of(source=SOURCE, target=TARGET)
    planned = run_job(job, DAYS[0], dry_run=True)
    assert (planned.status, planned.exit_code) == ("failed", 74)
    outcome = run_job(job, DAYS[0])
    assert (ended(outcome), outcome.exit_code) == (["published", 74, "published"], 74)
    refused.add(str(data.parent / "scored" / f"date={DAYS[0]}"))
    with pytest.raises(FileAccessError, match="looking for manifests"):
        find_last_night(job, plan_night(job, DAYS[1]))


def test_two_dates_of_one_file_are_two_files(job_of: JobOf, data: Path, tmp_path: Path) -> None:
    job = job_of(source="ds/", target="scored/{date}/")
    assert ended(run_job(job, DAYS[0])) == ["published"] * 9
    found = pq.read_table(
        tmp_path / "scored" / str(DAYS[0]) / f"date={DAYS[2]}" / "Pclass=3" / "part-0.parquet",
        partitioning=None,
    )
    assert found["date"].to_pylist() == [str(DAYS[2])] * 30
