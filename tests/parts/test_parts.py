"""Parts hold what the single file would, whoever makes them, and in whatever order."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import titanic_batch
from tests.parts.conftest import SOME, Lab, hashes, input_text, manifest_in
from tests.private_place import private_folder

__all__ = ["private_folder"]

#: What is the same however an input is scored.
ACCOUNT = (
    *("rows", "alignment", "nulls", "unknown_categories", "null_tokens", "warnings", "input"),
    *("trimmed", "empty_lines"),
)


def same(one: pa.Table, other: pa.Table) -> bool:
    """Whether tables are equal but for what chunks of another size may change."""
    scores = [np.array(table.column("probability")) for table in (one, other)]
    assert np.abs(scores[0] - scores[1]).max() <= 1e-12
    return bool(one.drop_columns("probability").equals(other.drop_columns("probability")))


def test_parts_of_a_csv_are_the_single_file(lab: Lab) -> None:
    (lab.folder / "in.csv").write_text(input_text() + "\n\n")
    lab("score", "in.csv", "one.csv", "--max-rejects", "50%", "--unknown", "Sex=reject", "-q")
    lab("score", "in.csv", "out/", "--parts", *SOME, "--output-format", "csv", "-q")
    made, single = manifest_in(lab.folder / "out"), titanic_batch.verify(lab.folder / "one.csv")
    assert len(made["parts"]) > 4
    texts = [(lab.folder / "out" / part["name"]).read_text() for part in made["parts"]]
    header = texts[0].partition("\n")[0] + "\n"
    assert all(text.startswith(header) for text in texts)
    whole = header + "".join(text.removeprefix(header) for text in texts)
    (lab.folder / "whole.csv").write_text(whole)
    options = pa.csv.ParseOptions(newlines_in_values=True)
    read = [
        pa.csv.read_csv(lab.folder / name, parse_options=options)
        for name in ("whole.csv", "one.csv")
    ]
    assert same(*read)
    assert "rows recomputed: the same labels" in lab("verify", "out/", "--recompute").out
    rejects = lab.folder / "out" / "_rejects.csv"
    assert rejects.read_bytes() == (lab.folder / "one.csv.rejects.csv").read_bytes()
    assert rejects.stat().st_mode & 0o777 == 0o600
    told = single.manifest.to_json()
    assert {key: made[key] for key in ACCOUNT} == {key: told[key] for key in ACCOUNT}
    assert made["rejects"] == {**told["rejects"], "path": "_rejects.csv"}
    assert sum(part["rows"] for part in made["parts"]) == made["rows"]["scored"]
    assert [path.name for path in lab.folder.glob(".*")] == []


@pytest.mark.parametrize("several", [False, True], ids=["one file", "several files"])
def test_whoever_makes_the_parts_makes_the_same(lab: Lab, several: bool) -> None:
    name = "in.csv"
    if several:
        name = "many"
        (lab.folder / "many").mkdir()
        for index in range(3):
            (lab.folder / "many" / f"{index}.csv").write_text(input_text(3) + "\n")
    lab("score", name, "whole/", "--parts", *SOME, "-q")
    planned = lab.parts("plan", name, "out/", "-o", "plan.json", *SOME, "--json").json
    count = planned["part_count"]
    assert count > 4
    for index in reversed(range(count)):
        lab.parts("run", "plan.json", "--index", index)
    assert not (lab.folder / "out").exists()
    done = lab.parts("commit", "plan.json", "--json").json
    assert hashes(lab.folder / "out") == hashes(lab.folder / "whole")
    whole = manifest_in(lab.folder / "whole")
    assert done["parts"] == whole["parts"]
    assert {k: done[k] for k in ACCOUNT if k != "input"} == {
        k: whole[k] for k in ACCOUNT if k != "input"
    }
    for key in ("bytes", "sha256", "format"):
        assert done["input"][key] == whole["input"][key]
    rejects = [(lab.folder / out / "_rejects.csv").read_bytes() for out in ("out", "whole")]
    assert rejects[0] == rejects[1]
    late = lab.parts("run", "plan.json", "--index", 1, "--json").json  # by a scheduler's retry
    assert (late["name"], late["was_there"]) == (done["parts"][1]["name"], True)
    before = (lab.folder / "out" / "_manifest.json").stat().st_ino
    assert lab.parts("commit", "plan.json", "--json").json == done  # again: nothing to do
    assert (lab.folder / "out" / "_manifest.json").stat().st_ino == before
    assert not list(lab.folder.glob(".*"))


def test_rows_and_lines_are_those_of_the_whole_input(lab: Lab) -> None:
    (lab.folder / "many").mkdir()
    for index in range(2):
        (lab.folder / "many" / f"{index}.csv").write_text(input_text(2) + "\n\n")
    lab("score", "many", "out/", "--parts", *SOME, "-q")
    rejects = pa.csv.read_csv(lab.folder / "out" / "_rejects.csv").to_pylist()
    assert [reject["row"] for reject in rejects] == [
        start + row for start in (0, 7, 14, 21) for row in (3, 4, 5)
    ]
    lines = (input_text(2) + "\n\n") * 2
    for reject in rejects:
        assert lines.split("\n")[reject["line"] - 1] == reject["record"]


def test_parts_of_parquet_are_row_groups(lab: Lab) -> None:
    table = pa.table(
        {
            "Sex": ["male", "female", "other", None] * 20,
            "Age": [float(age) for age in range(80)],
            "id": list(range(80)),
        }
    )
    pq.write_table(table, lab.folder / "in.parquet", row_group_size=20)
    options = ("--max-rejects", "50%", "-q")
    lab("score", "in.parquet", "one.parquet", *options)
    group = pq.ParquetFile(lab.folder / "in.parquet").metadata.row_group(0)
    lab(
        "score",
        "in.parquet",
        "whole/",
        "--parts",
        "--part-size",
        3 * group.total_byte_size,
        *options,
    )
    lab.parts("plan", "in.parquet", "out/", "-o", "plan.json", *options, "--part-size", "10B")
    for index in range(4):
        lab.parts("run", "plan.json", "--index", index, "-q")
    lab.parts("commit", "plan.json", "-q")
    for out in ("whole", "out"):
        made = manifest_in(lab.folder / out)
        parts = [pq.read_table(lab.folder / out / part["name"]) for part in made["parts"]]
        assert same(pa.concat_tables(parts), pq.read_table(lab.folder / "one.parquet"))
        single = lab.folder / "one.parquet.rejects.csv"
        assert (lab.folder / out / "_rejects.csv").read_bytes() == single.read_bytes()
    assert 1 < len(manifest_in(lab.folder / "whole")["parts"]) < 4
    single_groups = manifest_in(lab.folder / "out")["parts"]
    assert [part["first_row"] for part in single_groups] == list(range(1, 80, 20))


def test_a_compressed_input_is_scored_here_and_not_planned(lab: Lab) -> None:
    (lab.folder / "in.csv.gz").write_bytes(gzip.compress(input_text().encode()))
    lab("score", "in.csv.gz", "packed/", "--parts", *SOME, "-q")
    lab("score", "in.csv", "plain/", "--parts", *SOME, "-q")
    assert hashes(lab.folder / "packed") == hashes(lab.folder / "plain")
    refused = lab.parts("plan", "in.csv.gz", "out/", "-o", "plan.json", *SOME, code=2).error
    assert refused.endswith("Unpack it first: gzip -dc in.csv.gz > in.csv") or (
        "gzip -dc" in refused and refused.endswith("in.csv")
    )
    assert not (lab.folder / "plan.json").exists()


def test_json_lines_are_scored_here_and_not_planned(lab: Lab) -> None:
    lines = '{"Sex": "male", "Age": 20}\n{"Sex": "female", "Age": null}\n' * 20
    (lab.folder / "in.jsonl").write_text(lines)
    options = ("--max-rejects", "50%", "--part-size", "150", "--output-format", "csv", "-q")
    lab("score", "in.jsonl", "out/", "--parts", *options)
    lab("score", "in.jsonl", "one.csv", *options[:2], "-q")
    parts = manifest_in(lab.folder / "out")["parts"]
    assert len(parts) > 4
    texts = [(lab.folder / "out" / part["name"]).read_text() for part in parts]
    header, _, single = (lab.folder / "one.csv").read_text().partition("\n")
    assert "".join(text.removeprefix(f"{header}\n") for text in texts) == single
    lab("verify", "out/")
    refused = lab.parts("plan", "in.jsonl", "other/", "-o", "plan.json", code=2).error
    assert "--parts" in refused


def test_an_empty_input_is_one_empty_part_where_that_is_allowed(lab: Lab) -> None:
    (lab.folder / "in.csv").write_text("Sex,Age\n")
    lab("score", "in.csv", "out/", "--parts", code=66)
    lab.parts("plan", "in.csv", "out/", "-o", "plan.json", code=66)
    lab("score", "in.csv", "out/", "--parts", "--allow-empty", "-q")
    (part,) = manifest_in(lab.folder / "out")["parts"]
    assert pq.read_table(lab.folder / "out" / part["name"]).num_rows == 0 == part["rows"]
    lab("verify", "out/")


def test_what_predicts_goes_with_the_plan(lab: Lab, private_folder: Path) -> None:
    here = lab.having(TITANIC_BATCH_CACHE=str(private_folder))
    here("models", "compile", "model.pkl", "-q")
    here.parts("plan", "in.csv", "out/", "-o", "plan.json", *SOME, "-q")
    elsewhere = lab  # where no plan is kept
    for index in range(2):
        elsewhere.parts("run", "plan.json", "--index", index, "-q")
    for path in private_folder.glob("*.plan"):
        path.unlink()
    (lab.private / "predictor.plan").write_bytes(b"another")
    refused = here.parts("run", "plan.json", "--index", "2", code=69).error
    assert "part 2: the scoring plan that the parts are scored by is not there" in refused
