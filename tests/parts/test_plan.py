"""A plan is carried out as it was made, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.parts.conftest import SOME, Lab, fit, input_text, manifest_in
from titanic_batch.stores import store_of


@pytest.fixture
def planned(lab: Lab) -> Lab:
    lab.parts("plan", "in.csv", "out/", "-o", "plan.json", *SOME, "-q")
    return lab


def run_all(lab: Lab, *, but: tuple[int, ...] = ()) -> None:
    count = len(json.loads((lab.folder / "plan.json").read_text())["parts"])
    for index in set(range(count)) - set(but):
        lab.parts("run", "plan.json", "--index", index, "-q")


def test_an_index_outside_the_plan_is_wrong_usage(planned: Lab) -> None:
    for index in ("-1", "1000"):
        said = planned.parts("run", "plan.json", "--index", index, code=2).error
        assert f"there is no part {index}: the plan has parts 0 to " in said
    assert "no such plan" in planned.parts("run", "other.json", "--index", "0", code=2).error


@pytest.mark.parametrize("content", [b"", b"{}", b'{"tool": "titanic-batch parts"}', b"[1"])
def test_what_is_no_plan_is_refused_and_not_written_over(lab: Lab, content: bytes) -> None:
    (lab.folder / "plan.json").write_bytes(content)
    assert "no plan" in lab.parts("commit", "plan.json", code=2).error
    assert "no plan" in lab.parts("plan", "in.csv", "out/", "-o", "plan.json", code=2).error
    assert (lab.folder / "plan.json").read_bytes() == content


def test_each_key_of_a_plan_is_held_to_its_kind(planned: Lab) -> None:
    plan = json.loads((planned.folder / "plan.json").read_text())
    for table in (plan, plan["model"], plan["input"], plan["parts"][0], plan["files"][0]):
        for key, value in list(table.items()):
            table[key] = [1.5]
            (planned.folder / "plan.json").write_text(json.dumps(plan))
            done = planned.parts("run", "plan.json", "--index", "0", code=2)
            assert "this is no plan that can be read" in done.error
            table[key] = value


def test_a_plan_that_others_can_write_is_not_trusted(planned: Lab) -> None:
    (planned.folder / "plan.json").chmod(0o666)
    for verb in (("run", "plan.json", "--index", "0"), ("commit", "plan.json")):
        said = planned.parts(*verb, code=77).error
        assert said.endswith("run `chmod go-w plan.json`.")
    (planned.folder / "plan.json").chmod(0o644)
    assert planned.environment["TITANIC_BATCH_TRUST"] in (planned.folder / "plan.json").read_text()
    alone = planned.having(TITANIC_BATCH_TRUST="")  # the plan vouches for the model's hash
    alone.parts("run", "plan.json", "--index", "0", "-q")


def test_an_input_that_has_changed_is_refused(planned: Lab) -> None:
    text = (planned.folder / "in.csv").read_text()
    for changed in (text[:-30] + text[-30:].replace("3", "4"), text + text[-12:], text[:-12]):
        (planned.folder / "in.csv").write_text(changed)
        count = len(json.loads((planned.folder / "plan.json").read_text())["parts"])
        said = planned.parts("run", "plan.json", "--index", count - 1, code=65).error
        assert f"part {count - 1}: the input has changed" in said
        assert "in.csv" in said
    (planned.folder / "in.csv").write_text(text.replace("Sex,Age", "Age,Sex"))
    planned.parts("run", "plan.json", "--index", "0", code=65)
    (planned.folder / "in.csv").unlink()
    planned.parts("run", "plan.json", "--index", "0", code=66)


def test_a_model_that_has_changed_is_refused(planned: Lab) -> None:
    run_all(planned)
    fit(planned.folder / "model.pkl", [1, 0] * 20)
    said = planned.parts("run", "plan.json", "--index", "1", code=65).error
    assert said.startswith("model.pkl: part 1: the model has changed since the plan was made")
    assert "model has changed" in planned.parts("commit", "plan.json", code=65).error
    (planned.folder / "model.pkl").unlink()
    planned.parts("run", "plan.json", "--index", "0", code=69)


def test_other_libraries_are_refused(planned: Lab) -> None:
    plan = json.loads((planned.folder / "plan.json").read_text())
    plan["libraries"]["scikit-learn"] = "1.0"
    (planned.folder / "plan.json").write_text(json.dumps(plan))
    said = planned.parts("run", "plan.json", "--index", "0", code=69).error
    assert "scikit-learn is " in said
    assert "and was 1.0" in said


def test_a_commit_names_every_part_that_is_missing_or_edited(planned: Lab) -> None:
    run_all(planned, but=(1, 4))
    third = next(planned.private.glob("part-00003-*"))
    third.write_bytes(third.read_bytes()[:-1] + b"!")
    said = planned.parts("commit", "plan.json", code=65).error
    assert "missing: part 1, part 4; edited since they were finished: part 3." in said
    assert said.endswith("`titanic-batch parts run plan.json --index 1`.")
    assert not (planned.folder / "out").exists()
    for index in (1, 3, 4):
        planned.parts("run", "plan.json", "--index", index)
    planned.parts("commit", "plan.json", "-q")
    planned("verify", "out/")


def test_a_part_that_is_finished_is_kept(planned: Lab) -> None:
    assert planned.parts("run", "plan.json", "--index", "2", "--json").json["was_there"] is False
    part = next(planned.private.glob("part-00002-*"))
    before = part.stat().st_ino
    assert planned.parts("run", "plan.json", "--index", "2", "--json").json["was_there"] is True
    assert part.stat().st_ino == before


def test_two_commits_at_once_publish_once(planned: Lab) -> None:
    run_all(planned)
    output = planned.folder / "out"
    with store_of(output).lock(output):
        planned.parts("commit", "plan.json", code=75)
    planned.parts("commit", "plan.json", "-q")


def test_too_many_rejects_are_said_by_the_part_and_listed_by_the_commit(lab: Lab) -> None:
    few = ("--max-rejects", "2", "--part-size", "150")
    lab.parts("plan", "in.csv", "out/", "-o", "plan.json", *few, "-q")
    count = len(json.loads((lab.folder / "plan.json").read_text())["parts"])
    codes = [
        lab.parts("run", "plan.json", "--index", 0, code=65).error,
        *[
            lab("parts", "run", "plan.json", "--index", i, code=65).error
            for i in range(1, count - 1)
        ],
    ]
    assert all(f"part {i}: " in said for i, said in enumerate(codes))
    try:
        lab.parts("run", "plan.json", "--index", count - 1)
    except AssertionError:  # its rows may be too many, too
        lab.parts("run", "plan.json", "--index", count - 1, code=65)
    said = lab.parts("commit", "plan.json", code=65).error
    assert "24 of 56 rows read were rejected, allowed are 2" in said
    listed = (lab.folder / "out.failed.rejects.csv").read_text()
    assert listed.count("not-a-number") == 8
    assert not (lab.folder / "out").exists()
    # What is finished is kept where only the limit is another.
    lab.parts("plan", "in.csv", "out/", "-o", "plan.json", "--max-rejects", "30", *few[2:], "-q")
    assert lab.parts("run", "plan.json", "--index", "0", "--json").json["was_there"] is True
    lab.parts("commit", "plan.json", "-q")
    assert not (lab.folder / "out.failed.rejects.csv").exists()


def test_a_plan_is_never_written_over_its_input(lab: Lab) -> None:
    text = input_text()
    said = lab.parts("plan", "in.csv", "out/", "-o", "in.csv", *SOME, code=2).error
    assert "this is no plan" in said
    assert (lab.folder / "in.csv").read_text() == text
    assert not (lab.folder / Path("out")).exists()


def test_a_commit_replaces_what_parts_have_published(planned: Lab) -> None:
    run_all(planned)
    planned.parts("commit", "plan.json", "-q")
    first = manifest_in(planned.folder / "out")
    planned.parts(
        "plan", "in.csv", "out/", "-o", "plan.json", *SOME, "--prediction-column", "label", "-q"
    )
    run_all(planned)
    planned.parts("commit", "plan.json", "-q")
    second = manifest_in(planned.folder / "out")
    assert first["run_id"] != second["run_id"]
    assert not {p["name"] for p in first["parts"]} & {p["name"] for p in second["parts"]}
    planned("verify", "out/")
