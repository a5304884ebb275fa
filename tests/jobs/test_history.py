"""What was published stays, whatever the job says by now, until `--force`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import titanic_batch
from tests.jobs.conftest import SAMPLE_DATA, Store, outputs_in
from tests.publish.disk import Died, die_before
from titanic_batch.cli import jobs_view as view
from titanic_batch.cli.console import set_style, style
from titanic_batch.errors import UsageError
from titanic_batch.jobs import running
from titanic_batch.jobs.checking import check_job
from titanic_batch.jobs.dates import parse_range, render
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.listing import list_jobs
from titanic_batch.jobs.running import NightOutcome, run_job, run_nights
from titanic_batch.jobs.settings import Overrides
from titanic_batch.publish.verify import verify

JobOf = Callable[..., Job]
DAY = date(2026, 11, 22)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def manifest_at(output: Path) -> Any:
    return json.loads(output.with_name(f"{output.name}.manifest.json").read_bytes())


def edit(output: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = manifest_at(output)
    change(document)
    output.with_name(f"{output.name}.manifest.json").write_text(
        json.dumps(document), encoding="utf-8"
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / f"{DAY}.csv"


def only_note(outcome: NightOutcome) -> str:
    (note,) = outcome.notes
    return note


class TestADateThatIsPublished:
    def test_stays_and_says_nothing_where_nothing_differs(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        run_job(job_of(), DAY)
        before = files(out.parent)
        again = run_job(job_of("[score]\nworkers = 2"), DAY)
        assert (again.status, again.exit_code, again.notes) == ("skipped", 0, ())
        assert files(out.parent) == before

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ("[model]\nref = 'other_model'", "and the job's model is now other_model:"),
            ("[model]\nref = 'nobody'", "and the job's model cannot be used: "),
            ("[score]\nkeep = 'none'", "these options have changed: keep"),
            (
                "[columns.Age]\nfill = 3\n[score]\nmax_rejects = 1",
                "changed: fill, max_rejects",
            ),
            (f"[model]\nref = 'titanic_model'\nsha256 = '{'0' * 64}'", "model cannot be used: thi"),
        ],
    )
    def test_stays_and_says_what_of_the_job_differs(
        self, job_of: JobOf, passengers: Path, out: Path, more: str, said: str
    ) -> None:
        run_job(job_of(), DAY)
        before = files(out.parent)
        job = job_of(more)
        again = run_job(job, DAY)
        assert (again.status, again.exit_code) == ("skipped", 0)
        assert said in only_note(again)
        assert f"`titanic-batch run {job.path} --date {DAY} --force`" in only_note(again)
        planned = run_job(job, DAY, dry_run=True)
        assert (planned.status, planned.notes) == ("planned", again.notes)
        assert files(out.parent) == before

    def test_stays_and_names_both_models(
        self, job_of: JobOf, passengers: Path, store: Store
    ) -> None:
        run_job(job_of(), DAY)
        note = only_note(run_job(job_of("[model]\nref = 'other_model'"), DAY))
        assert f"{store.tag} scored it (SHA-256 {store.sha256[:12]})" in note
        assert f"is now {store.other[0]} ({store.other[1][:12]})" in note

    def test_stays_whatever_the_flags_say(self, job_of: JobOf, passengers: Path, out: Path) -> None:
        run_job(job_of(), DAY)
        before = files(out.parent)
        flags = Overrides(model="other_model", max_rejects="5")
        again = run_job(job_of(), DAY, overrides=flags, ignore_guards=True)
        assert again.status == "skipped"
        assert "other_model" in only_note(again)
        assert "max_rejects" in only_note(again)
        assert files(out.parent) == before

    def test_stays_though_its_input_changed_and_says_both_hashes(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        run_job(job_of(), DAY)
        then, before = sha256(passengers), files(out.parent)
        lines = passengers.read_text(encoding="utf-8").splitlines(keepends=True)
        passengers.write_text("".join(lines[:-1]), encoding="utf-8")
        again = run_job(job_of(), DAY)
        assert (again.status, again.exit_code) == ("skipped", 0)
        assert f"SHA-256 {then} then, {sha256(passengers)} now" in only_note(again)
        assert files(out.parent) == before

    def test_stays_though_its_input_or_marker_is_gone(
        self, job_of: JobOf, passengers: Path, out: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "done").touch()
        run_job(job_of("marker = 'done'"), DAY)
        before = files(out.parent)
        (tmp_path / "done").unlink()
        assert run_job(job_of("marker = 'done'"), DAY).status == "skipped"
        passengers.unlink()
        assert run_job(job_of(), DAY).status == "skipped"
        assert run_job(job_of(), DAY, dry_run=True).planned[0].published
        assert run_job(job_of(), DAY, force=True).exit_code == 66
        assert files(out.parent) == before

    def test_stays_and_reads_no_pipe_that_its_input_is_now(
        self, job_of: JobOf, passengers: Path
    ) -> None:
        run_job(job_of(), DAY)
        passengers.unlink()
        os.mkfifo(passengers)
        again = run_job(job_of(), DAY)
        assert (again.status, again.notes) == ("skipped", ())

    def test_stays_in_a_backfill_while_others_are_scored(
        self, job_of: JobOf, passengers: Path, out: Path, store: Store
    ) -> None:
        run_job(job_of(), DAY)
        nights = run_nights(
            job_of("[model]\nref = 'other_model'"),
            parse_range(f"{DAY - timedelta(days=1)}..{DAY + timedelta(days=1)}"),
        )
        assert [night.status for night in nights] == ["published", "skipped", "published"]
        tags = {path.name: manifest_at(path)["model"]["tag"] for path in out.parent.glob("*.csv")}
        assert [tags[name] == store.tag for name in sorted(tags)] == [False, True, False]

    def test_is_told_by_its_path_where_its_manifest_names_no_job(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        out.parent.mkdir()
        titanic_batch.score(passengers, out, keep="none")
        before = files(out.parent)
        again = run_job(job_of(), DAY)
        assert (again.status, only_note(again)[:38]) == (
            "skipped",
            "these options have changed: keep. It s",
        )
        assert files(out.parent) == before

    def test_of_an_older_version_lacks_options_that_are_the_defaults_now(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        run_job(job_of(), DAY)
        edit(out, lambda document: document["options"].pop("allow_empty"))
        assert run_job(job_of(), DAY).notes == ()
        assert "allow_empty" in only_note(run_job(job_of("[score]\nallow_empty = true"), DAY))

    def test_that_failed_its_guards_is_not_published(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        job = job_of("[guards]\nmin_rows = 99")
        assert run_job(job, DAY).exit_code == 65
        assert run_job(job, DAY).exit_code == 65
        assert run_job(job, DAY, ignore_guards=True).status == "published"
        assert run_job(job, DAY).status == "skipped"

    def test_that_was_removed_is_published_anew_and_its_manifest_kept(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        run_job(job_of(), DAY)
        first = files(out.parent)
        out.unlink()
        again = run_job(job_of(), DAY)
        assert again.status == "published"
        manifest = again.files[0].manifest
        assert manifest is not None
        assert "was published before and removed since" in manifest.warnings[0]
        kept = out.with_name(f"{out.name}.manifest.json.1")
        assert kept.read_bytes() == first[f"{out.name}.manifest.json"]

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_that_was_edited_is_2_and_forced_anew(
        self, job_of: JobOf, passengers: Path, out: Path, *, dry_run: bool
    ) -> None:
        run_job(job_of(), DAY)
        out.write_text("spoilt\n", encoding="utf-8")
        outcome = run_job(job_of(), DAY, dry_run=dry_run)
        assert outcome.exit_code == 2
        assert "changed since it was published" in str(outcome.errors[0])
        assert f"--date {DAY} --force" in outcome.errors[0].hint
        assert out.read_text(encoding="utf-8") == "spoilt\n"
        assert run_job(job_of(), DAY, force=True).status == "published"
        assert verify(out).rows == 5

    @pytest.mark.parametrize("damage", ["rows", "bytes", "newer", "nothing"])
    def test_whose_manifest_cannot_be_read_is_2_and_forced_anew(
        self, job_of: JobOf, passengers: Path, out: Path, damage: str
    ) -> None:
        run_job(job_of(), DAY)
        manifest = out.with_name(f"{out.name}.manifest.json")
        if damage == "rows":
            edit(out, lambda document: document.pop("rows"))
        elif damage == "newer":
            edit(out, lambda document: document.update(manifest_version=2))
        else:
            manifest.write_bytes(b"\xff\xfe" if damage == "bytes" else b"")
        spoilt, before = manifest.read_bytes(), files(out.parent)
        outcome = run_job(job_of(), DAY)
        assert outcome.exit_code == 2
        assert "the manifest of this date cannot be used" in str(outcome.errors[0])
        assert ("Upgrade titanic-batch." in outcome.errors[0].hint) == (damage == "newer")
        assert files(out.parent) == before
        assert run_job(job_of(), DAY, force=True).status == "published"
        assert manifest.with_name(f"{manifest.name}.1").read_bytes() == spoilt
        assert verify(out).rows == 5

    def test_of_another_job_is_2_unless_it_would_be_the_same(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        run_job(job_of("[job]\nname = 'first'"), DAY)
        assert run_job(job_of("[job]\nname = 'second'"), DAY).status == "skipped"
        other = "[job]\nname = 'second'\n[score]\nkeep = 'none'"
        before = files(out.parent)
        outcome = run_job(job_of(other), DAY)
        assert outcome.exit_code == 2
        assert f"the job first published this output, for {DAY}" in str(outcome.errors[0])
        assert files(out.parent) == before
        assert run_job(job_of(other), DAY, force=True).status == "published"

    def test_of_another_century_is_2(self, job_of: JobOf, passengers: Path, tmp_path: Path) -> None:
        target = "out/{date:%y%m%d}.csv"
        run_job(job_of(target=target), DAY)
        outcome = run_job(job_of("[score]\nkeep = 'none'", target=target), date(1926, 11, 22))
        assert outcome.exit_code == 2
        assert "this output was published for 2026-11-22" in str(outcome.errors[0])

    def test_a_strangers_file_is_refused_also_with_force(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        out.parent.mkdir()
        out.write_bytes(b"a stranger's")
        for force in (False, True):
            outcome = run_job(job_of(), DAY, force=force)
            assert outcome.exit_code == 2
            assert "was not written by titanic-batch" in str(outcome.errors[0])
        assert files(out.parent) == {out.name: b"a stranger's"}

    def test_is_not_rewritten_by_a_run_that_began_before_it_was_published(
        self, job_of: JobOf, passengers: Path, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from titanic_batch.scoring.api import score_files

        def second(*arguments: Any, **keywords: Any) -> Any:
            monkeypatch.setattr(running, "score_files", score_files)
            assert run_job(job_of(), DAY).status == "published"
            return score_files(*arguments, **keywords)

        monkeypatch.setattr(running, "score_files", second)
        outcome = run_job(job_of("[model]\nref = 'other_model'"), DAY)
        assert outcome.exit_code == 75
        assert manifest_at(out)["model"]["tag"].startswith("titanic_model:")


class TestPathsOfSeveralDates:
    def test_an_output_without_a_date_stays_for_the_same_input_only(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = job_of(target="out/latest.csv")
        latest = tmp_path / "out" / "latest.csv"
        assert run_job(job, DAY).status == "published"
        tomorrow = DAY + timedelta(days=1)
        assert run_job(job, tomorrow).status == "skipped"
        other = run_job(job_of("[score]\nkeep = 'none'", target="out/latest.csv"), tomorrow)
        assert (other.status, len(other.notes)) == ("skipped", 1)
        lines = passengers.read_text(encoding="utf-8").splitlines(keepends=True)
        passengers.write_text("".join(lines[:-1]), encoding="utf-8")
        for day in (DAY, tomorrow):  # an input that comes several times a day is scored each time
            passengers.write_text("".join(lines[: -1 - (day == tomorrow)]), encoding="utf-8")
            assert run_job(job, day).status == "published"
        assert set(files(latest.parent)) == {"latest.csv", "latest.csv.manifest.json"}
        passengers.unlink()
        assert run_job(job, tomorrow).exit_code == 66

    @pytest.mark.parametrize("target", ["out/latest.csv", "out/{date:%Y-%m}.csv"])
    def test_an_earlier_date_does_not_take_a_later_one_s_place(
        self, target: str, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = job_of(target=target)
        day = date(2026, 11, 16)
        later = day + timedelta(days=1)
        assert run_job(job, later).status == "published"
        shutil.copy(SAMPLE_DATA / "passengers.csv", passengers)
        before = files(tmp_path / "out")
        outcome = run_job(job, day)
        assert outcome.exit_code == 2
        (error,) = outcome.errors
        assert str(later) in error.message
        assert f"--date {day} --force" in error.hint
        assert files(tmp_path / "out") == before
        assert run_job(job, later + timedelta(days=1)).status == "published"
        assert run_job(job, day, force=True).status == "published"

    def test_two_jobs_do_not_take_turns_at_one_output(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        run_job(job_of("[job]\nname = 'first'", target="latest.csv"), DAY)
        shutil.copy(SAMPLE_DATA / "passengers.csv", passengers)
        outcome = run_job(job_of("[job]\nname = 'second'", target="latest.csv"), DAY)
        assert outcome.exit_code == 2

    def test_a_week_stays_for_its_date_or_the_same_input(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        target = "out/{date:%G-W%V}.csv"
        monday = date(2026, 11, 16)
        run_job(job_of(target=target), monday)
        assert run_job(job_of(target=target), monday + timedelta(days=1)).status == "skipped"
        shutil.copy(SAMPLE_DATA / "passengers.csv", passengers)
        assert "its input has changed" in only_note(run_job(job_of(target=target), monday))
        tuesday = run_job(job_of(target=target), monday + timedelta(days=1))
        assert (tuesday.status, tuesday.notes) == ("published", ())

    def test_of_a_folder_only_what_is_new_is_scored(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "in").mkdir()
        shutil.copy(passengers, tmp_path / "in" / "a.csv")
        target = "out/{date}/"
        run_job(job_of(source="in/", target=target), DAY)
        shutil.copy(passengers, tmp_path / "in" / "b.csv")
        shutil.copy(SAMPLE_DATA / "passengers.csv", tmp_path / "in" / "c.csv")
        (tmp_path / "out" / str(DAY) / "c.parquet").write_bytes(b"a stranger's")
        (tmp_path / "out" / str(DAY) / "d.parquet.manifest.json").write_bytes(b"{")
        shutil.copy(passengers, tmp_path / "in" / "d.csv")
        job = job_of("[score]\nkeep = 'none'", source="in/", target=target)
        outcome = run_job(job, DAY)
        ended = [
            "skipped" if file.skipped else file.error.exit_code if file.error else "published"
            for file in outcome.files
        ]
        assert (outcome.status, outcome.exit_code, ended) == (
            "failed",
            2,
            ["skipped", "published", 2, 2],
        )
        assert "these options have changed: keep" in only_note(outcome)

    @pytest.mark.parametrize("target", ["out/{date}/", "out/{date:%Y-%m}/"])
    def test_a_folder_stays_though_its_input_is_gone_where_all_of_it_was_published(
        self, job_of: JobOf, passengers: Path, tmp_path: Path, target: str
    ) -> None:
        source = tmp_path / "in"
        source.mkdir()
        shutil.copy(passengers, source / "a.csv")
        job = job_of(source="in/", target=target)
        run_job(job, DAY)
        folder = tmp_path / render(target, DAY)
        before = files(folder)
        shutil.rmtree(source)
        again = run_job(job, DAY)
        assert (again.status, again.exit_code, len(again.files)) == ("skipped", 0, 1)
        assert run_job(job, DAY + timedelta(days=1)).exit_code == 66
        assert files(folder) == before
        verdicts = folder / "_run.manifest.json"
        for damage in (b"{", before[verdicts.name].replace(b'"published"', b'"failed"')):
            verdicts.write_bytes(damage)
            assert run_job(job, DAY).exit_code == 66
        verdicts.write_bytes(before[verdicts.name])
        (folder / "a.parquet").unlink()
        assert run_job(job, DAY).exit_code == 66

    def test_a_name_without_room_for_its_companions_is_2(
        self, job_of: JobOf, passengers: Path, tmp_path: Path
    ) -> None:
        job = job_of(target=f"out/{{date}}{'a' * 200}.csv")
        for dry_run in (True, False):
            outcome = run_job(job, DAY, dry_run=dry_run)
            assert (outcome.exit_code, "name is too long" in str(outcome.error)) == (2, True)
        with pytest.raises(UsageError, match="name is too long"):
            check_job(job.path)
        assert outputs_in(tmp_path / "out") == []


class TestForce:
    def test_keeps_each_manifest_that_it_replaces(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        manifest = out.with_name(f"{out.name}.manifest.json")
        written = []
        for _ in range(3):
            assert run_job(job_of(), DAY, force=True).status == "published"
            written.append(manifest.read_bytes())
        assert files(out.parent) == {
            out.name: out.read_bytes(),
            manifest.name: written[2],
            f"{manifest.name}.1": written[0],
            f"{manifest.name}.2": written[1],
        }
        manifest.with_name(f"{manifest.name}.1").unlink()
        run_job(job_of(), DAY, force=True)
        assert manifest.with_name(f"{manifest.name}.1").read_bytes() == written[2]
        assert run_job(job_of(), DAY).status == "skipped"
        assert list_jobs(out.parent.parent)[0].last is not None

    def test_that_fails_keeps_nothing_twice(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        run_job(job_of(), DAY)
        before = files(out.parent)
        failed = run_job(job_of("[guards]\nmin_rows = 99"), DAY, force=True)
        assert failed.exit_code == 65
        assert files(out.parent) == before

    def test_loses_no_manifest_whatever_instant_a_kill_comes(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        run_job(job_of(), DAY)
        first = files(out.parent)
        manifest = f"{out.name}.manifest.json"
        for number in range(1, 40):
            with pytest.MonkeyPatch.context() as patch:
                calls = die_before(patch, number)
                with contextlib.suppress(Died):
                    run_job(job_of("[score]\nkeep = 'none'"), DAY, force=True)
            left = files(out.parent)
            assert first[manifest] in {left[manifest], left.get(f"{manifest}.1")}
            # The next run without --force passes over the old one or the new one, whole.
            again = run_job(job_of(), DAY)
            assert (again.status, again.exit_code) == ("skipped", 0)
            assert verify(out).rows == 5
            assert not [name for name in files(out.parent) if name.endswith(".tmp")]
            run_job(job_of("[score]\nkeep = 'none'"), DAY, force=True)
            kept = [name for name in files(out.parent) if name.startswith(f"{manifest}.")]
            assert first[manifest] in [files(out.parent)[name] for name in kept]
            shutil.rmtree(out.parent)
            out.parent.mkdir()
            for name, data in first.items():
                (out.parent / name).write_bytes(data)
            if len(calls) < number:
                break
        else:
            pytest.fail("the run has more steps than that")


class TestScore:
    def test_over_a_jobs_output_keeps_its_manifest(
        self, job_of: JobOf, passengers: Path, out: Path
    ) -> None:
        run_job(job_of(), DAY)
        manifest = out.with_name(f"{out.name}.manifest.json")
        before = manifest.read_bytes()
        titanic_batch.score(passengers, out, keep="none")
        assert manifest.with_name(f"{manifest.name}.1").read_bytes() == before
        titanic_batch.score(passengers, out, keep="none")  # this one names no job
        assert not manifest.with_name(f"{manifest.name}.2").exists()
        again = run_job(job_of(), DAY)
        assert again.status == "skipped"
        assert "these options have changed: keep" in only_note(again)

    def test_takes_no_kept_manifest_for_an_input(
        self, job_of: JobOf, passengers: Path, out: Path, tmp_path: Path
    ) -> None:
        run_job(job_of(), DAY)
        run_job(job_of(), DAY, force=True)
        shutil.copy(passengers, out.parent / "new.csv")
        outcomes = titanic_batch.score_files(out.parent, f"{tmp_path}/scored/")
        assert [Path(outcome.pair.input).name for outcome in outcomes] == ["new.csv"]


def test_what_differs_is_said_even_quietly_and_in_each_form(
    job_of: JobOf, passengers: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_job(job_of(), DAY)
    before = style()
    outcomes = {
        "published": run_job(job_of("[score]\nkeep = 'none'"), DAY),
        "planned": run_job(job_of("[score]\nkeep = 'none'"), DAY, dry_run=True),
    }
    note = only_note(outcomes["published"])
    try:
        for outcome in outcomes.values():
            for quiet in (True, False):
                set_style(replace(before, quiet=quiet))
                view.show_night(outcome, one_of=1, as_json=False)
                shown = capsys.readouterr()
                assert "".join(shown.err.split()) == "".join(f"warning: {DAY}, {note}".split())
                assert bool(shown.out) != quiet
            set_style(replace(before, log_format="json"))
            view.show_night(outcome, one_of=1, as_json=False)
            assert json.loads(capsys.readouterr().err)["warnings"] == [note]
            assert view.night_document(outcome)["notes"] == [note]
    finally:
        set_style(before)


def test_jobs_list_takes_yesterdays_latest_for_none_of_today(
    job_of: JobOf, passengers: Path, tmp_path: Path
) -> None:
    from datetime import UTC, datetime

    job = job_of(target="latest.csv")
    today = datetime.now(UTC).date()
    run_job(job, today - timedelta(days=1))
    (listed,) = list_jobs(tmp_path)
    assert listed.tonight is None
    assert listed.last is not None
    shutil.copy(SAMPLE_DATA / "passengers.csv", passengers)
    run_job(job, today)
    (listed,) = list_jobs(tmp_path)
    assert listed.tonight == listed.last
