"""Compressed outputs: whole or absent, the same bytes however they were made, and verified."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from tests.cli.command import PASSENGERS, CommandInProcess, manifest, state


def unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    result: bytes = pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
    return result


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_packed_output_is_the_plain_one(
    in_process: CommandInProcess, tmp_path: Path, suffix: str
) -> None:
    plain, packed = tmp_path / "plain.csv", tmp_path / f"packed.csv.{suffix}"
    in_process("score", PASSENGERS, plain, "-q")
    in_process("score", PASSENGERS, packed, "-q")
    assert unpacked(packed) == plain.read_bytes()
    assert manifest(packed)["output"]["format"] == "csv"
    done = in_process("verify", packed, "--recompute", "--json")
    assert done.json["rows"] == 418

    again = packed.read_bytes()
    in_process("score", PASSENGERS, packed, "-q")
    assert packed.read_bytes() == again

    # It is an input again, by its name.
    in_process("score", packed, tmp_path / "again.csv", "-q", "--keep", "none")
    frame = pd.read_csv(plain)[["prediction", "probability"]]
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "again.csv"), frame)


def test_a_packed_output_with_its_name_changed_is_still_verified(
    in_process: CommandInProcess, tmp_path: Path
) -> None:
    target = tmp_path / "scores.bin"
    (tmp_path / "link.csv.gz").symlink_to(target)
    in_process("score", PASSENGERS, tmp_path / "link.csv.gz", "-q")
    assert target.read_bytes().startswith(b"\x1f\x8b")
    in_process("verify", tmp_path / "link.csv.gz")


def test_nothing_stands_there_where_rows_are_refused(
    in_process: CommandInProcess, tmp_path: Path
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(PASSENGERS.read_text() + "1,2\n")
    in_process("score", path, tmp_path / "out.csv.zst", code=65)
    assert set(state(tmp_path)) == {"in.csv", "out.csv.zst.failed.rejects.csv"}


@pytest.mark.parametrize("name", ["out.csv.bz2", "out.parquet.gz", "out.tsv", "out.json"])
def test_other_names_are_refused(in_process: CommandInProcess, tmp_path: Path, name: str) -> None:
    error = in_process("score", PASSENGERS, tmp_path / name, code=2).error
    assert "Outputs end in .csv, .jsonl, .ndjson (also .gz, .zst) or .parquet" in error
