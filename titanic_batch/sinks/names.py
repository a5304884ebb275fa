"""File names of outputs and the formats that they stand for."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

OutputFormat = Literal["csv", "jsonl", "parquet"]
Compression = Literal["gzip", "zstd"]

_FORMATS: dict[str, OutputFormat] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}


def output_format(path: str) -> OutputFormat | None:
    """Return the format that an output's name stands for; None where it stands for none."""
    name = PurePath(path)
    if compression(path) is None:
        return _FORMATS.get(name.suffix.lower())
    found = _FORMATS.get(name.with_suffix("").suffix.lower())
    return found if found != "parquet" else None  # that is compressed inside


def compression(path: str) -> Compression | None:
    """Return what an output is compressed with as a whole, by its name; None for nothing."""
    return _COMPRESSIONS.get(PurePath(path).suffix.lower())
