"""Guards: what they let through, what they stop, and that they leave the old output alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from tests.jobs.conftest import SAMPLE_DATA, outputs_in
from titanic_batch.errors import UsageError
from titanic_batch.jobs.checking import check_job
from titanic_batch.jobs.drift import stability_index
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.last_night import find_last_night
from titanic_batch.jobs.night import plan_night
from titanic_batch.jobs.running import NightOutcome, run_job
from titanic_batch.scoring.profiles import SCORE

JobOf = Callable[..., Job]
DAY = date(2026, 11, 22)
BEFORE = DAY - timedelta(days=1)


def manifest_of(output: Path) -> Any:
    return json.loads(output.with_name(f"{output.name}.manifest.json").read_bytes())


def write_nights(folder: Path, **frames: pd.DataFrame) -> None:
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture
def passengers_frame() -> pd.DataFrame:
    return pd.read_csv(SAMPLE_DATA / "passengers.csv", dtype={"Cabin": str})


@pytest.fixture
def guarded(job_of: JobOf, tmp_path: Path) -> Callable[..., NightOutcome]:
    """Return a runner of the job whose input is `DD.csv`, with [guards]."""

    def run(guards: str, day: date = DAY, **more: Any) -> NightOutcome:
        job = job_of(f"[guards]\n{guards}", source="{date:%d}.csv", target="out/{date}.parquet")
        return run_job(job, day, force=True, **more)

    return run


Guarded = Callable[..., NightOutcome]


class TestEachGuard:
    @pytest.mark.parametrize(
        ("guards", "said"),
        [
            ("min_rows = 419", "418 rows read, at least 419 are wanted (min_rows)"),
            ("[guards.max_null_rate]\nAge = '20%'", "of Age is null, at most 20.0% may be"),
            ("[guards.max_null_rate]\n'*' = '20%'\nFare = '1%'", "of Age is null, at most 20.0%"),
            ("max_row_change = '10%'", "418 rows read, 300 on 2026-11-21: a change of 39%, at mos"),
            ("max_drift_from_training = 0.0001", "has drifted from training: its stability index"),
            ("max_drift_from_last = 0.0001", "has drifted from 2026-11-21: its stability index is"),
        ],
    )
    def test_stops_a_night_keeps_the_old_output_and_says_what_mends_it(
        self,
        guarded: Guarded,
        passengers_frame: pd.DataFrame,
        tmp_path: Path,
        guards: str,
        said: str,
    ) -> None:
        write_nights(tmp_path, **{"21": passengers_frame[:300], "22": passengers_frame})
        needs = "max_drift_from_last = 9" if "last" in guards else "min_rows = 1"
        assert guarded(needs, BEFORE).status == "published"
        assert guarded("min_rows = 1").status == "published"
        out = tmp_path / "out" / "2026-11-22.parquet"
        old = out.read_bytes()
        outcome = guarded(guards)
        assert (outcome.status, outcome.exit_code) == ("failed", 65)
        (error,) = outcome.errors
        assert error.message.startswith("guards: ")
        assert said in error.message
        assert error.hint.startswith("What was published before is kept.")
        assert "--date 2026-11-22 --ignore-guards" in error.hint
        assert out.read_bytes() == old
        assert manifest_of(out)["job"]["guards"][0]["guard"] == "min_rows"
        assert [path.name for path in out.parent.iterdir() if ".tmp" in path.name] == []

    def test_of_rejects_stops_what_score_would_let_through(
        self, job_of: JobOf, tmp_path: Path
    ) -> None:
        (tmp_path / "in.csv").write_bytes((SAMPLE_DATA / "dirty.csv").read_bytes())
        allowed = "[score]\nmax_rejects = '90%'\n[guards]\nmax_rejects = "
        outcome = run_job(job_of(f"{allowed}1"), DAY)
        assert outcome.exit_code == 65
        assert "rows rejected, at most 1 may be (max_rejects)" in str(outcome.errors[0])
        rejects = tmp_path / "out" / "2026-11-22.csv.failed.rejects.csv"
        assert f"What was rejected is in {rejects}." in outcome.errors[0].hint
        assert rejects.exists()
        outcome = run_job(job_of(f"{allowed}{{ warn = '1%', fail = '95%' }}"), DAY)
        assert outcome.status == "published"
        (warning,) = manifest_of(tmp_path / "out" / "2026-11-22.csv")["warnings"]
        assert "rows rejected, at most 1.0% may be (max_rejects)" in warning
        assert not rejects.exists()

    def test_warns_between_its_two_limits(
        self, guarded: Guarded, passengers_frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        write_nights(tmp_path, **{"22": passengers_frame})
        assert guarded("min_rows = { warn = 500, fail = 400 }").status == "published"
        document = manifest_of(tmp_path / "out" / "2026-11-22.parquet")
        assert document["warnings"] == ["guards: 418 rows read, at least 500 are wanted (min_rows)"]
        assert document["job"]["guards"][0]["verdict"] == "warning"
        assert guarded("min_rows = { warn = 500, fail = 419 }").exit_code == 65
        assert guarded("min_rows = { warn = 418 }").errors == ()
        assert manifest_of(tmp_path / "out" / "2026-11-22.parquet")["warnings"] == []

    def test_only_warns_where_it_is_told_to(
        self, guarded: Guarded, passengers_frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        write_nights(tmp_path, **{"22": passengers_frame})
        assert guarded("min_rows = 500", ignore_guards=True).status == "published"
        document = manifest_of(tmp_path / "out" / "2026-11-22.parquet")
        assert "at least 500 are wanted" in document["warnings"][0]

    def test_says_what_it_could_not_judge(
        self, guarded: Guarded, passengers_frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        write_nights(tmp_path, **{"22": passengers_frame[:50]})
        guards = "max_row_change = '1%'\nmax_drift_from_training = 0.1\nmax_drift_from_last = 0.1\n"
        assert guarded(guards).status == "published"
        assert manifest_of(tmp_path / "out" / "2026-11-22.parquet")["warnings"] == [
            "guards: max_row_change not judged: there is no earlier night",
            "guards: max_drift_from_training not judged: fewer than 100 rows show no drift",
            "guards: max_drift_from_last not judged: there is no earlier night",
        ]

    def test_of_a_column_that_the_model_lacks_is_2_and_nothing_is_scored(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = job_of("[guards.max_null_rate]\nAgee = '1%'")
        outcome = run_job(job, DAY)
        assert outcome.exit_code == 2
        assert "guards.max_null_rate: the model has no column Agee. Did you mean Age?" in str(
            outcome.error
        )
        assert outputs_in(tmp_path / "out") == []
        with pytest.raises(UsageError, match="Did you mean Age"):
            check_job(job.path)

    def test_is_not_asked_by_a_job_without_any(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        run_job(job_of(), DAY)
        told = manifest_of(tmp_path / "out" / "2026-11-22.csv")["job"]
        assert told == {"name": "job", "date": "2026-11-22", "guards": [], "profile": None}


def index_by_numpy(expected: npt.NDArray[Any], found: npt.NDArray[Any]) -> float:
    """Return the population stability index of two arrays of counts, by its definition."""
    e = np.maximum(expected / expected.sum(), 1e-4)
    f = np.maximum(found / found.sum(), 1e-4)
    return float(np.sum((f - e) * np.log(f / e)))


def counts_by_numpy(
    values: pd.Series[Any], edges: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Count values in ranges that are closed on the right, and nulls last."""
    ranges = [-np.inf, *edges, np.inf]
    found = pd.cut(values, ranges, right=True).value_counts(sort=False).to_numpy()
    return np.append(found, values.isna().sum())


