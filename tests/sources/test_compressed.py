"""Compressed CSV reads as the plain file does, or not at all."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.sources.reading import read, write
from titanic_batch.errors import DataError, InputMissingError

ROWS = 3000
PLAIN = b"Id,Name\n" + b"".join(b'%d,"name, %d"\n' % (n, n * 7919) for n in range(ROWS))


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    result: bytes = sink.getvalue().to_pybytes()
    return result


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": zstd,
}
every_codec = pytest.mark.parametrize("suffix", list(CODECS))


@every_codec
@pytest.mark.parametrize("chunk_bytes", [100, 5000, 1 << 20])
def test_compressed_text_is_the_plain_text(tmp_path: Path, suffix: str, chunk_bytes: int) -> None:
    packed = CODECS[suffix](PLAIN)
    path = write(tmp_path, packed, f"input.csv.{suffix}")
    plain = read(write(tmp_path, PLAIN), chunk_bytes=chunk_bytes)
    reading = read(path, chunk_bytes=chunk_bytes)
    assert reading.verdicts == plain.verdicts
    assert [chunk.data for chunk in reading.chunks] == [chunk.data for chunk in plain.chunks]
    assert reading.info is not None
    assert reading.info.bytes == len(packed)
    assert reading.info.sha256 == hashlib.sha256(packed).hexdigest()


@every_codec
@pytest.mark.parametrize("members", [2, 5])
def test_members_that_were_joined_read_as_one_file(
    tmp_path: Path, suffix: str, members: int
) -> None:
    size = len(PLAIN) // members + 1
    parts = [PLAIN[start : start + size] for start in range(0, len(PLAIN), size)]
    path = write(tmp_path, b"".join(map(CODECS[suffix], parts)), f"input.csv.{suffix}")
    assert len(read(path).rows) == ROWS


@every_codec
def test_a_file_cut_short_anywhere_fails(tmp_path: Path, suffix: str) -> None:
    packed = CODECS[suffix](PLAIN)
    for cut in {*range(1, 30), *range(30, len(packed), 499), *range(len(packed) - 12, len(packed))}:
        path = write(tmp_path, packed[:cut], f"input.csv.{suffix}")
        with pytest.raises(DataError, match="compressed file is damaged or cut short"):
            read(path, chunk_bytes=20_000)


@every_codec
def test_a_second_member_cut_short_anywhere_fails(tmp_path: Path, suffix: str) -> None:
    first, second = (CODECS[suffix](part) for part in (PLAIN, b"3000,x\n"))
    for cut in range(1, len(second)):
        path = write(tmp_path, first + second[:cut], f"input.csv.{suffix}")
        with pytest.raises(DataError, match="compressed file is damaged or cut short"):
            read(path)


@every_codec
@pytest.mark.parametrize("garbage", [b"garbage", b"x", b"9,y\n" * 5000])
def test_anything_behind_the_last_member_fails(tmp_path: Path, suffix: str, garbage: bytes) -> None:
    path = write(tmp_path, CODECS[suffix](PLAIN) + garbage, f"input.csv.{suffix}")
    with pytest.raises(DataError, match="compressed file is damaged or cut short"):
        read(path)


def test_a_bz2_member_with_a_damaged_head_is_not_passed_over(tmp_path: Path) -> None:
    second = b"XZh9" + bz2.compress(PLAIN)[4:]
    path = write(tmp_path, bz2.compress(PLAIN) + second, "input.csv.bz2")
    with pytest.raises(DataError, match="compressed file is damaged or cut short"):
        read(path)


def flipped(packed: bytes, step: int) -> Iterator[bytes]:
    for offset in range(0, len(packed), step):
        damaged = bytearray(packed)
        damaged[offset] ^= 1 << (offset % 8)
        yield bytes(damaged)


@pytest.mark.parametrize("suffix", ["gz", "bz2"])
def test_flipped_bits_never_change_a_row(tmp_path: Path, suffix: str) -> None:
    packed = CODECS[suffix](PLAIN)
    clean = read(write(tmp_path, packed, f"clean.csv.{suffix}")).rows
    failed = 0
    for damaged in flipped(packed, 211):
        path = write(tmp_path, damaged, f"input.csv.{suffix}")
        try:
            assert read(path).rows == clean  # the time and name in a gzip header are no data
        except DataError:
            failed += 1
    assert failed > 20


def test_flipped_bits_in_zstd_end_in_rows_or_one_failure(tmp_path: Path) -> None:
    # A zstd frame need not have a checksum, and this one has none: what a flip makes of the text
    # cannot be told from text. It must never be anything but rows, rejects or a DataError.
    for damaged in flipped(zstd(PLAIN), 211):
        path = write(tmp_path, damaged, "input.csv.zst")
        with contextlib.suppress(DataError):
            read(path)


@every_codec
def test_plain_text_under_a_compressed_name_fails(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DataError, match="compressed file is damaged"):
        read(write(tmp_path, PLAIN, f"input.csv.{suffix}"))


@every_codec
def test_an_empty_compressed_file_is_missing_input(tmp_path: Path, suffix: str) -> None:
    for content in (b"", CODECS[suffix](b"")):
        with pytest.raises(InputMissingError):
            read(write(tmp_path, content, f"input.csv.{suffix}"))


@every_codec
def test_compressed_tsv_in_a_declared_encoding(tmp_path: Path, suffix: str) -> None:
    text = "Id\tName\n1\tÅsa\n"
    path = write(tmp_path, CODECS[suffix](text.encode("utf-16")), f"INPUT.TSV.{suffix.upper()}")
    assert read(path, encoding="utf-16").cells == [("1", "Åsa")]
