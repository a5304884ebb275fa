"""verify() re-reads an output and holds it against its manifest."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.publish.publishing import NEW, REJECTS, manifest_of, publish
from titanic_batch.errors import DataError
from titanic_batch.publish.row_count import count_rows
from titanic_batch.publish.verify import verify


def refused(output: Path) -> str:
    with pytest.raises(DataError) as caught:
        verify(output)
    assert caught.value.exit_code == 65
    assert caught.value.where
    return str(caught.value)


def edit(output: Path, /, **changes: Any) -> None:
    manifest = manifest_of(output)
    manifest.write_text(json.dumps(json.loads(manifest.read_bytes()) | changes), encoding="utf-8")


def test_an_output_as_it_was_published_matches(output: Path) -> None:
    manifest = publish(output, NEW, REJECTS)
    verification = verify(output)
    assert verification.rows == 3
    assert verification.sha256 == hashlib.sha256(NEW).hexdigest()
    assert verification.manifest == manifest


def test_an_empty_output_matches(output: Path) -> None:
    publish(output, b"id,prediction\n")
    assert verify(output).rows == 0


def test_an_output_matches_through_a_link(output: Path) -> None:
    publish(output)
    link = output.with_name("link.csv")
    link.symlink_to(output)
    assert verify(link).rows == 3


@pytest.mark.parametrize("length", range(len(NEW)))
def test_an_output_cut_short_anywhere_does_not_match(length: int, output: Path) -> None:
    publish(output, NEW)
    output.write_bytes(NEW[:length])
    refused(output)


@pytest.mark.parametrize("position", range(len(NEW)))
def test_an_output_with_one_bit_changed_anywhere_does_not_match(
    position: int, output: Path
) -> None:
    publish(output, NEW)
    damaged = bytearray(NEW)
    damaged[position] ^= 1
    output.write_bytes(damaged)
    assert "SHA-256" in refused(output)


def test_an_output_that_grew_does_not_match(output: Path) -> None:
    publish(output, NEW)
    output.write_bytes(NEW + b"4,1\n")
    assert "bytes" in refused(output)


def test_a_row_count_other_than_the_manifests_does_not_match(output: Path) -> None:
    publish(output, NEW)
    edit(output, rows={"read": 4, "scored": 4, "rejected": 0})
    assert "3 rows" in refused(output)


def test_rows_that_do_not_add_up_do_not_match(output: Path) -> None:
    publish(output, NEW)
    edit(output, rows={"read": 9, "scored": 3, "rejected": 0})
    assert "rows read" in refused(output)


@pytest.mark.parametrize("damage", [None, b"", b"{", b"[1]", b'{"rows": 1}', b"\xff"])
def test_an_output_without_a_sound_manifest_does_not_match(
    damage: bytes | None, output: Path
) -> None:
    publish(output)
    manifest = manifest_of(output)
    if damage is None:
        manifest.unlink()
    else:
        manifest.write_bytes(damage)
    assert "manifest" in refused(output)


@pytest.mark.parametrize("rows", [None, 3, [], {}, {"read": None}, {"scored": "3", "rejected": 0}])
def test_a_manifest_without_sound_row_counts_does_not_match(rows: Any, output: Path) -> None:
    publish(output)
    edit(output, rows=rows)
    refused(output)


def test_a_manifest_newer_than_the_tool_names_the_cure(output: Path) -> None:
    publish(output)
    edit(output, manifest_version=999)
    assert "Upgrade" in refused(output)


def test_an_output_that_is_not_there_is_missing(output: Path) -> None:
    with pytest.raises(DataError):
        verify(output)


def test_rows_are_counted_as_records_not_as_lines(output: Path) -> None:
    output.write_bytes(b'id,name\n1,"a\nb"\n2,"c\r\n""d"""\n')
    assert count_rows(output, "csv") == 2


@pytest.mark.parametrize("output_format", ["csv", "parquet", "", "x"])
def test_an_output_of_another_format_than_its_manifest_says_does_not_match(
    output: Path, output_format: str
) -> None:
    data = b"PAR1\xff\x00" if output_format != "parquet" else NEW
    manifest = publish(output, data)
    edit(output, output=vars(manifest.output) | {"format": output_format})
    assert "is not a readable" in refused(output)


def test_parquet_rows_are_counted_and_a_damaged_page_is_found(folder: Path) -> None:
    path = folder / "scored.parquet"
    table = pa.table({"prediction": list(range(5_000))})
    pq.write_table(table, path, compression="none", use_dictionary=False, write_page_checksum=True)
    assert count_rows(path, "parquet") == 5_000
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(DataError):
        count_rows(path, "parquet")


def test_pyarrow_reads_from_a_name_and_not_through_the_interpreter(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its threads, which would need it, outlive the last batch: one run of ten ended by SIGABRT."""
    pq.write_table(pa.table({"a": [1, 2, 3]}), output)
    given: list[Any] = []

    def opened(source: Any, **options: Any) -> Any:
        given.append(source)
        return real(source, **options)

    real = pq.ParquetFile
    monkeypatch.setattr(pq, "ParquetFile", opened)
    assert count_rows(output, "parquet") == 3
    odd = output.with_name(os.fsdecode(b"n\xff.parquet"))
    output.rename(odd)
    assert count_rows(odd, "parquet") == 3
    assert [type(source) for source in given] == [str, str]