class TestDrift:
    def drift(self, output: Path, guard: str) -> dict[str, float]:
        return {
            finding["column"]: finding["value"]
            for finding in manifest_of(output)["job"]["guards"]
            if finding["guard"] == guard and finding["verdict"] != "not judged"
        }

    def test_is_what_numpy_says_of_training_data_and_night(
        self, guarded: Guarded, passengers_frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        tonight = passengers_frame.assign(Age=passengers_frame["Age"] + 20)
        write_nights(tmp_path, **{"22": tonight})
        guarded("max_drift_from_training = { warn = 0.25 }")
        output = tmp_path / "out" / "2026-11-22.parquet"
        found = self.drift(output, "max_drift_from_training")
        training = pd.read_csv(SAMPLE_DATA / "train.csv")
        assert set(found) == {"Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", SCORE}
        for column in ("Age", "SibSp", "Parch", "Fare"):
            edges = np.unique(np.nanquantile(training[column], np.linspace(0.1, 0.9, 9)))
            expected = index_by_numpy(
                counts_by_numpy(training[column], edges), counts_by_numpy(tonight[column], edges)
            )
            assert found[column] == pytest.approx(expected, abs=1e-6)
        for column in ("Pclass", "Sex"):
            shares = [
                frame[column].value_counts().sort_index().to_numpy()
                for frame in (training, tonight)
            ]
            assert found[column] == pytest.approx(index_by_numpy(*shares), abs=1e-4)
        assert found["Age"] > 0.25 > found["Sex"]
        (warning,) = [text for text in manifest_of(output)["warnings"] if "Age has drifted" in text]
        assert warning.startswith("guards: Age has drifted from training")

    def test_of_the_score_is_what_numpy_says_of_the_published_scores(
        self, guarded: Guarded, passengers_frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        women = passengers_frame.assign(Sex="female")
        write_nights(tmp_path, **{"21": passengers_frame, "22": women})
        guards = "max_drift_from_last = { warn = 0.25 }"
        for day in (BEFORE, DAY):
            assert guarded(guards, day).status == "published"
        tenths = np.arange(1, 10) / 10
        before, now = (
            counts_by_numpy(
                pd.read_parquet(tmp_path / "out" / f"{day}.parquet")["probability"], tenths
            )
            for day in (BEFORE, DAY)
        )
        found = self.drift(tmp_path / "out" / "2026-11-22.parquet", "max_drift_from_last")
        assert found[SCORE] == pytest.approx(index_by_numpy(before, now), abs=1e-6)
        assert found["Age"] == 0
        assert found[SCORE] > 0.25

    def test_is_the_same_whatever_the_chunks_and_fills(
        self, job_of: JobOf, passengers_frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        write_nights(tmp_path, **{"in": passengers_frame})
        profiles = []
        for more in ("", "[score]\nchunk_size = '4KB'\n", "[columns.Age]\nfill = 28\n"):
            job = job_of(f"{more}[guards]\nmax_drift_from_training = {{ warn = 0.1 }}")
            run_job(job, DAY, force=True)
            profile = manifest_of(tmp_path / "out" / "2026-11-22.csv")["profile"]
            profiles.append({name: told for name, told in profile.items() if name != SCORE})
        assert profiles[0] == profiles[1] == profiles[2]
        assert sum(profiles[0]["Age"]["counts"]) == 418
        assert profiles[0]["Age"]["counts"][-1] == passengers_frame["Age"].isna().sum()

    @pytest.mark.parametrize(
        ("expected", "found"),
        [([1, 2, 3], [10, 20, 30]), ([5, 0, 5], [5, 5, 0]), ([0.2, 0.8], [7, 3])],
    )
    def test_index_has_its_definition(self, expected: list[float], found: list[float]) -> None:
        value = stability_index(expected, found)
        assert value == pytest.approx(index_by_numpy(np.array(expected), np.array(found)))
        assert value >= 0


class TestLastNight:
    def test_is_the_newest_before_the_date(
        self, guarded: Guarded, job_of: JobOf, passengers_frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        for day, rows in ((10, 100), (12, 120), (25, 250)):
            write_nights(tmp_path, **{str(day): passengers_frame[:rows]})
            guarded("min_rows = 1", date(2026, 11, day))
        job = job_of(source="{date:%d}.csv", target="out/{date}.parquet")
        last = find_last_night(job, plan_night(job, DAY)).last
        assert last is not None
        assert (last.day, last.rows) == (date(2026, 11, 12), {"": 120})
        assert find_last_night(job, plan_night(job, date(2026, 11, 10))).last is None

    def test_is_none_of_another_job_and_none_that_no_job_published(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        import titanic_batch

        run_job(job_of("[job]\nname = 'other'"), BEFORE)
        titanic_batch.score(passengers, tmp_path / "out" / "2026-11-20.csv")
        job = job_of()
        assert find_last_night(job, plan_night(job, DAY)).last is None

    def test_may_stand_where_tonights_output_goes(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = job_of(target="out/latest.csv")
        run_job(job, BEFORE)
        last = find_last_night(job, plan_night(job, DAY)).last
        assert last is not None
        assert (last.day, last.rows) == (BEFORE, {"": 5})

    def test_of_several_files_has_each_ones_rows_and_one_profile(
        self, job_of: JobOf, passengers_frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        for day, rows in ((BEFORE, 200), (DAY, 100)):
            folder = tmp_path / "in" / str(day)
            folder.mkdir(parents=True)
            write_nights(folder, a=passengers_frame[:rows], b=passengers_frame[:rows])
        job = job_of(
            "[guards]\nmax_row_change = '10%'\nmax_drift_from_last = { warn = 9 }",
            source="in/{date}/",
            target="out/{date}/",
        )
        run_job(job, BEFORE)
        last = find_last_night(job, plan_night(job, DAY)).last
        assert last is not None
        assert last.rows == {"a.parquet": 200, "b.parquet": 200}
        assert sum(last.profile["Age"][1]) == 400
        outcome = run_job(job, DAY)
        assert outcome.exit_code == 65
        assert len(outcome.errors) == 2
        assert "100 rows read, 200 on 2026-11-21: a change of 50%" in str(outcome.errors[0])
