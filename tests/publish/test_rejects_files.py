"""Rejects files: private, beside their output, and gone once they no longer apply."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.publish.publishing import (
    NEW,
    OLD,
    REJECTS,
    fail_for_rejects,
    files_in,
    mode_of,
    publish,
    rejects_of,
)
from titanic_batch.errors import FileAccessError, UsageError
from titanic_batch.publish.paths import output_paths
from titanic_batch.publish.rejects import HEADER, Reject


def test_rejects_are_published_with_the_output_and_are_private(output: Path) -> None:
    publish(output, NEW, REJECTS)
    rejects = rejects_of(output)
    with rejects.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["row", "line", "column", "reason", "record"],
        ["4", "5", "id", "not-a-number", "x,1"],
        ["6", "7", "", "wrong-width", "1,2,3"],
    ]
    assert mode_of(rejects) == 0o600


def test_no_rejects_no_rejects_file(output: Path) -> None:
    publish(output)
    assert not rejects_of(output).exists()


def test_a_record_keeps_its_text_whatever_is_in_it(output: Path) -> None:
    record = 'a,"b\n""c",\r\n\udcff\t\x00é'
    publish(
        output, NEW, [Reject(row=1, line=None, column="x\ny", reason="bad-encoding", record=record)]
    )
    with rejects_of(output).open(encoding="utf-8", newline="") as file:
        row = list(csv.reader(file))[1]
    assert row == ["1", "", "x\ny", "bad-encoding", record.replace("\udcff", "\\udcff")]


def test_a_rejects_file_that_no_longer_applies_goes_with_the_next_success(output: Path) -> None:
    publish(output, OLD, REJECTS)
    publish(output, NEW)
    assert set(files_in(output.parent)) == {"scored.csv", "scored.csv.manifest.json"}


def test_rejects_that_were_put_elsewhere_go_with_the_next_success_too(
    output: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "bad.csv"
    publish(output_paths(output, elsewhere), OLD, REJECTS)
    assert elsewhere.exists()
    publish(output, NEW)
    assert not elsewhere.exists()


def test_too_many_rejects_are_left_for_the_user_and_nothing_is_published(output: Path) -> None:
    publish(output, OLD)
    before = files_in(output.parent)
    kept = fail_for_rejects(output)
    assert kept is not None
    assert str(kept) == output_paths(output).failed_rejects
    assert kept.read_bytes().startswith(HEADER)
    assert len(kept.read_bytes().splitlines()) == 3
    assert mode_of(kept) == 0o600
    assert {name: data for name, data in files_in(output.parent).items() if name != kept.name} == (
        before
    )


def test_failed_rejects_are_replaced_by_those_of_the_next_failure(output: Path) -> None:
    fail_for_rejects(output)
    kept = fail_for_rejects(output, REJECTS[:1])
    assert kept is not None
    assert len(kept.read_bytes().splitlines()) == 2


def test_failed_rejects_go_with_the_next_success(output: Path) -> None:
    fail_for_rejects(output)
    publish(output)
    assert set(files_in(output.parent)) == {"scored.csv", "scored.csv.manifest.json"}


def test_failed_rejects_stand_beside_the_output_wherever_the_rejects_go(
    output: Path, tmp_path: Path
) -> None:
    from tests.publish.publishing import stage

    elsewhere = tmp_path / "rejects"
    elsewhere.mkdir()
    publication = stage(output_paths(output, elsewhere / "bad.csv"), NEW, REJECTS)
    try:
        kept = publication.keep_failed_rejects()
    finally:
        publication.close()
    assert kept == output_paths(output).failed_rejects
    assert kept is not None
    assert mode_of(Path(kept)) == 0o600
    assert list(elsewhere.iterdir()) == []


def test_a_file_that_is_no_rejects_file_is_not_replaced_by_one(
    output: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious.csv"
    precious.write_bytes(b"row,line\n1,2\n")
    with pytest.raises(UsageError, match="not a rejects file"):
        publish(output_paths(output, precious), NEW, REJECTS)
    assert precious.read_bytes() == b"row,line\n1,2\n"
    publish(output_paths(output, precious), NEW, REJECTS, overwrite=True)
    assert precious.read_bytes().startswith(HEADER)


def test_a_missing_rejects_folder_is_an_output_error(output: Path, tmp_path: Path) -> None:
    paths = output_paths(output, tmp_path / "missing" / "bad.csv")
    with pytest.raises(FileAccessError):
        publish(paths, NEW, REJECTS)
    assert files_in(output.parent) == {}
