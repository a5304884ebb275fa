"""Several inputs in one run: folders, globs, and what becomes of the others when one is bad."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.amount import examples
from tests.cli.command import DIRTY, PASSENGERS, SAMPLE_DATA, Command, manifest, state
from tests.cli.direct import assert_same, directly, scores_in

#: Several batches of files for each of two workers.
FILES = examples(400, whole=2_000)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def test_hundreds_of_small_files_are_published_in_one_run(
    command: Command, inputs: Path, large_csv: Path, model_file: Path, tmp_path: Path
) -> None:
    with large_csv.open("rb") as file:
        header, *rows = [next(file) for _ in range(3 * FILES + 1)]
    for number in range(FILES):
        records = rows[3 * number : 3 * number + 3]
        (inputs / f"{number:04}.csv").write_bytes(header + b"".join(records))
    (tmp_path / "together.csv").write_bytes(header + b"".join(rows))

    done = command("score", inputs, "out/", "--workers", 2)
    assert done.out == ""
    assert (
        f"{FILES:,} of {FILES:,} files published: {3 * FILES:,} rows scored, 0 rejected" in done.err
    )
    outputs = sorted((tmp_path / "out").glob("*.parquet"))
    assert [f"{number:04}.parquet" for number in range(FILES)] == [path.name for path in outputs]
    assert len(list((tmp_path / "out").iterdir())) == 2 * FILES
    together = directly(model_file, tmp_path / "together.csv")
    scores = [scores_in(path) for path in outputs[::8]]
    for number, found in zip(range(0, FILES, 8), scores, strict=True):
        rows_of_it = slice(3 * number, 3 * number + 3)
        assert together.labels[rows_of_it].tolist() == found.labels.tolist()
        assert together.probabilities[rows_of_it] == pytest.approx(found.probabilities, abs=1e-12)
    assert sum(pq.read_metadata(path).num_rows for path in outputs) == 3 * FILES
    assert sum(manifest(path)["rows"]["scored"] for path in outputs) == 3 * FILES


def test_a_bad_file_does_not_stop_the_others(
    command: Command, inputs: Path, model_file: Path, tmp_path: Path
) -> None:
    shutil.copy(DIRTY, inputs / "b-dirty.csv")
    shutil.copy(PASSENGERS, inputs / "a.csv")
    shutil.copy(SAMPLE_DATA / "passengers.parquet", inputs / "z.parquet")
    (inputs / "c-empty.csv").write_bytes(b"")
    (inputs / "d-columns.csv").write_text("A,B\n1,2\n")
    (inputs / "e-broken.parquet").write_bytes(b"PAR1 and no more")
    first, *rest = PASSENGERS.read_bytes().splitlines(keepends=True)
    second = b",".join(reversed(first.strip().split(b","))) + b"\n"
    (inputs / "f-two-tables.csv").write_bytes(first + rest[0] + second + rest[1])
    done = command("score", inputs, "out", "--output-format", "csv", code=2)
    assert "out/" in done.error  # a folder that is not there ends in /
    done = command("score", inputs, "out/", "--output-format", "csv", code=65)
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        *("a.csv", "a.csv.manifest.json", "z.csv", "z.csv.manifest.json"),
        "b-dirty.csv.failed.rejects.csv",
    }
    for name in ("a.csv", "z.csv"):
        assert_same(directly(model_file, PASSENGERS), scores_in(out / name))
        command("verify", out / name)
    assert done.out == ""
    assert [
        line.split(":")[1].strip() for line in done.err.splitlines() if line[:5] == "error"
    ] == [
        *(str(inputs / name) for name in ("b-dirty.csv", "c-empty.csv", "d-columns.csv")),
        str(inputs / "e-broken.parquet"),
        f"{inputs / 'f-two-tables.csv'}, row 2, line 3",
    ]
    assert done.err.endswith("2 of 7 files published: 836 rows scored, 0 rejected\n")


def test_the_first_code_of_the_contracts_order_wins(
    command: Command, inputs: Path, tmp_path: Path
) -> None:
    shutil.copy(PASSENGERS, inputs / "good.csv")
    (inputs / "empty.csv").write_bytes(b"")
    command("score", inputs, "out/", "-q", code=66)
    shutil.copy(DIRTY, inputs / "dirty.csv")
    command("score", inputs, "out/", "-q", code=65)
    (tmp_path / "out" / "blocked.parquet").mkdir()
    shutil.copy(PASSENGERS, inputs / "blocked.csv")
    done = command("score", inputs, "out/", "--json", code=74)
    assert done.json["exit_code"] == 74
    codes = {Path(e["input"]).name: e["exit_code"] for e in done.json["files"] if "error" in e}
    assert codes == {"blocked.csv": 74, "dirty.csv": 65, "empty.csv": 66}
    (good,) = (entry for entry in done.json["files"] if "error" not in entry)
    assert good == manifest(tmp_path / "out" / "good.parquet")


def test_a_quoted_glob_names_its_inputs(command: Command, inputs: Path, tmp_path: Path) -> None:
    for name in ("a1.csv", "a2.csv", "b.csv", "a3.dat"):
        shutil.copy(PASSENGERS, inputs / name)
    done = command("score", "in/a*", "out/", "--json")
    assert [str(Path("in") / f"a{n}.csv") for n in (1, 2)] == [
        entry["input"]["path"] for entry in done.json["files"]
    ]
    assert "no such file" not in done.err
    done = command("score", "in/x*.csv", "out/", code=66)
    assert done.error.startswith("in/x*.csv: there are no files to score here")


def test_one_file_in_a_folder_is_treated_like_many(
    command: Command, inputs: Path, tmp_path: Path
) -> None:
    shutil.copy(PASSENGERS, inputs / "only.csv")
    done = command("score", inputs, "deep/out/", "--json")
    assert [entry["rows"]["scored"] for entry in done.json["files"]] == [418]
    assert (tmp_path / "deep" / "out" / "only.parquet").is_file()
    assert command("score", inputs, "in/", code=2).error.endswith("Name another output folder.")
    # A single file's own folder is not made: a typing error, or a disk that is not mounted.
    done = command("score", "in/only.csv", "elsewhere/", code=74)
    assert "mkdir -p" in done.error
    assert not (tmp_path / "elsewhere").exists()
    command("score", "in/only.csv", "deep/")
    assert (tmp_path / "deep" / "only.parquet").is_file()


def test_what_was_published_or_rejected_is_not_taken_as_input(
    command: Command, inputs: Path, tmp_path: Path
) -> None:
    command("score", DIRTY, inputs / "published.csv", "--max-rejects", "10", "-q")
    command("score", DIRTY, inputs / "failed.csv", "-q", code=65)
    shutil.copy(PASSENGERS, inputs / "fresh.csv")
    assert {path.name for path in inputs.glob("*.csv")} == {
        *("published.csv", "published.csv.rejects.csv", "failed.csv.failed.rejects.csv"),
        "fresh.csv",
    }
    for given in (inputs, "in/*.csv"):
        done = command("score", given, "out/", "--json")
        (entry,) = done.json["files"]
        assert Path(entry["input"]["path"]).name == "fresh.csv"


def test_inputs_that_would_share_an_output_are_refused(
    command: Command, inputs: Path, tmp_path: Path
) -> None:
    shutil.copy(PASSENGERS, inputs / "a.csv")
    shutil.copy(SAMPLE_DATA / "passengers.parquet", inputs / "a.parquet")
    done = command("score", inputs, "out/", code=2)
    assert "a.csv" in done.error
    assert "a.parquet" in done.error
    assert not (tmp_path / "out").exists()


def test_the_input_folder_is_no_output_folder(
    command: Command, inputs: Path, tmp_path: Path
) -> None:
    for name in ("a.csv", "b.csv"):
        shutil.copy(PASSENGERS, inputs / name)
    (tmp_path / "link").symlink_to(inputs)
    before = state(inputs)
    for output in ("in", "in/", "link/", inputs):
        assert "output folder is the input folder" in command("score", "in", output, code=2).error
    assert before == state(inputs)


def test_a_file_is_named_for_several_inputs_in_vain(command: Command, inputs: Path) -> None:
    for name in ("a.csv", "b.csv"):
        shutil.copy(PASSENGERS, inputs / name)
    assert "not a folder" in command("score", inputs, "out.parquet", code=2).error
    assert "single input" in command("score", inputs, "-", code=2).error
    assert "--rejects" in command("score", inputs, "out/", "--rejects", "r.csv", code=2).error
