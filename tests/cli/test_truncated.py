"""A file whose last record is cut short is never published, whatever may be rejected."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.cli.command import PASSENGERS, SAMPLE_DATA, Command
from tests.cli.direct import cells


@pytest.fixture
def command(in_process: Command) -> Command:
    return in_process


WHOLE = PASSENGERS.read_bytes()
HALF = WHOLE[: WHOLE.index(b"\n", len(WHOLE) // 2) - 9]
ACCENT = WHOLE.replace(b"Mr.", "Mr. \u00c9".encode())

#: Bytes, the name's ending, and what reads them.
CUT: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "in-a-number": (HALF, ".csv", ()),
    "before-a-newline": (WHOLE.rstrip(b"\n"), ".csv", ()),
    "within-crlf": (WHOLE.replace(b"\n", b"\r\n")[:-1], ".csv", ()),
    "in-quotes": (WHOLE[: WHOLE.rindex(b'"')], ".csv", ()),
    "in-a-character": (ACCENT[: ACCENT.rindex(b"\xc3") + 1], ".csv", ()),
    "utf-16": (WHOLE.decode().encode("utf-16")[:-1], ".csv", ("--encoding", "utf-16")),
    "utf-16-newline": (WHOLE.decode().encode("utf-16")[:-2], ".csv", ("--encoding", "utf-16")),
    "latin-1": (HALF, ".csv", ("--encoding", "latin-1")),
    "gzipped": (gzip.compress(HALF), ".csv.gz", ()),
    "gzip": (gzip.compress(WHOLE)[:-9], ".csv.gz", ()),
    "parquet": (PASSENGERS.with_suffix(".parquet").read_bytes()[:-9], ".parquet", ()),
}


@pytest.mark.parametrize("name", CUT)
def test_a_truncated_file_is_65_whatever_is_allowed(
    name: str, command: Command, tmp_path: Path
) -> None:
    content, ending, options = CUT[name]
    (tmp_path / f"in{ending}").write_bytes(content)
    command("score", f"in{ending}", "out.csv", *options, "--max-rejects", "99%", code=65)
    assert {path.name for path in tmp_path.iterdir()} <= {
        f"in{ending}",
        "out.csv.failed.rejects.csv",
    }
    command("check", f"in{ending}", *options, "--max-rejects", "99%", code=65)


def test_only_a_complete_last_record_can_be_believed(command: Command, tmp_path: Path) -> None:
    cut = SAMPLE_DATA / "truncated.csv"
    done = command("score", cut, "out.csv", "--max-rejects", "1%", code=65)
    assert "the last record has no newline, so the file may be cut short" in done.error
    assert "--" not in done.error.partition("\n")[2]
    assert [row[3] for row in cells(tmp_path / "out.csv.failed.rejects.csv")[1:]] == [
        "unterminated"
    ]
    (tmp_path / "in.csv").write_bytes(cut.read_bytes() + b",,S")
    done = command("score", "-", "out.csv", stdin=(tmp_path / "in.csv").read_bytes(), code=65)
    assert "Add --allow-no-final-newline." in done.error
    command("score", "in.csv", "out.csv", "--allow-no-final-newline", "-q")


def test_check_looks_at_the_end_of_a_file_that_it_does_not_read(
    command: Command, medium_csv: Path, tmp_path: Path
) -> None:
    small = ("--chunk-size", "64KB")
    (tmp_path / "in.csv").write_bytes(medium_csv.read_bytes().rstrip(b"\n"))
    done = command("check", "in.csv", *small, code=65)
    assert "Add --allow-no-final-newline." in done.error
    command("check", "in.csv", *small, "--allow-no-final-newline")
    (tmp_path / "in.csv").write_bytes(medium_csv.read_bytes()[:-30])
    done = command("check", "in.csv", *small, code=65)
    assert "--allow" not in done.error


def test_a_job_that_allows_rejects_publishes_no_part_of_a_night(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_bytes(HALF)
    (tmp_path / "job.toml").write_text(
        '[job]\nname = "nightly"\n[model]\nref = "titanic_model:latest"\n'
        '[input]\npath = "in.csv"\n[output]\npath = "out/{date}.csv"\n'
        '[score]\nmax_rejects = "1%"\n'
    )
    command("run", "job.toml", "--date", "2026-11-22", code=65)
    assert not (tmp_path / "out" / "2026-11-22.csv").exists()
