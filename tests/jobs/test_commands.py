"""The command line of jobs, on the sample jobs as they are and on small ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.jobs.conftest import ROOT, Store, command, write_job
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.running import run_job
from titanic_batch.publish.verify import verify

JobOf = Callable[..., Job]


def test_the_sample_jobs_publish_what_verifies(project: Path, store: Store) -> None:
    for job, output in (
        ("nightly.toml", "scored/2024-02-29.parquet"),
        ("weekly_parquet.toml", "scored/weekly/2024-W09.csv"),
    ):
        done = command("run", f"jobs/{job}", "--date", "2024-02-29", home=store.home, cwd=project)
        assert (done.code, done.said) == (0, "")
        assert done.out.startswith(f"published {project / output}")
        assert verify(project / output).rows == 418


def test_a_backfill_reports_each_night_and_does_nothing_twice(project: Path, store: Store) -> None:
    # From elsewhere, and silent, as cron does it: paths are relative to the job file.
    job = str(project / "jobs" / "nightly.toml")
    arguments = ("run", job, "--backfill", "2026-02-27..2026-03-01")
    quiet = command(*arguments, "-q", home=store.home, cwd=store.home)
    assert (quiet.code, quiet.out, quiet.said) == (0, "", "")
    outputs = list((project / "scored").glob("*.parquet*"))
    before = {path: path.stat().st_mtime_ns for path in outputs}
    assert len(before) == 6
    again = command(*arguments, home=store.home, cwd=store.home)
    assert again.code == 0
    assert [line[:18] for line in again.out.splitlines()] == [
        "2026-02-27 skipped",
        "2026-02-28 skipped",
        "2026-03-01 skipped",
    ]
    assert again.said == "3 nights: 3 skipped\n"
    assert {path: path.stat().st_mtime_ns for path in outputs} == before


def test_json_is_one_document_whatever_fails(
    job_of: JobOf, passengers: Path, tmp_path: Path, store: Store
) -> None:
    passengers.rename(tmp_path / "in-22.csv")
    job = job_of(source="in-{date:%d}.csv")
    done = command(
        "run", str(job.path), "--backfill", "2026-11-21..2026-11-22", "--json",
        home=store.home, cwd=tmp_path,
    )  # fmt: skip
    document = done.json
    assert done.code == document["exit_code"] == 66
    assert document["job"] == "job"
    failed, published = document["nights"]
    assert (failed["date"], failed["status"], failed["exit_code"]) == ("2026-11-21", "failed", 66)
    assert failed["error"]["where"] == str(tmp_path / "in-21.csv")
    assert (published["status"], published["files"][0]["rows"]["scored"]) == ("published", 5)
    assert done.said.startswith(f"error: 2026-11-21, {tmp_path / 'in-21.csv'}: the input is not")


def test_log_lines_are_json_on_request(job_of: JobOf, passengers: Path, store: Store) -> None:
    job = job_of()
    done = command(
        "run", str(job.path), "--date", "2026-11-22", "--log-format", "json",
        home=store.home, cwd=store.home,
    )  # fmt: skip
    (line,) = done.log
    assert (done.out, done.code) == ("", 0)
    assert (line["event"], line["date"], line["status"]) == ("night", "2026-11-22", "published")
    assert line["rows_scored"] == 5
    assert line["warnings"] == []


def test_no_log_line_and_no_run_manifest_holds_a_cell(
    job_of: JobOf, passengers: Path, tmp_path: Path, store: Store
) -> None:
    text = passengers.read_text(encoding="utf-8").replace(",male,", ",SECRET,")
    passengers.write_text(text, encoding="utf-8")
    job = job_of(source="*.csv", target="out/")
    arguments = ("run", str(job.path), "--date", "2026-11-22")
    done = command(*arguments, "--log-format", "json", home=store.home, cwd=store.home)
    assert done.code == 65
    lines = done.log
    assert [line["event"] for line in lines] == ["error", "night"]
    assert "Sex has values that the model never saw. " in lines[0]["cure"]
    assert "SECRET" not in done.err + (tmp_path / "out/_run.manifest.json").read_text("utf-8")
    (error,) = run_job(job, date(2026, 11, 22)).errors  # a person gets to see what it is about
    assert "never saw (SECRET)." in str(error)
    assert "--unknown" not in str(error)  # its encoder would raise


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "no.toml"], "no.toml: there is no such job file"),
        (["run", "job.toml", "--date", "2026-02-30"], "there is no day 2026-02-30"),
        (["run", "job.toml", "--backfill", "2026-02-02..2026-02-01"], "ends before it begins"),
        (["run", "job.toml", "--date", "today", "--backfill", "a..b"], "exclude each other"),
        (["run", "job.toml", "--max-rejects", "x"], "neither a count nor a percentage"),
        (["run", "job.toml", "--workers", "0"], "--workers"),
        (["run", "job.toml", "--date", "2026-11-22", "--trust", "x"], "is not a SHA-256"),
        (["jobs", "list", "no"], "no: there is no such folder"),
    ],
)
def test_wrong_usage_is_2_and_one_message(
    tmp_path: Path, passengers: Path, store: Store, arguments: list[str], said: str
) -> None:
    write_job(tmp_path, f"[model]\nref = 'other_model'\nsha256 = '{store.sha256}'")
    done = command(*arguments, home=store.home, cwd=tmp_path)
    assert done.code == 2
    assert done.out == ""
    assert done.said.startswith("error: ")
    assert done.said.count("\n") == 1
    assert said in done.said
    assert not (tmp_path / "out").exists()


def test_an_option_that_run_has_not_is_pointed_to_in_the_file(
    tmp_path: Path, passengers: Path, store: Store
) -> None:
    write_job(tmp_path, "[columns.Agee]\nfill = 28")
    done = command("run", "job.toml", home=store.home, cwd=tmp_path)
    assert done.code == 2
    assert "Did you mean Age? In a job file, these options stand in [score]" in done.said


class TestYesterday:
    def test_is_the_day_before(self, tmp_path: Path, store: Store) -> None:
        write_job(tmp_path, "optional = true")
        days = []
        for day in ("yesterday", "today"):
            done = command("run", "job.toml", "--date", day, home=store.home, cwd=tmp_path)
            assert done.code == 0
            assert " absent, an optional input that has not arrived: " in done.out
            days.append(done.out[:10])
        assert days[0] < days[1]


class TestJobsCheck:
    def test_checks_the_sample_jobs(self, store: Store) -> None:
        paths = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("jobs/*.toml"))
        done = command("jobs", "check", *paths, home=store.home, cwd=ROOT)
        assert (done.code, done.said) == (0, "")
        assert [line.partition(";")[0] for line in done.out.splitlines()] == [
            f"{path}: good" for path in paths
        ]

    def test_reports_every_job_and_ends_in_the_worst_code(
        self, tmp_path: Path, passengers: Path, store: Store
    ) -> None:
        for name, more in (
            ("typo", "[scor]"),
            ("nobody", "[model]\nref = 'nobody'"),
            ("pinned", f"[model]\nref = 'other_model'\nsha256 = '{store.sha256}'"),
            ("good", ""),
        ):
            write_job(tmp_path, more).rename(tmp_path / f"{name}.toml")
        write_job(tmp_path, target="out.txt").rename(tmp_path / "text.toml")
        names = [f"{name}.toml" for name in ("typo", "nobody", "pinned", "text", "good")]
        done = command("jobs", "check", *names, "--json", home=store.home, cwd=tmp_path)
        document = done.json
        assert done.code == document["exit_code"] == 77
        assert [job["exit_code"] for job in document["jobs"]] == [2, 69, 77, 2, 0]
        assert [line.partition(",")[0] for line in done.said.splitlines()] == [
            f"error: {name}" for name in names[:-1]
        ]

    @pytest.mark.parametrize(
        ("more", "code", "said"),
        [
            ("[columns.Agee]\nfill = 28", 2, "--fill Agee: there is no such column"),
            ("[columns.Sex]\nfill = 'unsaid'", 2, "--fill Sex=unsaid: that is no category"),
            ("[columns.Pclas]\nunknown = 'allow'", 2, "--unknown Pclas: there is no such column"),
            ("[columns.Age]\nrename = 'Years'", 2, "--rename Years: there is no such column"),
            ("[score]\nkeep = ['Pasenger']", 2, "--keep names Pasenger"),
            ("[score]\nprediction_column = 'Cabin'", 2, "the output would have column Cabin twice"),
            ("[score]\ndelimiter = ';'", 65, "missing 6 columns of the model"),
        ],
    )
    @pytest.mark.usefixtures("passengers")
    def test_holds_the_columns_against_the_input_that_is_there(
        self, more: str, code: int, said: str, tmp_path: Path, store: Store
    ) -> None:
        write_job(tmp_path, more)
        done = command("jobs", "check", "job.toml", home=store.home, cwd=tmp_path)
        assert (done.code, done.out) == (code, "")
        assert done.said.startswith("error: job.toml")
        assert said in done.said
        assert done.said.count("error:") == 1

    def test_holds_the_columns_against_the_model_where_there_is_no_input_yet(
        self, tmp_path: Path, store: Store
    ) -> None:
        for name in ("Agee", "Age"):
            write_job(tmp_path, f"[columns.{name}]\nfill = 28\nrename = 'Years'")
            done = command("jobs", "check", "job.toml", home=store.home, cwd=tmp_path)
            assert done.code == (2 if name == "Agee" else 0)

    @pytest.mark.usefixtures("passengers")
    def test_refuses_what_stands_in_the_outputs_place(self, tmp_path: Path, store: Store) -> None:
        (tmp_path / "scored.csv").write_text("precious")
        write_job(tmp_path, target="scored.csv")
        done = command("jobs", "check", "job.toml", home=store.home, cwd=tmp_path)
        assert done.code == 2
        assert "not written by titanic-batch" in done.said
        (tmp_path / "out").symlink_to("nowhere")
        write_job(tmp_path, target="out/scored.csv")
        done = command("jobs", "check", "job.toml", home=store.home, cwd=tmp_path)
        assert (done.code, done.said.count("error:")) == (74, 1)

    @pytest.mark.usefixtures("passengers")
    def test_refuses_an_output_whose_folder_cannot_be_made(
        self, tmp_path: Path, store: Store
    ) -> None:
        write_job(tmp_path, target="in.csv/scored/{date}.csv")
        done = command("jobs", "check", "job.toml", home=store.home, cwd=tmp_path)
        assert done.code == 74
        assert "a file, not a folder" in done.said
        assert not (tmp_path / "scored").exists()


class TestJobsList:
    def test_lists_the_sample_jobs(self, project: Path, store: Store) -> None:
        done = command("jobs", "list", home=store.home, cwd=project)
        assert (done.code, done.said) == (0, "")
        header, *jobs = done.out.splitlines()
        assert header.split() == ["JOB", "FILE", "MODEL", "TODAY", "LAST", "PUBLISHED", "NEXT"]
        assert [job.split()[:3] for job in jobs] == [
            ["nightly", "jobs/nightly.toml", "titanic_model:latest"],
            ["weekly-parquet", "jobs/weekly_parquet.toml", "titanic_model:latest"],
        ]
        document = json.loads(command("jobs", "list", "--json", home=store.home, cwd=project).out)
        assert [job["last"] for job in document] == [None, None]
        assert document[0]["next"] == "titanic-batch run jobs/nightly.toml"


@pytest.mark.parametrize(
    "arguments",
    [["run", "--help"], ["jobs", "--help"], ["jobs", "list"], ["jobs", "check", "--help"]],
)
def test_help_and_list_import_nothing_heavy(
    arguments: list[str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    heavy = "{'sklearn', 'pandas', 'bentoml', 'pyarrow', 'numpy'}"
    program = (
        "import sys; from titanic_batch.cli.app import main\n"
        "try: main()\n"
        f"finally: print('heavy:', sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("heavy: []\n")
    if "--help" in arguments:
        assert "Example: titanic-batch" in done.stdout


def test_a_week_that_is_published_is_skipped_without_importing_what_scores(
    tmp_path: Path, passengers: Path, store: Store
) -> None:
    import resource
    import subprocess

    job = write_job(tmp_path)
    week = ["run", str(job), "-q", "--backfill", "2026-11-16..2026-11-22"]
    assert command(*week, home=store.home, cwd=tmp_path).code == 0
    program = (
        "import sys; from titanic_batch.__main__ import main\n"
        "try: main()\n"
        "finally: print(sorted({'sklearn', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", program, *week], capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    # CPU seconds: others may be at work on the machine.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3


def test_what_guards_warn_of_is_said_even_quietly(
    job_of: JobOf, passengers: Path, store: Store
) -> None:
    job = job_of("[guards]\nmin_rows = { warn = 10 }\nmax_drift_from_training = { warn = 0.25 }")
    arguments = ("run", "-q", str(job.path), "--date", "2026-11-22")
    done = command(*arguments, home=store.home, cwd=store.home)
    assert (done.code, done.out) == (0, "")
    (said,) = done.said.splitlines()  # not that so few rows tell nothing of drift
    assert said.startswith("warning: 2026-11-22, guards: ")
    assert "10" in said
    again = command(*arguments, home=store.home, cwd=store.home)
    assert (again.code, again.said) == (0, "")


def test_a_failed_night_over_a_folder_says_what_is_published(
    tmp_path: Path, passengers: Path, store: Store
) -> None:
    (tmp_path / "in").mkdir()
    passengers.rename(tmp_path / "in" / "a.csv")
    (tmp_path / "in" / "b.csv").write_text("Pclass\n1\n", encoding="utf-8")
    job = write_job(tmp_path, source="in", target="out/")
    done = command("run", str(job), "--date", "2026-11-22", home=store.home, cwd=store.home)
    assert done.code == 65
    assert done.out == f"2026-11-22 failed (65): {tmp_path}/out/, 1 of 2 files published\n"
    verified = command("verify", str(tmp_path / "out"), home=store.home, cwd=store.home)
    assert verified.code == 2
    assert "this is a folder" in verified.said
