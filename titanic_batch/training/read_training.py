"""Read a training file as pandas.read_csv shows it, for that is what the model was trained on."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from titanic_batch.errors import DataError, InputMissingError, UsageError, os_errors
from titanic_batch.nulls import READ_AS_NULL
from titanic_batch.sources.formats import input_format
from titanic_batch.stores import entry_at, store_of
from titanic_batch.training.plain_copy import plain_copy
from titanic_batch.training.read_jsonl import read_jsonl
from titanic_batch.training.reading import Reading
from titanic_batch.unnamed import with_names

_CSV_ENDINGS = (".csv", ".tsv", ".txt")
_PACKED_ENDINGS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The content of a training file.

    Attributes:
        frame: Shape (n_rows, n_columns), typed as the model's author saw it.
        null_tokens: By column, the texts that were null in it, besides the empty cell.
    """

    frame: pd.DataFrame
    null_tokens: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_training_file(
    path: Path,
    *,
    reading: Reading | None = None,
    known_texts: Mapping[str, Sequence[str]] | None = None,
) -> TrainingData:
    """Return the training data.

    Args:
        path: A CSV, JSON Lines or Parquet file.
        reading: How a CSV file is written.
        known_texts: Columns that the model knows as text, whatever their cells look like, and the
            texts that are values there, even if pandas takes them for null.

    Raises:
        InputMissingError: if there is no such file, or no row in it.
        DataError: if it cannot be read, or names a column twice or not at all.
        UsageError: if its ending is none of those.
        FileAccessError: if the system cannot read it.
    """
    found = entry_at(path)
    if found is None or found.kind != "file":
        raise InputMissingError("there is no such training file", where=str(path))
    reading = reading or Reading()
    kind = input_format(str(path))
    if kind == "parquet":
        data = TrainingData(frame=_read_parquet(path))
    elif kind == "jsonl":
        data = TrainingData(frame=read_jsonl(path, reading.encoding))
    else:
        data = _read_csv(path, reading, known_texts or {})
    if data.frame.empty:
        raise InputMissingError("the training file has no data rows", where=str(path))
    return data


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        with os_errors(path, "reading the training file"):
            opened = store_of(path).open(path)
            with opened.file:
                table = pq.ParquetFile(opened.local_name).read()
    except pa.ArrowException as exc:
        raise DataError(f"it is not a readable Parquet file: {exc}", where=str(path)) from exc
    _check_names(table.column_names, path)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _read_csv(
    path: Path, reading: Reading, known_texts: Mapping[str, Sequence[str]]
) -> TrainingData:
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] in _PACKED_ENDINGS:
        endings.pop()
    if not endings or endings[-1] not in _CSV_ENDINGS:
        raise UsageError(
            "training data is a .csv, .tsv, .txt, .jsonl, .ndjson (also .gz .bz2 .zst) or "
            ".parquet file",
            where=str(path),
        )
    delimiter = reading.delimiter or ("\t" if endings[-1] == ".tsv" else ",")
    copy: str | None = None
    if not reading.is_plain:
        (copy, misleading), delimiter = plain_copy(path, reading, known_texts), ","
        known_texts = {**dict.fromkeys(misleading, ()), **known_texts}
    try:
        with os_errors(path, "reading the training file"):
            with _open(path, reading, copy) as text:
                header = _check_records(text, path, delimiter)
            with _open(path, reading, copy) as text:
                frame = _typed(text, delimiter, header, reading, known_texts)
            with _open(path, reading, copy) as text:
                cells: pd.DataFrame = pd.read_csv(
                    text, sep=delimiter, names=header, header=0, index_col=False,
                    dtype="str", na_filter=False,
                )  # fmt: skip
    except (csv.Error, UnicodeError, pd.errors.ParserError, pa.ArrowException) as exc:
        raise DataError(
            f"it is not a readable CSV file: {exc}",
            where=str(path),
            hint="Say how it is written with --delimiter and --encoding.",
        ) from exc
    met = {name: sorted(set(cells[name][frame[name].isna()]) - {""}) for name in header}
    tokens = {
        name: tuple(dict.fromkeys((*texts, *_declared(reading, known_texts.get(name, ())))))
        for name, texts in met.items()
    }
    return TrainingData(
        frame=frame, null_tokens={name: texts for name, texts in tokens.items() if texts}
    )


def _typed(
    text: TextIO,
    delimiter: str,
    header: list[str],
    reading: Reading,
    known_texts: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    nulls = {
        name: ["", *(set(READ_AS_NULL) - set(known)), *_declared(reading, known)]
        for name in header
        for known in [known_texts.get(name, ())]
    }
    frame: pd.DataFrame = pd.read_csv(
        text,
        sep=delimiter,
        names=header,
        header=0,
        index_col=False,
        dtype=dict.fromkeys(known_texts, "str"),  # "1" is no number there
        keep_default_na=False,
        na_values=nulls,
        low_memory=False,  # else a column's type depends on the blocks that it is read in
    )
    return frame


def _declared(reading: Reading, known: Sequence[str]) -> list[str]:
    return [token for token in reading.null_tokens if token not in known]


@contextmanager
def _open(path: Path, reading: Reading, copy: str | None) -> Iterator[TextIO]:
    """Open a text file, compressed or not, or the plain copy of it."""
    if copy is not None:
        yield io.StringIO(copy, newline="")
        return
    encoding = "utf-8-sig" if reading.encoding == "utf-8" else reading.encoding
    packing = _PACKED_ENDINGS.get(path.suffix.lower())
    opened = store_of(path).open(path)
    with (
        opened.file,
        pa.input_stream(opened.local_name, compression=packing) as stream,
        io.TextIOWrapper(stream, encoding=encoding, newline="") as text,
    ):
        yield text


def _check_records(text: TextIO, path: Path, delimiter: str) -> list[str]:
    """Return the header, after a look at every record: pandas would fill what a short one lacks.

    Blank lines are passed over, as pandas does.
    """
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    header = next((record for record in reader if record), None)
    if header is None:
        raise InputMissingError("the training file is empty", where=str(path))
    header = list(with_names(header))
    _check_names(header, path)
    for record in reader:
        if record and len(record) != len(header):
            raise DataError(
                f"the record that ends in line {reader.line_num} has {len(record)} cells, "
                f"the header {len(header)}",
                where=str(path),
            )
    return header


def _check_names(names: list[str], path: Path) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(f"the header names a column twice: {', '.join(twice)}", where=str(path))
    if "" in names:
        raise DataError("the header has a column without a name", where=str(path))
