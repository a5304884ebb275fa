"""Flags override the job file, the job file overrides the environment; a pin holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.tree import DecisionTreeClassifier

from tests.jobs.conftest import Store, outputs_in
from titanic_batch.errors import UntrustedModelError, UsageError
from titanic_batch.jobs import running
from titanic_batch.jobs.checking import check_job
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.night import plan_night
from titanic_batch.jobs.running import run_job
from titanic_batch.jobs.settings import Overrides, choose_model, score_keywords
from titanic_batch.scoring.api import score_files

JobOf = Callable[..., Job]
DAY = date(2026, 11, 22)
HASH = "0" * 64


def keywords(job: Job, **flags: Any) -> dict[str, Any]:
    return score_keywords(job, plan_night(job, DAY), overrides=Overrides(**flags))


def test_model_of_flag_then_file_then_environment_then_default(
    job_of: JobOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keywords(job_of())["model"] == "titanic_model:latest"
    monkeypatch.setenv("TITANIC_BATCH_MODEL", "environment")
    assert keywords(job_of())["model"] == "environment"
    job = job_of("[model]\nref = 'file'")
    assert keywords(job)["model"] == "file"
    assert keywords(job, model="flag")["model"] == "flag"
    monkeypatch.setenv("TITANIC_BATCH_MODEL", "")
    assert keywords(job_of())["model"] == "titanic_model:latest"


def test_workers_of_flag_then_file_then_environment_then_default(
    job_of: JobOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keywords(job_of())["workers"] is None
    monkeypatch.setenv("TITANIC_BATCH_WORKERS", "3")
    assert keywords(job_of())["workers"] == 3
    job = job_of("[score]\nworkers = 2")
    assert keywords(job)["workers"] == 2
    assert keywords(job, workers=1)["workers"] == 1
    monkeypatch.setenv("TITANIC_BATCH_WORKERS", "")
    assert keywords(job_of())["workers"] is None


def test_max_rejects_of_the_flag_wins(job_of: JobOf) -> None:
    job = job_of("[score]\nmax_rejects = 3")
    assert keywords(job)["max_rejects"] == 3
    assert keywords(job, max_rejects="1%")["max_rejects"] == "1%"


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_nonsense_in_the_environment_is_refused_where_it_is_asked(
    job_of: JobOf, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("TITANIC_BATCH_WORKERS", text)
    with pytest.raises(UsageError, match=r"TITANIC_BATCH_WORKERS: .* is not a number of workers"):
        keywords(job_of())
    assert keywords(job_of("[score]\nworkers = 2"))["workers"] == 2


class TestPin:
    def test_lets_its_own_model_pass(self, job_of: JobOf, passengers: Path, store: Store) -> None:
        job = job_of(f"[model]\nref = 'titanic_model'\nsha256 = '{store.sha256.upper()}'")
        assert run_job(job, DAY).status == "published"
        assert check_job(job.path).sha256 == store.sha256

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_refuses_another_model_though_it_is_trusted(
        self, job_of: JobOf, passengers: Path, tmp_path: Path, store: Store, *, dry_run: bool
    ) -> None:
        job = job_of(f"[model]\nref = 'other_model'\nsha256 = '{store.sha256}'")
        outcome = run_job(job, DAY, dry_run=dry_run)
        assert (outcome.status, outcome.exit_code) == ("failed", 77)
        assert f"--trust {store.other[1]}" in str(outcome.error)
        assert outputs_in(tmp_path / "out") == []
        with pytest.raises(UntrustedModelError, match="not the job file's model"):
            check_job(job.path)

    def test_gives_way_to_the_flags(self, job_of: JobOf, passengers: Path, store: Store) -> None:
        job = job_of(f"[model]\nref = 'other_model'\nsha256 = '{store.sha256}'")
        trusting = run_job(job, DAY, overrides=Overrides(trust=[store.other[1].upper()]))
        assert trusting.status == "published"
        other = run_job(job, DAY, overrides=Overrides(model="titanic_model"), force=True)
        assert other.status == "published"

    def test_does_not_give_way_to_the_environment(
        self, job_of: JobOf, passengers: Path, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TITANIC_BATCH_TRUST", store.other[1])
        job = job_of(f"[model]\nref = 'other_model'\nsha256 = '{store.sha256}'")
        assert run_job(job, DAY).exit_code == 77

    def test_is_the_trust_of_a_pickle_that_nothing_else_trusts(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        import hashlib

        tree = DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
        tree.feature_names_in_ = ["Pclass"]
        model = tmp_path / "best.pkl"
        joblib.dump(tree, model)
        sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
        assert run_job(job_of("[model]\nref = 'best.pkl'"), DAY).exit_code == 77
        pinned = job_of(f"[model]\nref = 'best.pkl'\nsha256 = '{sha256}'")
        assert choose_model(pinned).trust == (sha256,)
        assert run_job(pinned, DAY).status == "published"

    def test_of_the_file_does_not_vouch_for_the_model_of_a_flag(
        self, job_of: JobOf, store: Store
    ) -> None:
        job = job_of(f"[model]\nref = 'titanic_model'\nsha256 = '{store.sha256}'")
        choice = choose_model(job, Overrides(model="other_model"))
        assert (choice.pin, choice.trust) == (None, ())

    def test_is_looked_at_before_the_input_is(self, job_of: JobOf, passengers: Path) -> None:
        passengers.write_text("nonsense\n", encoding="utf-8")
        job = job_of(f"[model]\nref = 'titanic_model'\nsha256 = '{HASH}'")
        assert run_job(job, DAY).exit_code == 77

    def test_holds_for_the_model_that_scores_though_another_came_in_between(
        self,
        job_of: JobOf,
        passengers: Path,
        tmp_path: Path,
        store: Store,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("TITANIC_BATCH_TRUST", store.other[1])
        job = job_of(f"[model]\nref = 'titanic_model'\nsha256 = '{store.sha256}'")

        def move_then_score(*arguments: Any, **keywords: Any) -> Any:
            return score_files(*arguments, **keywords | {"model": "other_model"})

        monkeypatch.setattr(running, "score_files", move_then_score)
        outcome = run_job(job, DAY)
        assert (outcome.status, outcome.exit_code) == ("failed", 77)
        assert outputs_in(tmp_path / "out") == []
