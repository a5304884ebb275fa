"""check says what score would do; verify says whether an output is still what was published."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.command import DIRTY, PASSENGERS, SAMPLE_DATA, Command, manifest, state
from tests.cli.direct import cells


@pytest.fixture
def command(in_process: Command) -> Command:
    return in_process


def documented_faults() -> list[list[str]]:
    """Return row, line, column and reason of sample_data/README.md's table."""
    text = (SAMPLE_DATA / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (\d+) \| ([\w-]+) \| (\w*) ?\|", text, re.MULTILINE)
    return [[row, line, column, reason] for row, line, reason, column in rows]


def test_dirty_rows_are_rejected_as_the_table_says(command: Command, tmp_path: Path) -> None:
    done = command("score", DIRTY, "out.csv", "--max-rejects", "10", "--json")
    header, *rejects = cells(tmp_path / "out.csv.rejects.csv")
    assert header == ["row", "line", "column", "reason", "record"]
    assert documented_faults() == [reject[:4] for reject in rejects]
    assert (tmp_path / "out.csv.rejects.csv").stat().st_mode & 0o777 == 0o600
    lines = DIRTY.read_bytes().splitlines()
    for _, line, _, _, record in rejects:
        assert lines[int(line) - 1].decode("utf-8", "backslashreplace") == record
    document = done.json
    assert document["rows"] == {"read": 24, "scored": 15, "rejected": 9}
    assert document["rejects"]["path"] == str(tmp_path / "out.csv.rejects.csv")
    assert document["rejects"]["by_reason"] == {reason: 1 for *_, reason in documented_faults()}
    rejected = {row for row, *_ in documented_faults()}
    kept = [record[0] for record in cells(tmp_path / "out.csv")[1:]]
    assert len(kept) == 15
    assert [str(891 + row) for row in range(1, 12) if str(row) not in rejected] == kept[:8]


def test_check_names_every_columns_source_and_the_rows_it_would_reject(command: Command) -> None:
    done = command("check", DIRTY, code=65)
    refused = command("score", DIRTY, "out.csv", code=65)
    assert done.error.partition("\n")[0] == refused.error.partition("\n")[0]
    command("check", DIRTY, "--max-rejects", "9")
    table = [line.split() for line in done.out.splitlines()]
    assert ["Sex", "Sex", "category", "as-is", "reject", "reject"] in table
    assert ["Age", "Age", "number", "as-is", "accepted"] in table
    assert "not used by the model: PassengerId, Name, Ticket, Cabin" in done.out
    assert "all 24 rows: 9 would be rejected" in done.out
    assert "  row 10, line 12, column Sex: unknown-category" in done.out
    document = command("check", DIRTY, "--json", code=65).json
    assert (document["exit_code"], document["error"]["where"]) == (65, str(DIRTY))
    assert (document["complete"], document["rows_checked"], document["rejected"]) == (True, 24, 9)
    assert documented_faults() == [
        [str(reject["row"]), str(reject["line"]), reject["column"], reject["reason"]]
        for reject in document["rejects"]
    ]
    assert document["unknown_categories"] == {"Sex": {"unknown": 1}}


def test_check_shows_what_is_done_to_the_columns(command: Command, tmp_path: Path) -> None:
    text = PASSENGERS.read_text("utf-8")
    header = text.partition("\n")[0]
    other = "PassengerId,pclass,Name,gender,AGE,Sib_Sp,Par ch,Ticket,Fare,Cabin,Embarked"
    text = text.replace(header, other).replace(",male,", ",M,").replace(",female,", ",F,")
    (tmp_path / "in.csv").write_text(text, "utf-8")
    options = (
        *("--rename", "gender=Sex", "--map", "Sex:M=male,F=female"),
        *("--fill", "Age=28", "--unknown", "Embarked=allow"),
    )
    document = command("check", "in.csv", *options, "--json").json
    assert document["rejected"] == 0
    done_to = {entry["column"]: (entry["from"], entry["action"]) for entry in document["alignment"]}
    assert {name: done_to[name] for name in ("Pclass", "Sex", "Age", "SibSp", "Parch", "Fare")} == {
        "Pclass": ("pclass", "renamed"),
        "Sex": ("gender", "mapped"),
        "Age": ("AGE", "filled"),
        "SibSp": ("Sib_Sp", "renamed"),
        "Parch": ("Par ch", "renamed"),
        "Fare": ("Fare", "as-is"),
    }
    command("score", "in.csv", "out.csv", *options, "-q")
    published = manifest(tmp_path / "out.csv")
    assert [entry["action"] for entry in published["alignment"]] == [
        entry["action"] for entry in document["alignment"]
    ]
    command("score", PASSENGERS, "plain.csv", "--fill", "Age=28", "-q")
    assert [r[-2:] for r in cells(tmp_path / "plain.csv")] == [
        r[-2:] for r in cells(tmp_path / "out.csv")
    ]
    # The output keeps what the input held, not what the model was fed.
    assert cells(tmp_path / "in.csv") == [r[:-2] for r in cells(tmp_path / "out.csv")]


def test_check_looks_at_the_first_rows_unless_at_all_of_them(
    command: Command, medium_csv: Path, tmp_path: Path
) -> None:
    bad_end = b'900000,9,"Nobody, Mr. Nemo",male,1,0,0,1,1,,S\n'
    (tmp_path / "in.csv").write_bytes(medium_csv.read_bytes() + bad_end)
    first = command("check", "in.csv", "--chunk-size", "64KB", "--json").json
    assert first["complete"] is False
    assert 0 < first["rows_checked"] < 3_001
    assert first["rejected"] == 0
    everything = command(
        "check", "in.csv", "--chunk-size", "64KB", "--full", "--json", code=65
    ).json
    assert everything["complete"] is True
    assert (everything["rows_checked"], everything["rejected"]) == (3_001, 1)
    assert everything["rejects"][0]["row"] == 3_001
    assert not list(tmp_path.glob("*.manifest.json"))


def test_check_fails_where_score_would_before_its_first_row(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("A,B\n1,2\n")
    assert "missing 7 columns" in command("check", "in.csv", code=65).error
    assert command("check", "nowhere.csv", code=66).error
    assert command("check", PASSENGERS, "-m", "nobody", code=69).error


@pytest.fixture
def out(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path / "out")
    return tmp_path / "out"


def test_verify_tells_the_facts(command: Command, out: Path) -> None:
    before = state(out)
    document = command("verify", "out/old.csv", "--json").json
    assert (document["status"], document["rows"]) == ("matches", 15)
    assert document["path"] == str(out / "old.csv")
    assert document["sha256"] == manifest(out / "old.csv")["output"]["sha256"]
    assert document["run_id"] == manifest(out / "old.csv")["run_id"]
    assert before == state(out)


@pytest.mark.parametrize("change", ["byte", "cut", "more", "no-manifest", "bad-manifest", "counts"])
def test_verify_finds_every_change(change: str, command: Command, out: Path) -> None:
    data, beside = out / "old.csv", out / "old.csv.manifest.json"
    text = data.read_bytes()
    if change == "byte":
        data.write_bytes(text.replace(b"male", b"mole", 1))
    elif change == "cut":
        data.write_bytes(text[:-10])
    elif change == "more":
        data.write_bytes(text + text.splitlines(keepends=True)[-1])
    elif change == "no-manifest":
        beside.unlink()
    elif change == "bad-manifest":
        beside.write_bytes(beside.read_bytes()[:-20])
    else:
        document = json.loads(beside.read_bytes())
        document["rows"]["scored"] += 1
        beside.write_text(json.dumps(document))
    done = command("verify", data, code=65)
    assert str(data) in done.error
    assert done.out == ""
    document = command("verify", data, "--json", code=65).json
    assert (document["status"], document["exit_code"]) == ("failed", 65)


def test_verify_of_nothing_fails(command: Command) -> None:
    assert "there is no such output" in command("verify", "nowhere.csv", code=65).error
