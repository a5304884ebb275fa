"""What a job file may hold, and that every option of `score` is among it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.conftest import ROOT, write_job
from titanic_batch.errors import UsageError
from titanic_batch.jobs.job_file import Job, read_job
from titanic_batch.jobs.night import plan_night
from titanic_batch.jobs.settings import Overrides, score_keywords
from titanic_batch.jobs.tables import ScoreTable
from titanic_batch.scoring.api import make_options
from titanic_batch.scoring.options import ScoreOptions

JobOf = Callable[..., Job]
HASH = "0123456789abcdef" * 4

EVERY_OPTION = f"""
[job]
name = "all of it"
timezone = "Europe/Paris"

[model]
ref = "other_model:latest"
sha256 = "{HASH.upper()}"

[score]
keep = ["PassengerId", "A,B"]
max_rejects = "2.5%"
chunk_size = "64KB"
max_record = 1048576
workers = 3
delimiter = ";"
encoding = "latin-1"
decimal = ","
thousands = "."
escape = "/"
skip_lines = 2
trim = true
null = ["-", "NA"]
allow_no_final_newline = true
allow_batch_dependence = true
allow_empty = true
threshold = 0.25
prediction_column = "label"
probability_column = "chance"
output_format = "csv"
rejects = "bad/{{date:%Y}}.csv"
overwrite = true
allow_version_mismatch = true
ignore_custom_objects = true

[columns.Cabin]
type = "text"

[columns.Age]
fill = 28
allow_null = true
rename = "age in years"

[columns."Sib Sp"]
allow_null = false

[columns."*"]
unknown = "reject"

[columns.Sex]
unknown = "allow"
map = {{ male = 0, female = 1 }}
"""


def options_of(job: Job) -> ScoreOptions:
    night = plan_night(job, date(2026, 11, 22))
    return make_options(**score_keywords(job, night, overrides=Overrides()))


class TestEveryOption:
    def test_reaches_the_run(self, job_of: JobOf, tmp_path: Path) -> None:
        options = options_of(job_of(EVERY_OPTION))
        assert options == ScoreOptions(
            model="other_model:latest",
            keep=("PassengerId", "A,B"),
            max_rejects="2.5%",
            chunk_bytes=65536,
            max_record_bytes=1048576,
            workers=3,
            delimiter=";",
            encoding="latin-1",
            decimal=",",
            thousands=".",
            escape="/",
            skip_lines=2,
            trim=True,
            null=("-", "NA"),
            allow_no_final_newline=True,
            allow_batch_dependence=True,
            allow_empty=True,
            type={"Cabin": "text"},
            rename={"age in years": "Age"},
            fill={"Age": 28},
            allow_null=("Age",),
            unknown={"*": "reject", "Sex": "allow"},
            map={"Sex": {"male": 0, "female": 1}},
            threshold=0.25,
            prediction_column="label",
            probability_column="chance",
            trust=(HASH,),
            output_format="csv",
            rejects=str(tmp_path / "bad" / "2026.csv"),
            overwrite=True,
            skip_published=False,
            allow_version_mismatch=True,
            ignore_custom_objects=True,
        )

    def test_is_set_by_that_file_to_something_else_than_its_default(self, job_of: JobOf) -> None:
        options = options_of(job_of(EVERY_OPTION))
        for field in fields(ScoreOptions):
            if field.name == "skip_published":  # what is published, a job's history knows
                continue
            default = (
                field.default_factory() if field.default_factory is not MISSING else field.default
            )
            assert getattr(options, field.name) != default, field.name

    def test_without_it_a_run_has_the_defaults_of_score(self, job_of: JobOf) -> None:
        assert options_of(job_of()) == ScoreOptions()

    def test_says_what_it_takes(self) -> None:
        assert all(field.description for field in ScoreTable.model_fields.values())

    @pytest.mark.parametrize(
        ("key", "hint"),
        [
            ("model", "[model], as ref"),
            ("trust", "[model], as sha256"),
            ("fill", "[columns.NAME] fill"),
            ("rename", "[columns.NAME] rename"),
            ("skip_published", "run --force"),
        ],
    )
    def test_that_stands_elsewhere_is_shown_the_way(
        self, job_of: JobOf, key: str, hint: str
    ) -> None:
        with pytest.raises(UsageError) as caught:
            job_of(f"[score]\n{key} = 'x'")
        assert hint in str(caught.value)


class TestPaths:
    def test_are_relative_to_the_job_file(self, job_of: JobOf, tmp_path: Path) -> None:
        job = job_of(
            "[score]\nrejects = 'r/{date}.csv'", source="../in/{date:%d}/", target="out/{date}/"
        )
        night = plan_night(job, date(2026, 11, 22))
        assert night.input == f"{tmp_path.parent}/in/22/"
        assert night.output == f"{tmp_path}/out/2026-11-22/"
        assert night.rejects == f"{tmp_path}/r/2026-11-22.csv"

    def test_may_be_absolute_or_in_the_home(
        self, job_of: JobOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", "/srv/me")
        night = plan_night(job_of(source="~/in.csv", target="/out/{date}.csv"), date(2026, 11, 22))
        assert (night.input, night.output) == ("/srv/me/in.csv", "/out/2026-11-22.csv")

    def test_a_folder_with_brackets_makes_no_glob_of_a_file(self, tmp_path: Path) -> None:
        folder = tmp_path / "[new]"
        folder.mkdir()
        job = read_job(write_job(folder, source="*.csv"))
        assert plan_night(job, date(2026, 11, 22)).input == f"{tmp_path}/[[]new]/*.csv"
        job = read_job(write_job(folder))
        assert plan_night(job, date(2026, 11, 22)).input == f"{tmp_path}/[new]/in.csv"

    def test_a_model_file_is_found_beside_the_job(self, job_of: JobOf, tmp_path: Path) -> None:
        job = job_of("[model]\nref = '../models/best.pkl'")
        assert options_of(job).model == f"{tmp_path.parent}/models/best.pkl"


class TestDefaults:
    def test_a_job_needs_an_input_and_an_output_only(self, job_of: JobOf) -> None:
        job = job_of()
        assert (job.name, str(job.zone), job.model.ref, job.input.optional) == (
            "job",
            "UTC",
            None,
            False,
        )


def test_the_sample_jobs_name_no_hash_and_no_absolute_path() -> None:
    for path in sorted((ROOT / "jobs").glob("*.toml")):
        job: Any = read_job(path)
        assert job.model.sha256 is None
        assert not job.input.path.startswith("/")
        assert not job.output.path.startswith("/")
