"""A folder of parts is the old one or the new one, whole, and whose it is not is left alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.parts.conftest import SOME, Lab, hashes, input_text, manifest_in
from titanic_batch.errors import DataError, FileAccessError
from titanic_batch.parts import commit, whole
from titanic_batch.parts.api import score_parts
from titanic_batch.parts.scoring import PartFile
from titanic_batch.publish import directory
from titanic_batch.scoring.guarding import GuardDecision, PublishRequest
from titanic_batch.stores.exchange import move

OTHER = (*SOME, "--prediction-column", "label", "-q")


@pytest.fixture
def published(lab: Lab) -> Lab:
    lab("score", "in.csv", "out/", "--parts", *SOME, "-q")
    return lab


@contextmanager
def broken(where: object, name: str, after: int) -> Iterator[None]:
    """Let a call of a function or method die, after so many that went well."""
    original = getattr(where, name)
    left = [after]

    def dying(*args: object, **options: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("a kill")
        return original(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, name, dying)
        yield


def test_a_rerun_keeps_finished_parts_and_makes_edited_ones_again(lab: Lab) -> None:
    with broken(PartFile, "finish", after=3):
        lab("score", "in.csv", "out/", "--parts", *SOME, code=1)
    assert not (lab.folder / "out").exists()
    there = sorted(lab.private.glob("part-*"))
    assert len(there) == 3
    assert lab.private.stat().st_mode & 0o777 == 0o700
    before = {path.name: path.stat().st_ino for path in there}
    there[1].write_bytes(there[1].read_bytes() + b"edited")
    lab("score", "in.csv", "out/", "--parts", *SOME, "-q")
    after = {path.name: path.stat().st_ino for path in (lab.folder / "out").glob("part-*")}
    kept = {name for name in before if before[name] == after[name]}
    assert kept == before.keys() - {there[1].name}
    made = manifest_in(lab.folder / "out")
    rows = {part["name"]: part["rows"] for part in made["parts"]}
    assert made["rows_recalled"] == sum(rows[name] for name in kept)
    lab("score", "in.csv", "anew/", "--parts", *SOME, "-q")
    assert hashes(lab.folder / "anew") == hashes(lab.folder / "out")
    rejects = [(lab.folder / name / "_rejects.csv").read_bytes() for name in ("anew", "out")]
    assert rejects[0] == rejects[1]
    assert not list(lab.folder.glob(".*"))


def test_parts_by_another_model_or_of_another_input_are_not_kept(lab: Lab) -> None:
    with broken(commit, "put_folder_in_place", after=0):
        lab("score", "in.csv", "out/", "--parts", *SOME, code=1)
    text = input_text()
    (lab.folder / "in.csv").write_text(text.replace("male,20", "male,99", 1))
    lab("score", "in.csv", "out/", "--parts", *SOME, "-q")
    lab("score", "in.csv", "anew/", "--parts", *SOME, "-q")
    assert hashes(lab.folder / "anew") == hashes(lab.folder / "out")
    lab("verify", "out")
    assert not list(lab.folder.glob(".*"))


def test_the_folder_is_never_absent_while_it_is_replaced(published: Lab) -> None:
    out, seen, stop = published.folder / "out", set(), threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(manifest_in(out)["options"]["prediction_column"])

    reader = threading.Thread(target=look)
    reader.start()
    published("score", "in.csv", "out/", "--parts", *OTHER)
    stop.set()
    reader.join()
    assert seen <= {"prediction", "label"}
    assert "prediction" in seen
    published("verify", "out/")


@pytest.mark.parametrize("after", [0, 3, 99])
def test_where_folders_cannot_change_places_files_do(
    published: Lab, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    left = [1_000]

    def cannot(*_: object) -> bool:
        left[0] = after
        return False

    def dying(path: str, target: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError("a kill")
        move(path, target)

    old = manifest_in(published.folder / "out")
    monkeypatch.setattr(directory, "exchange", cannot)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory, "move", dying)
        published("score", "in.csv", "out/", "--parts", *OTHER, code=0 if after == 99 else 1)
    between = manifest_in(published.folder / "out")  # as its readers find it
    assert (between["run_id"] == old["run_id"]) == (after < 99)
    assert all((published.folder / "out" / part["name"]).exists() for part in between["parts"])
    published("score", "in.csv", "out/", "--parts", *OTHER)
    assert manifest_in(published.folder / "out")["run_id"] != old["run_id"]
    published("verify", "out/")
    assert not list(published.folder.glob(".*"))


def test_what_died_between_two_renames_is_completed(
    published: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "exchange", lambda *_: False)
    published.parts("plan", "in.csv", "out/", "-o", "plan.json", *OTHER)
    for index in range(len(manifest_in(published.folder / "out")["parts"])):
        published.parts("run", "plan.json", "--index", index, "-q")
    with broken(directory, "_sync", after=0):  # the parts are in place, the manifest is not
        published.parts("commit", "plan.json", code=1)
    assert manifest_in(published.folder / "out")["options"]["prediction_column"] == "prediction"
    published.parts("commit", "plan.json", "-q")
    assert manifest_in(published.folder / "out")["options"]["prediction_column"] == "label"
    published("verify", "out/")
    assert not list(published.folder.glob(".*"))


def test_a_commit_that_died_before_the_exchange_can_be_done_again(lab: Lab) -> None:
    lab.parts("plan", "in.csv", "out/", "-o", "plan.json", *SOME, "-q")
    lab("score", "in.csv", "whole/", "--parts", *SOME, "-q")
    for index in range(len(manifest_in(lab.folder / "whole")["parts"])):
        lab.parts("run", "plan.json", "--index", index, "-q")
    for where, name in ((commit, "put_folder_in_place"), (commit, "_folder_mode")):
        with broken(where, name, after=0):
            lab.parts("commit", "plan.json", code=1)
        assert not (lab.folder / "out").exists()
    lab.parts("commit", "plan.json", "-q")
    assert hashes(lab.folder / "out") == hashes(lab.folder / "whole")


def test_what_titanic_batch_did_not_write_is_left_alone(lab: Lab) -> None:
    out = lab.folder / "out"
    out.mkdir()
    (out / "mine.csv").write_text("a\n")
    for extra in ((), ("--max-rejects", "60%")):
        said = lab("score", "in.csv", "out/", "--parts", *SOME, *extra, code=2).error
        assert "was not written by titanic-batch" in said
    assert (
        "was not written" in lab.parts("plan", "in.csv", "out", "-o", "p.json", *SOME, code=2).err
    )
    lab("score", "in.csv", "out/", "--parts", *SOME, "--overwrite", "-q")
    assert not (out / "mine.csv").exists()
    (out / "inner").mkdir()
    said = lab("score", "in.csv", "out/", "--parts", *SOME, "--overwrite", code=2).error
    assert "inner/ is in it" in said
    (out / "inner").rmdir()
    part = next(out.glob("part-*"))
    part.write_bytes(part.read_bytes() + b"x")
    assert "changed since" in lab("score", "in.csv", "out/", "--parts", *SOME, code=2).error


def test_names_that_are_no_folder_of_its_own_are_refused(lab: Lab) -> None:
    (lab.folder / "file").write_text("x")
    for output, said in (
        ("-", "not on standard output"),
        ("out.parquet", "out.parquet/"),
        ("file", "this is a file"),
        (".", "holds the input"),
    ):
        assert said in lab("score", "in.csv", output, "--parts", *SOME, code=2).error
    assert "Add --parts" in lab("score", "in.csv", "a.csv", "--part-size", "1MB", code=2).error
    said = lab("score", "in.csv", "out/", "--parts", "--rejects", "r.csv", code=2).error
    assert "_rejects.csv in the output" in said
    assert "mkdir -p" in lab("score", "in.csv", "no/out/", "--parts", code=74).error
    (lab.folder / "models").mkdir()
    (lab.folder / "model.pkl").rename(lab.folder / "models" / "model.pkl")
    taken = ("--parts", "--overwrite", "-m", "models/model.pkl")
    assert "the model itself" in lab("score", "in.csv", "models/", *taken, code=2).error


def test_verify_finds_what_is_not_as_published(published: Lab) -> None:
    out = published.folder / "out"
    done = published("verify", "out/", "--json").json
    assert done["rows"] == manifest_in(out)["rows"]["scored"]
    part, other = sorted(out.glob("part-*"))[:2]
    data, rejects = part.read_bytes(), (out / "_rejects.csv").read_bytes()
    (out / "part-99999-aa.parquet").write_bytes(data)
    assert "does not list it" in published("verify", "out/", code=65).error
    (out / "part-99999-aa.parquet").unlink()
    part.unlink()
    assert "is missing" in published("verify", "out/", code=65).error
    part.write_bytes(other.read_bytes())
    assert "SHA-256 differs" in published("verify", "out/", code=65).error
    part.write_bytes(data)
    (out / "_rejects.csv").write_bytes(rejects.replace(b"not-a-number", b"missing-value"))
    assert "other rejects" in published("verify", "out/", code=65).error
    (out / "_rejects.csv").write_bytes(rejects)
    published("verify", "out/")
    (out / "_manifest.json").write_text("{}")
    assert "proves nothing" in published("verify", "out/", code=65).error


def test_the_same_again_is_skipped(published: Lab) -> None:
    out = published.folder / "out"
    before = out.stat().st_ino
    skips = ("--parts", "--skip-published", *SOME)
    assert "already published" in published("score", "in.csv", "out/", *skips).err
    assert out.stat().st_ino == before
    published("score", "in.csv", "out/", "--parts", "--skip-published", *OTHER)
    assert out.stat().st_ino != before


def test_too_many_rejects_publish_nothing_and_are_all_listed(published: Lab) -> None:
    before = hashes(published.folder / "out")
    few = ("--parts", "--max-rejects", "3", "--part-size", "150")
    said = published("score", "in.csv", "out/", *few, code=65).err
    assert "24 of 56 rows read were rejected, allowed are 3:" in said
    assert said.count("\n  row ") == 5
    listed = published.folder / "out.failed.rejects.csv"
    assert listed.stat().st_mode & 0o777 == 0o600
    assert not list(published.folder.glob(".*"))  # there was no part without too many of them
    published("score", "in.csv", "one.csv", "--max-rejects", "3", code=65)
    single = published.folder / "one.csv.failed.rejects.csv"
    assert listed.read_bytes() == single.read_bytes()
    assert hashes(published.folder / "out") == before
    published("score", "in.csv", "out/", "--parts", *SOME, "-q")
    assert not listed.exists()


def test_advice_is_given_as_for_one_file(lab: Lab) -> None:
    text = "Sex,Age\n" + "male,20\nfemale,NULL!\n" * 30
    (lab.folder / "in.csv").write_text(text)
    options = ("--max-rejects", "1", "--part-size", "100")
    one = lab("score", "in.csv", "one.csv", *options[:2], code=65).err
    parts = lab("score", "in.csv", "out/", "--parts", *options, code=65).err
    assert parts.replace("out.failed", "one.csv.failed") == one
    (lab.folder / "in.csv").write_text("Sex;Age\n" + "male;20\n" * 3)
    one = lab("score", "in.csv", "one.csv", code=65).err
    assert lab("score", "in.csv", "out/", "--parts", code=65).err == one
    assert "--delimiter" in one


def test_a_guard_sees_the_whole_and_may_refuse_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[PublishRequest] = []

    class Refusing:
        profiles = True

        def check(self, *_: object) -> None:
            """Let any model score."""

        def __call__(self, request: PublishRequest) -> GuardDecision:
            asked.append(request)
            raise DataError("the guard does not like it")

    for name, value in lab.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(lab.folder)
    options = {
        "model": "model.pkl",
        "max_rejects": "50%",
        "part_size": 150,
        "guard": Refusing(),
    }
    for _ in range(2):  # the second time, of the receipts alone
        with pytest.raises(DataError, match="does not like it"):
            score_parts("in.csv", "out/", **options)  # type: ignore[arg-type]
    assert not (lab.folder / "out").exists()
    assert [request.rows.read for request in asked] == [56, 56]
    assert [request.nulls for request in asked] == [{"Age": 8}] * 2
    first, second = (request.profile for request in asked)
    assert first is not None
    assert second is not None
    assert first.score is not None
    assert first.score.tolist() == second.score.tolist()  # type: ignore[union-attr]
    assert sum(first.score.tolist()) == 32


def test_a_full_disk_leaves_the_old_parts(published: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hashes(published.folder / "out")

    def full(*_: object) -> None:
        raise FileAccessError("writing failed: No space left on device")

    monkeypatch.setattr(whole, "publish", full)
    published("score", "in.csv", "out/", "--parts", *OTHER, code=74)
    assert hashes(published.folder / "out") == before
    published("verify", "out/")
