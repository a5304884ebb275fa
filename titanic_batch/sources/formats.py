"""File names and the formats that they stand for."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from titanic_batch.errors import InputMissingError

#: The INPUT that means standard input.
STDIN = "-"

InputFormat = Literal["csv", "tsv", "jsonl", "parquet"]

COMPRESSIONS = (".gz", ".bz2", ".zst")
JSON_LINES = (".jsonl", ".ndjson")


def input_format(path: str) -> InputFormat | None:
    """Return the format that a file name stands for; None where it stands for none."""
    if path == STDIN:
        return "csv"
    name = PurePath(path).name.lower()
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    if name.endswith((".csv", ".txt")):
        return "csv"
    if name.endswith(".tsv"):
        return "tsv"
    if name.endswith(JSON_LINES):
        return "jsonl"
    return "parquet" if PurePath(path).name.lower().endswith(".parquet") else None


def stem(path: str) -> str:
    """Return a file's name without what says its format: `a.csv.gz` is `a`."""
    name = PurePath(path).name
    for suffix in COMPRESSIONS:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return PurePath(name).stem


def no_such_file(path: str) -> InputMissingError:
    """Return the error for an input that is not there."""
    return InputMissingError(
        "no such file", where=path, hint="Check the path; a glob must be quoted."
    )


def empty_input(path: str) -> InputMissingError:
    """Return the error for an input without any bytes."""
    return InputMissingError(
        "the input is empty",
        where=path,
        hint="If that is right, publish an empty output with --allow-empty.",
    )
