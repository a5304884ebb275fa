"""The same scores however a run is cut, spread or packed."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from bench.generate import write_passengers
from tests.cli.command import Command, manifest
from tests.cli.direct import assert_same, cells, directly, scores_in

#: What differs from run to run, or where the output was written to.
OF_THE_RUN = {"run_id", "started_at", "finished_at", "seconds", "rows_per_second", "output"}


def test_worker_counts_give_the_same_bytes(
    command: Command, large_csv: Path, model_file: Path, tmp_path: Path
) -> None:
    outputs = []
    for workers in (1, 3):
        output = tmp_path / f"by-{workers}.parquet"
        command("score", large_csv, output, "--workers", workers, "-q")
        outputs.append(output)
    expected, *others = outputs
    for output in others:
        assert expected.read_bytes() == output.read_bytes()
        same, found = manifest(expected), manifest(output)
        assert {key: same[key] for key in same if key not in OF_THE_RUN} == {
            key: found[key] for key in found if key not in OF_THE_RUN
        }
    assert_same(directly(model_file, large_csv), scores_in(expected))


def test_the_environment_can_set_the_worker_count(
    command: Command, large_csv: Path, tmp_path: Path
) -> None:
    done = command("score", large_csv, "out.csv", code=2, TITANIC_BATCH_WORKERS="none")
    assert "TITANIC_BATCH_WORKERS" in done.error


def test_chunk_sizes_give_the_same_scores(
    command: Command, medium_csv: Path, tmp_path: Path
) -> None:
    by_size = {}
    for size in ("1KB", "64KB", "64MB"):
        output = tmp_path / f"by-{size}.csv"
        command("score", medium_csv, output, "--chunk-size", size, "--keep", "PassengerId", "-q")
        by_size[size] = (scores_in(output), [record[0] for record in cells(output)])
    expected, expected_ids = by_size["64MB"]
    assert ["PassengerId", *map(str, range(1, 3_001))] == expected_ids
    for scores, ids in by_size.values():
        assert_same(expected, scores)
        assert expected_ids == ids


def test_file_formats_give_the_same_scores(
    command: Command, medium_csv: Path, model_file: Path, tmp_path: Path
) -> None:
    given = tmp_path / "in"
    given.mkdir()
    text = medium_csv.read_bytes()
    (given / "plain.csv").write_bytes(text)
    (given / "crlf.csv").write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    (given / "gzip.csv.gz").write_bytes(gzip.compress(text))
    members = gzip.compress(text[:100_000]) + gzip.compress(text[100_000:])
    (given / "members.csv.gz").write_bytes(members)
    (given / "bzip2.csv.bz2").write_bytes(bz2.compress(text))
    (given / "zstd.csv.zst").write_bytes(pa.compress(text, "zstd", asbytes=True))
    tabs = "".join("\t".join(_quoted(cell) for cell in r) + "\n" for r in cells(medium_csv))
    (given / "tabs.tsv").write_text(tabs, encoding="utf-8")
    (given / "tabs-gzip.tsv.gz").write_bytes(gzip.compress(tabs.encode()))
    write_passengers(given / "columns.parquet", 3_000)

    command("score", given, "out/", "--output-format", "csv", "-q")
    expected = directly(model_file, medium_csv)
    out = tmp_path / "out"
    stems = {path.name.split(".")[0] for path in given.iterdir()}
    assert stems == {path.name.split(".")[0] for path in out.iterdir()}
    kept = [record[:-2] for record in cells(out / "plain.csv")]
    assert cells(medium_csv) == kept
    for stem in stems:
        assert_same(expected, scores_in(out / f"{stem}.csv"))
        if stem != "columns":
            assert (out / "plain.csv").read_bytes() == (out / f"{stem}.csv").read_bytes()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if '"' in cell else cell


@pytest.mark.parametrize("delimiter", [";", "pipe"])
def test_a_declared_dialect_gives_the_same_scores(
    delimiter: str, command: Command, medium_csv: Path, tmp_path: Path
) -> None:
    character = "|" if delimiter == "pipe" else delimiter
    lines = [character.join(_quoted(cell) for cell in record) for record in cells(medium_csv)]
    lines[1] = lines[1].replace("Mr", "Mß", 1)
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n", encoding="cp1252")
    command(*("score", "in.csv", "out.csv", "-q"), "--delimiter", delimiter, "--encoding", "cp1252")
    found = cells(tmp_path / "out.csv")
    assert cells(medium_csv)[2:] == [record[:-2] for record in found[2:]]
    assert "ß" in "".join(found[1]) or "Mr" not in lines[1]


def test_standard_input_and_output_carry_the_same_bytes(
    command: Command, installed: Command, medium_csv: Path, tmp_path: Path
) -> None:
    command("score", medium_csv, "out.csv", "-q")
    before = {path.name for path in tmp_path.iterdir()}
    done = installed("score", "-", "-", "--chunk-size", "64KB", stdin=medium_csv.read_bytes())
    assert (tmp_path / "out.csv").read_bytes() == done.out.encode()
    assert done.said.startswith("-: 3,000 rows scored, 0 rejected")
    assert before == {path.name for path in tmp_path.iterdir()}
    with medium_csv.open("rb") as file:
        command("score", "-", "from-stdin.parquet", stdin=file)
    assert_same(scores_in(tmp_path / "out.csv"), scores_in(tmp_path / "from-stdin.parquet"))
    assert manifest(tmp_path / "from-stdin.parquet")["input"] == {
        **manifest(tmp_path / "out.csv")["input"],
        "path": "-",
    }


def test_a_threshold_decides_the_label(command: Command, medium_csv: Path, tmp_path: Path) -> None:
    command("score", medium_csv, "own.csv", "--keep", "none", "-q")
    command("score", medium_csv, "low.csv", "--keep", "none", "-q", "--threshold", "0.25")
    own, low = scores_in(tmp_path / "own.csv"), scores_in(tmp_path / "low.csv")
    np.testing.assert_array_equal(own.probabilities, low.probabilities)
    np.testing.assert_array_equal((low.probabilities >= 0.25).astype(int), low.labels)
    assert own.labels.sum() < low.labels.sum()
