"""Files in formats that are not read: the command that makes one that is."""

from __future__ import annotations

import sys
from pathlib import PurePath

from titanic_batch.errors import UsageError
from titanic_batch.printable import printable_json, shell_quoted
from titanic_batch.sources.formats import input_format
from titanic_batch.stores import entry_at

_KNOWN = "Inputs end in .csv, .tsv, .jsonl, .ndjson (also .gz, .bz2, .zst) or .parquet"
_TEXTS = (".txt", ".dat", ".data", ".text", ".asc", ".psv", ".tab")
#: What pandas reads with which function, and what is written: Parquet keeps types.
_TABLES = {
    ".feather": ("read_feather({path})", ".parquet"),
    ".arrow": ("read_feather({path})", ".parquet"),
    ".orc": ("read_orc({path})", ".parquet"),
    ".json": ("read_json({path})", ".parquet"),
    ".xlsx": ("read_excel({path}, dtype=str, keep_default_na=False)", ".csv"),
    ".xls": ("read_excel({path}, dtype=str, keep_default_na=False)", ".csv"),
    ".ods": ("read_excel({path}, dtype=str, keep_default_na=False)", ".csv"),
}
_NEEDS = {".xlsx": "openpyxl", ".xls": "xlrd", ".ods": "odfpy"}


def unknown_format(path: str) -> UsageError:
    """Return the error for an input in a format that is not read."""
    how = _how(path)
    hint = f"{_KNOWN}{how}." if how else f"{_KNOWN}."
    return UsageError("unknown file extension", where=path, hint=hint)


def _how(path: str) -> str:
    found = entry_at(path)
    if found is None or found.kind != "file":
        return ""
    name, suffix = PurePath(path), PurePath(path).suffix.lower()
    quoted = shell_quoted(path)
    if suffix in _TEXTS:
        target = shell_quoted(str(name.with_suffix(".csv")))
        return f": give this one a name that does, if it is CSV: `cp {quoted} {target}`"
    if suffix in (".xz", ".zip"):
        inner = name.with_suffix("")
        target = str(inner) if input_format(str(inner)) else f"{inner}.csv"
        if suffix == ".xz":
            return f": unpack this one: `xz -dc {quoted} > {shell_quoted(target)}`"
        return f": unpack this one: `unzip -p {quoted} > {shell_quoted(target)}`"
    if suffix not in _TABLES:
        return ""
    reading, ending = _TABLES[suffix]
    target = printable_json(str(name.with_suffix(ending)))
    writing = f"to_parquet({target})" if ending == ".parquet" else f"to_csv({target}, index=False)"
    script = f"import pandas as pd; pd.{reading.format(path=printable_json(path))}"
    command = f"{shell_quoted(sys.executable)} -c {shell_quoted(f'{script}.{writing}')}"
    needs = f" (it needs `pip install {_NEEDS[suffix]}`)" if suffix in _NEEDS else ""
    return f": make one of it: `{command}`{needs}"
