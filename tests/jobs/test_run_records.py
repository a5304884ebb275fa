"""Run records: of every date, whatever became of it; and nothing needs them to run."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import SAMPLE_DATA, Store, command, write_job
from titanic_batch.errors import InterruptedRunError
from titanic_batch.jobs import running
from titanic_batch.jobs.job_file import Job, read_job
from titanic_batch.jobs.run_history import history_of_job
from titanic_batch.jobs.run_records import RunRecord, find_record, records_folder
from titanic_batch.jobs.running import run_job
from titanic_batch.stores import store_of

JobOf = Callable[..., Job]
DAY = date(2026, 11, 22)


def record_of(job: Job, day: date = DAY) -> RunRecord:
    record = find_record(f"{records_folder(job)}/{day}.json")
    assert record is not None
    return record


class TestRecord:
    def test_of_a_published_date_says_what_its_manifest_does(
        self, job_of: JobOf, tmp_path: Path
    ) -> None:
        (tmp_path / "in.csv").write_bytes((SAMPLE_DATA / "passengers.csv").read_bytes())
        job = job_of("[guards]\nmin_rows = 10\n", target="out/{date:%Y}/{date}.csv")
        manifest = run_job(job, DAY).files[0].manifest
        assert manifest is not None
        path = tmp_path / "out/.titanic-batch/runs/job/2026-11-22.json"
        told = json.loads(path.read_text("utf-8"))
        assert (told["status"], told["exit_code"], told["error"]) == ("published", 0, None)
        assert told["rows"] == {"read": 418, "scored": 418, "rejected": 0}
        assert told["nulls"] == manifest.nulls == {"Age": 88}
        assert told["model"]["sha256"] == manifest.model.sha256
        assert told["guards"][0]["guard"] == "min_rows"
        assert told["profile"] == json.loads(manifest.to_bytes())["profile"]
        assert sum(told["profile"][""]["counts"]) == 418
        assert run_job(job, DAY).status == "skipped"
        assert record_of(job).status == "skipped"
        assert record_of(job).rows == manifest.rows

    def test_of_a_failed_date_says_why_and_what_was_rejected_but_no_cell(
        self, job_of: JobOf, tmp_path: Path
    ) -> None:
        text = (SAMPLE_DATA / "passengers.csv").read_text("utf-8")
        (tmp_path / "in.csv").write_text(text.replace(",male,", ",SECRET,"), encoding="utf-8")
        job = job_of()
        outcome = run_job(job, DAY)
        record = record_of(job)
        assert (record.status, record.exit_code, outcome.exit_code) == ("failed", 65, 65)
        assert record.rows is not None
        assert record.rows.rejected == record.rejects.by_reason["unknown-category"] > 200
        assert record.error is not None
        assert "SECRET" in str(outcome.error or outcome.files[0].error)
        assert "SECRET" not in (Path(records_folder(job)) / f"{DAY}.json").read_text("utf-8")

    def test_of_a_date_that_guards_refuse_has_what_they_found(
        self, job_of: JobOf, passengers: Path
    ) -> None:
        job = job_of("[guards]\nmin_rows = 1_000\nmax_drift_from_training = 0.2")
        assert run_job(job, DAY).exit_code == 65
        record = record_of(job)
        assert [f["verdict"] for f in record.guards if f["guard"] == "min_rows"] == ["failure"]
        assert record.profile["Sex"]["counts"]
        assert record.rows is not None
        assert (record.rows.read, record.is_published) == (5, False)

    def test_of_absent_missing_and_interrupted_ones(
        self, job_of: JobOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = job_of()
        assert run_job(job, DAY).exit_code == 66
        assert record_of(job).exit_code == 66
        text = job.path.read_text("utf-8").replace("'in.csv'", "'in.csv'\noptional = true")
        job.path.write_text(text, encoding="utf-8")
        assert run_job(read_job(job.path), DAY).status == "absent"
        assert (record_of(job).status, record_of(job).exit_code) == ("absent", 0)
        (tmp_path / "in.csv").write_bytes((SAMPLE_DATA / "passengers.csv").read_bytes())
        run_job(job, DAY)

        def interrupted(*_: Any, **__: Any) -> Any:
            raise InterruptedRunError(signal.SIGTERM)

        monkeypatch.setattr(running, "_run_night", interrupted)
        for day, status in ((DAY, "published"), (date(2026, 11, 23), "failed")):
            with pytest.raises(InterruptedRunError):
                run_job(job, day)
            assert record_of(job, day).status == status  # a signal unpublishes nothing
        assert record_of(job, date(2026, 11, 23)).exit_code == 143

    def test_of_something_published_outlives_a_run_that_another_one_keeps_out(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = job_of()
        output = tmp_path / f"out/{DAY}.csv"
        run_job(job, DAY)
        with store_of(output).lock(output):
            assert run_job(job, DAY, force=True).exit_code == 75
            assert record_of(job).status == "published"
            (Path(records_folder(job)) / f"{DAY}.json").unlink()
            run_job(job, DAY, force=True)
        assert (record_of(job).status, record_of(job).exit_code) == ("failed", 75)

    def test_is_not_written_by_a_dry_run(self, job_of: JobOf, passengers: Path) -> None:
        job = job_of()
        run_job(job, DAY, dry_run=True)
        assert not Path(records_folder(job)).exists()

    def test_that_cannot_be_written_is_a_warning(
        self, job_of: JobOf, passengers: Path, tmp_path: Path, store: Store
    ) -> None:
        job = job_of()
        (tmp_path / "out").mkdir()
        (tmp_path / "out/.titanic-batch").write_text("in the way")
        done = command(
            "run", str(job.path), "--date", str(DAY), "-q", home=store.home, cwd=tmp_path
        )
        assert (done.code, done.out) == (0, "")
        assert done.said.startswith(f"warning: {DAY}, the run record {tmp_path}/out/")
        assert (tmp_path / "out" / f"{DAY}.csv").exists()

    @pytest.mark.parametrize(
        ("name", "folder"),
        [("a/b", "a%2Fb"), ("..", "%2E."), ("100%", "100%25"), ("n" * 300, None), ("밤", "밤")],
    )
    def test_is_in_a_folder_of_any_jobs_name(
        self, job_of: JobOf, name: str, folder: str | None
    ) -> None:
        found = Path(records_folder(job_of(f"[job]\nname = '{name}'"))).name
        assert found == folder if folder is not None else 120 < len(found) < 150


class TestHistory:
    def test_is_of_records_and_of_older_manifests(
        self, job_of: JobOf, passengers: Path, tmp_path: Path, store: Store
    ) -> None:
        job = job_of()
        for day in (20, 21, 22):
            run_job(job, date(2026, 11, day))
        whole = history_of_job(job)
        (Path(records_folder(job)) / "2026-11-20.json").unlink()
        (Path(records_folder(job)) / "2026-11-21.json").write_text('{"tool": ')
        passengers.unlink()
        run_job(job, date(2026, 11, 23))
        history = history_of_job(job)
        assert [record.status for record in history.records] == ["published"] * 3 + ["failed"]
        assert history.records[:3] == whole.records  # a manifest knows as much
        assert len(history.damaged) == 1
        run = ("jobs", "history", str(job.path), "--last", "2")
        done = command(*run, home=store.home, cwd=tmp_path)
        assert done.code == 0
        assert [line.split()[:2] for line in done.out.splitlines()[1:]] == [
            ["2026-11-22", "published"],
            ["2026-11-23", "failed"],
        ]
        warning, note = done.said.splitlines()
        assert "2026-11-21.json was passed over: it is not JSON" in warning
        assert note == "2 earlier dates: --last 4"
        told = command(*run[:3], "--json", home=store.home, cwd=tmp_path).json
        assert [one["status"] for one in told["dates"]] == ["published"] * 3 + ["failed"]
        (listed,) = command("jobs", "list", ".", "--json", home=store.home, cwd=tmp_path).json
        assert (listed["last_run"]["date"], listed["last_run"]["exit_code"]) == ("2026-11-23", 66)

    def test_adds_up_the_files_beneath_a_folder(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        for folder in ("a", "b/c"):
            (tmp_path / "drop" / folder).mkdir(parents=True)
            shutil.copy(passengers, tmp_path / "drop" / folder / "same.csv")
        job = job_of(source="drop/", target="out/{date}/")
        run_job(job, DAY)
        (recorded,) = history_of_job(job).records
        assert (recorded.files, recorded.rows and recorded.rows.read) == (2, 10)
        assert recorded.input == f"{tmp_path}/drop/"
        shutil.rmtree(records_folder(job))
        assert history_of_job(job).records == (recorded,)

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            ({"run_record_version": 2}, "it has version 2, newer than this titanic-batch knows"),
            ({"status": "fine"}, "its status is not published, skipped, absent or failed"),
            ({"rows": {"read": -1, "scored": 0, "rejected": 0}}, "its rows.read is not a count"),
            ({"date": "2026-11-21"}, "it is of 2026-11-21"),
            ({"tool": {"name": "x", "version": "1"}}, "titanic-batch did not write it"),
            ({"output": "\ud800"}, "it holds text that is not Unicode"),
        ],
    )
    def test_passes_over_damaged_records(
        self, job_of: JobOf, passengers: Path, damage: dict[str, Any], said: str
    ) -> None:
        job = job_of(target="out.csv")
        passengers.unlink()
        run_job(job, DAY)
        path = Path(records_folder(job)) / f"{DAY}.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **damage}))
        history = history_of_job(job)
        assert history.records == ()
        assert list(map(str, history.damaged)) == [f"{path} was passed over: {said}"]


class TestOrchestrators:
    def test_know_by_a_code_that_nothing_was_to_do(
        self, passengers: Path, tmp_path: Path, store: Store
    ) -> None:
        write_job(tmp_path)
        run = ("run", "job.toml", "--date", str(DAY), "--json-line", "--skip-exit-code", "99")
        done = command(*run, home=store.home, cwd=tmp_path)
        assert (done.code, done.out.count("\n")) == (0, 1)
        (night,) = done.json["nights"]
        assert (night["status"], night["rows"]["scored"]) == ("published", 5)
        again = command(*run, home=store.home, cwd=tmp_path)
        assert (again.code, again.json["exit_code"]) == (99, 99)
        assert again.json["nights"][0]["status"] == "skipped"
        passengers.unlink()
        failed = command(*run, "--force", home=store.home, cwd=tmp_path)
        assert (failed.code, failed.out.count("\n")) == (66, 1)
        assert failed.json["nights"][0]["error"]["what"]

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            (["--skip-exit-code", "65"], "65 means something else already"),
            (["--json-line", "--json"], "exclude each other"),
        ],
    )
    def test_cannot_ask_for_what_is_ambiguous(
        self, more: list[str], said: str, tmp_path: Path, store: Store
    ) -> None:
        write_job(tmp_path)
        done = command("run", "job.toml", *more, home=store.home, cwd=tmp_path)
        assert done.code == 2
        assert said in done.err
