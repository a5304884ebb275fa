"""Read a training file as pandas would have shown it to the model's author."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from titanic_batch.errors import DataError, InputMissingError, UsageError, os_errors

if TYPE_CHECKING:
    from collections.abc import Collection

#: Null in a column of numbers. In any other column only an empty cell is: Null is a surname.
NUMERIC_NULLS = ("NA", "NaN", "null")

_CSV_ENDINGS = (".csv", ".tsv")
_PACKED_ENDINGS = (".gz", ".bz2", ".zst")


def read_training_file(path: Path, *, text_columns: Collection[str] = ()) -> pd.DataFrame:
    """Return the training data: whole numbers as int64, other numbers as float64, text as str.

    Args:
        path: A CSV or Parquet file with a header.
        text_columns: Columns that the model knows as text, whatever their cells look like.

    Raises:
        InputMissingError: if there is no such file, or no row in it.
        DataError: if it cannot be read, or names a column twice or not at all.
        UsageError: if its ending is neither of CSV nor of Parquet.
        OutputError: if the system cannot read it.
    """
    if not path.is_file():
        raise InputMissingError("there is no such training file", where=str(path))
    frame = (
        _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path, text_columns)
    )
    if frame.empty:
        raise InputMissingError("the training file has no data rows", where=str(path))
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        with os_errors(path, "reading the training file"):
            table = pq.read_table(path)
    except pa.ArrowException as exc:
        raise DataError(f"it is no readable Parquet file: {exc}", where=str(path)) from exc
    _check_names(table.column_names, path)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _read_csv(path: Path, text_columns: Collection[str]) -> pd.DataFrame:
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] in _PACKED_ENDINGS:
        endings.pop()
    if not endings or endings[-1] not in _CSV_ENDINGS:
        raise UsageError(
            "training data is a .csv, .tsv (also .gz .bz2 .zst) or .parquet file", where=str(path)
        )
    delimiter = "\t" if endings[-1] == ".tsv" else ","
    try:
        with os_errors(path, "reading the training file"):
            with _open(path) as text:
                header = _check_records(text, path, delimiter)
            with _open(path) as text:  # again, for pandas holds cells in a tenth of the memory
                cells = pd.read_csv(
                    text, sep=delimiter, names=header, header=0, dtype="str", na_filter=False
                )
    except (csv.Error, UnicodeError, pd.errors.ParserError, pa.ArrowException) as exc:
        raise DataError(f"it is no readable CSV file: {exc}", where=str(path)) from exc
    return pd.DataFrame(
        {
            name: _as_text(cells[name]) if name in text_columns else infer_column(cells[name])
            for name in cells.columns
        }
    )


@contextmanager
def _open(path: Path) -> Iterator[io.TextIOWrapper]:
    """Open a text file, compressed or not."""
    with (
        pa.input_stream(str(path), compression="detect") as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text,
    ):
        yield text


def _check_records(text: io.TextIOWrapper, path: Path, delimiter: str) -> list[str]:
    """Return the header, after a look at every record: pandas would fill what a short one lacks.

    Blank lines are passed over, as pandas does.
    """
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    header = next((record for record in reader if record), None)
    if header is None:
        raise InputMissingError("the training file is empty", where=str(path))
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
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"the header names a column twice: {', '.join(twice)}", where=str(path))
    if "" in names:
        raise DataError("the header has a column without a name", where=str(path))


def infer_column(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Return text cells as the numbers, booleans or text that they are."""
    null = cells.isin(["", *NUMERIC_NULLS])
    values = cells[~null]
    if values.empty:
        return pd.Series(np.nan, index=cells.index)
    if values.isin(["True", "False", "TRUE", "FALSE", "true", "false"]).all() and not null.any():
        return cells.str.lower() == "true"
    numbers = pd.to_numeric(cells.mask(null), errors="coerce")
    if numbers.isna().equals(null):
        if null.any():
            return numbers.astype("float64")
        whole = cells.str.fullmatch(r"[+-]?\d{1,18}").all()
        return numbers.astype("int64" if whole else "float64")
    return _as_text(cells)


def _as_text(cells: pd.Series[Any]) -> pd.Series[Any]:
    return cells.mask(cells == "")
