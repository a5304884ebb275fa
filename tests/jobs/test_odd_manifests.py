"""A manifest that was edited or cut ends no later night, whatever stands in it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jobs.conftest import SAMPLE_DATA
from tests.publish.test_odd_manifests import ODD, places
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.last_night import find_last_night
from titanic_batch.jobs.listing import list_jobs
from titanic_batch.jobs.night import plan_night
from titanic_batch.jobs.reporting import reported
from titanic_batch.jobs.running import NightOutcome, run_job

JobOf = Callable[..., Job]
DAY = date(2026, 11, 22)
BEFORE = DAY - timedelta(days=1)
GUARDS = "[guards]\nmax_row_change = '50%'\nmax_drift_from_last = 9"


@pytest.fixture
def job(job_of: JobOf, tmp_path: Path) -> Job:
    (tmp_path / "in.csv").write_bytes((SAMPLE_DATA / "passengers.csv").read_bytes())
    return job_of(f"{GUARDS}\n[metrics]\ntextfile = 'm.prom'")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return tmp_path / "out" / f"{BEFORE}.csv.manifest.json"


def warnings_of(outcome: NightOutcome) -> tuple[str, ...]:
    assert (outcome.status, outcome.exit_code) == ("published", 0)
    (file,) = outcome.files
    assert file.manifest is not None
    return file.manifest.warnings


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda d: d.pop("rows"), "it has no rows"),
        (lambda d: d["rows"].update(read=-5), "its rows.read is not a count"),
        (lambda d: d["job"].update(profile={"Age": 3}), "its job.profile is not counts by bin"),
        (lambda d: d.update(manifest_version=2), "it has version 2, newer than this titanic-batch"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[" * 200_000, "it is nested too deeply"),
    ],
)
def test_of_an_earlier_night_is_a_warning_and_the_one_before_it_is_taken(
    job: Job, manifest: Path, damage: Any, reason: str
) -> None:
    run_job(job, BEFORE - timedelta(days=1))
    run_job(job, BEFORE)
    if isinstance(damage, bytes):
        manifest.write_bytes(damage)
    else:
        document = json.loads(manifest.read_bytes())
        damage(document)
        manifest.write_text(json.dumps(document), encoding="utf-8")
    (warning,) = warnings_of(run_job(job, DAY))
    assert warning.startswith(f"guards: {manifest} was passed over: {reason}")
    last = find_last_night(job, plan_night(job, DAY)).last
    assert last is not None
    assert (last.day, last.rows) == (BEFORE - timedelta(days=1), {"": 418})


def test_that_the_system_does_not_let_us_read_is_a_warning(
    job: Job, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_job(job, BEFORE)
    open_ = os.open

    def refuse(path: Any, *arguments: Any, **keywords: Any) -> int:
        if path == str(manifest):
            raise PermissionError(13, "Permission denied")
        return open_(path, *arguments, **keywords)

    monkeypatch.setattr(os, "open", refuse)
    assert "reading the manifest failed: Permission denied" in warnings_of(run_job(job, DAY))[0]


@pytest.mark.parametrize("day", [date.min, date(1, 2, 1), date(999, 5, 5), date.max])
def test_a_night_at_the_ends_of_time_is_a_night(job: Job, tmp_path: Path, day: date) -> None:
    assert "there is no earlier night" in warnings_of(run_job(job, day))[0]
    assert (tmp_path / "out" / f"{day.isoformat()}.csv").exists()
    assert run_job(job, day).status == "skipped"
    (listed,) = list_jobs(tmp_path)
    assert listed.last is not None


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(data=st.data())
def test_no_mutation_of_a_manifest_crashes_a_job(
    data: st.DataObject, job: Job, manifest: Path, tmp_path: Path
) -> None:
    if not manifest.exists():
        run_job(job, BEFORE)
        manifest.with_name("good").write_bytes(manifest.read_bytes())
    mutated = copy.deepcopy(json.loads(manifest.with_name("good").read_bytes()))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(mutated)))
        parent = mutated
        for key in way:
            parent = parent[key]
        if data.draw(st.booleans()):
            parent[last] = data.draw(ODD)
        elif isinstance(parent, dict):
            del parent[last]
    manifest.write_text(json.dumps(mutated), encoding="utf-8")

    find_last_night(job, plan_night(job, DAY))
    list_jobs(tmp_path)
    with reported(job, warn=print) as report:
        for dry_run in (True, False):
            outcome = run_job(job, BEFORE, dry_run=dry_run)
            assert outcome.exit_code in {0, 2, 65}
            report.outcomes.append(outcome)
    assert report.error is None
