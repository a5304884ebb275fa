"""`titanic-batch report`, and a job's `[report]`: what they are made of, and what they refuse."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.cli.command import Done
from tests.jobs.conftest import SAMPLE_DATA, Store, command, write_job
from tests.report.html_page import Page
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.running import run_job

JobOf = Callable[..., Job]
Run = Callable[..., Done]
DAY = date(2026, 11, 22)


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Run:
    """Return a runner of commands in a folder with the sample passengers as `in.csv`."""
    shutil.copy(SAMPLE_DATA / "passengers.csv", tmp_path / "in.csv")

    def run(*arguments: str) -> Done:
        return command(*arguments, home=store.home, cwd=tmp_path)

    return run


def test_of_an_output_and_of_its_manifest_is_the_same_page(run: Run, tmp_path: Path) -> None:
    assert run("score", "in.csv", "s.parquet", "-q").code == 0
    done = run("report", "s.parquet")
    assert (done.code, done.said) == (0, "")
    assert done.out.startswith("wrote report.html  (")
    text = Page((tmp_path / "report.html").read_text("utf-8")).text
    for said in (
        "✓ Published",
        "418 rows scored",
        "in training",
        "Age",
        "21.1%",
        "19.6%",
        "s.parquet",
    ):
        assert said in text, said
    (tmp_path / "s.parquet").unlink()  # the data is never read
    told = run("report", "s.parquet.manifest.json", "-o", "other.html", "--json").json
    assert told["last"]["status"] == "published"
    pages = [(tmp_path / name).read_bytes() for name in ("report.html", "other.html")]
    assert pages[0] == pages[1]
    assert len(pages[0]) == told["bytes"] < 30_000


def test_of_an_older_manifest_shows_what_it_has(run: Run, tmp_path: Path) -> None:
    write_job(tmp_path, target="out/{date}.csv")
    assert run("run", "job.toml", "--date", str(DAY), "-q").code == 0
    path = tmp_path / f"out/{DAY}.csv.manifest.json"
    document = json.loads(path.read_text("utf-8"))
    profile = document.pop("profile")
    for name in ("predictor", "null_tokens"):
        document.pop(name)
    for told in profile.values():
        del told["training"]
    document["job"]["profile"] = profile
    path.write_text(json.dumps(document), encoding="utf-8")
    shutil.rmtree(tmp_path / "out/.titanic-batch")
    for name in (str(path.relative_to(tmp_path)), "out", "job.toml"):
        assert run("report", name).code == 0
        text = Page((tmp_path / "report.html").read_text("utf-8")).text
        assert "job 2026-11-22" in text
        assert "Scores" in text


def test_to_a_symlink_is_written_into_its_target(run: Run, tmp_path: Path) -> None:
    assert run("score", "in.csv", "s.csv", "-q").code == 0
    (tmp_path / "pages").mkdir()
    (tmp_path / "report.html").symlink_to("pages/today.html")
    for _ in ("a new page", "over a page"):
        assert run("report", "s.csv").code == 0
        assert (tmp_path / "report.html").is_symlink()
        assert "418 rows scored" in Page((tmp_path / "pages/today.html").read_text("utf-8")).text


class TestRefuses:
    @pytest.mark.parametrize(
        ("name", "code", "said"),
        [
            ("no.parquet", 66, "no.parquet: there is no such output, job file or folder"),
            ("no.toml", 66, "no.toml: there is no such output, job file or folder"),
            ("empty", 66, "empty: there is neither a manifest nor a run record in this folder"),
            ("in.csv", 65, "in.csv: it has no manifest, of which the report would be made"),
            ("job.toml", 66, "this job has not run yet. Run it: `titanic-batch run job.toml`."),
            ("bad.toml", 2, "bad.toml: it is not TOML"),
            ("cut.manifest.json", 65, "this manifest cannot be used: it is not JSON"),
            (
                "new.manifest.json",
                65,
                "newer than this titanic-batch knows. Upgrade titanic-batch.",
            ),
            ("cut", 65, "2026-11-22.json was passed over: it is not JSON"),
            (
                "2026-11-22.json",
                65,
                "this run record cannot be used: titanic-batch did not write it",
            ),
            ("two", 2, "there are records of 2 jobs here. Name one of their folders"),
        ],
    )
    def test_what_it_cannot_be_made_of(
        self, run: Run, tmp_path: Path, name: str, code: int, said: str
    ) -> None:
        write_job(tmp_path)
        (tmp_path / "empty").mkdir()
        (tmp_path / "bad.toml").write_text("[")
        (tmp_path / "cut.manifest.json").write_text("{")
        newer = {"tool": {"name": "titanic-batch"}, "manifest_version": 9}
        (tmp_path / "new.manifest.json").write_text(json.dumps(newer))
        (tmp_path / "2026-11-22.json").write_text("{}")
        for folder in ("cut", "two/a", "two/b"):
            (tmp_path / folder).mkdir(parents=True)
            (tmp_path / folder / "2026-11-22.json").write_text("{")
        done = run("report", name)
        assert done.code == code
        assert said in done.error
        assert not (tmp_path / "report.html").exists()

    def test_to_replace_what_is_no_report(self, run: Run, tmp_path: Path) -> None:
        run("score", "in.csv", "s.csv", "-q")
        for _ in range(2):  # its own, it replaces
            assert run("report", "s.csv", "-o", "page.html").code == 0
        (tmp_path / "page.html").write_text("<p>mine</p>")
        done = run("report", "s.csv", "-o", "page.html")
        assert done.code == 2
        assert "page.html: this file is not a report of titanic-batch" in done.error
        assert "--overwrite" in done.error
        assert (tmp_path / "page.html").read_text() == "<p>mine</p>"
        assert run("report", "s.csv", "-o", "page.html", "--overwrite").code == 0
        assert run("report", "s.csv", "-o", ".").code == 2
        printed = run("report", "s.csv", "-o", "-")
        assert printed.out.encode() == (tmp_path / "page.html").read_bytes()
        assert run("report", "s.csv", "-o", "-", "--json").code == 2
        assert run("report", "s.csv", "-o", "no/page.html").code == 74

    def test_to_be_made_without_its_package(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run("score", "in.csv", "s.csv", "-q")
        monkeypatch.setitem(sys.modules, "jinja2", None)
        done = run("report", "s.csv")
        assert done.code == 2
        assert "pip install 'titanic-batch[report]'" in done.error


class TestOfAJob:
    def test_is_made_after_each_run_also_a_failed_one(self, run: Run, tmp_path: Path) -> None:
        write_job(tmp_path, "[report]\npath = 'pages/nightly.html'")
        page = tmp_path / "pages/nightly.html"
        assert run("run", "job.toml", "--date", "2026-11-20", "--dry-run").code == 0
        assert not page.exists()
        assert run("run", "job.toml", "--date", "2026-11-20").code == 0
        assert "✓ Published" in Page(page.read_text("utf-8")).text
        (tmp_path / "in.csv").unlink()
        done = run("run", "job.toml", "--date", "2026-11-21")
        assert done.code == 66
        text = Page(page.read_text("utf-8")).text
        assert "✕ Failed (66); 1 thing needs a look" in text
        assert f"titanic-batch run {tmp_path}/job.toml --date 2026-11-21" in text

    @pytest.mark.parametrize("way", ["foreign", "unwritable", "no package"])
    def test_that_cannot_be_written_fails_no_run(
        self, run: Run, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_job(tmp_path, "[report]\npath = 'pages/nightly.html'")
        if way == "foreign":
            (tmp_path / "pages").mkdir()
            (tmp_path / "pages/nightly.html").write_text("mine")
        elif way == "unwritable":
            (tmp_path / "pages").write_text("in the way")
        else:
            monkeypatch.setitem(sys.modules, "jinja2", None)
        done = run("run", "job.toml", "--date", str(DAY), "-q")
        assert (done.code, done.out) == (0, "")
        assert done.said.startswith(f"warning: the report {tmp_path}/pages/nightly.html was not ")
        assert (tmp_path / f"out/{DAY}.csv").exists()

    def test_says_what_it_passed_over(self, job_of: JobOf, run: Run, tmp_path: Path) -> None:
        job = job_of()
        run_job(job, DAY)
        (tmp_path / "out/.titanic-batch/runs/job/2026-11-21.json").write_text("")
        done = run("report", "job.toml")
        assert done.code == 0
        assert "2026-11-21.json was passed over: it is not JSON" in done.said
        assert (
            "2026-11-21.json was passed over it is not JSON."
            in Page((tmp_path / "report.html").read_text("utf-8")).text
        )


class TestOnATerminal:
    def test_verbose_shows_scores_and_drift(self, run: Run) -> None:
        lines = run("score", "in.csv", "s.csv", "-v").out.splitlines()
        at = next(number for number, line in enumerate(lines) if line.startswith("  scores "))
        assert lines[at] == "  scores   share of 418 rows, in training"
        assert lines[at + 1].split()[:2] == ["up", "to"]
        assert "█" in lines[at + 1]
        assert lines[at + 11].startswith("  drift    Fare 0.0")
        assert len(lines[at + 11].split(",")) == 3
        quiet = run("score", "in.csv", "s2.csv")
        assert "share of" not in quiet.out

    def test_a_job_off_a_terminal_says_what_it_always_did(self, run: Run, tmp_path: Path) -> None:
        write_job(tmp_path)
        assert "share of" not in run("run", "job.toml", "--date", str(DAY), "-v").out
