"""Commands that make a file that is read of one that is not; each is what this machine can run."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import sqlite3
import sys
import zipfile
from pathlib import Path, PurePath
from urllib.parse import quote

from titanic_batch.printable import printable_json, shell_quoted
from titanic_batch.sources.formats import COMPRESSIONS, input_format, stem
from titanic_batch.stores import entry_at

_UNPACKERS = {".gz": "gzip -dc", ".bz2": "bzip2 -dc", ".zst": "zstd -dc"}
_SEVEN_ZIPS = ("7z", "7zz", "7za", "7zr")


def target_of(path: str, ending: str) -> str:
    """Return the name of what is made of the file at `path`: never its own, nor another's."""
    name = PurePath(path)
    return _unless_taken(str(name.with_name(f"{stem(path)}{ending}")), path, ending)


def as_it_is(path: str, ending: str) -> str:
    """Return the command that gives a file another ending."""
    return f"`cp {shell_quoted(path)} {shell_quoted(target_of(path, ending))}`"


def by_pandas(path: str, reading: str, ending: str, *, needs: str = "", more: str = "") -> str:
    """Return the command that has pandas read a file, and write CSV or Parquet, which keeps types.

    Args:
        path: The file.
        reading: The expression that reads it, with `{path}` where its name stands.
        ending: .csv or .parquet.
        needs: A package that it needs besides pandas.
        more: Modules that it imports besides pandas.
    """
    target = printable_json(target_of(path, ending))
    writing = f"to_parquet({target})" if ending == ".parquet" else f"to_csv({target}, index=False)"
    expression = reading.replace("{path}", printable_json(path))
    script = f"import pandas as pd{more}; {expression}.{writing}"
    is_there = not needs or importlib.util.find_spec(needs) is not None
    installing = "" if is_there else f" (it needs `pip install {_packages(needs)}`)"
    return f"`{_python(script)}`{installing}"


def sqlite_tables(path: str) -> list[str]:
    """Return the tables of an SQLite file; nothing is written, and no table is read."""
    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro&immutable=1"
    query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY rowid"
    with contextlib.suppress(sqlite3.Error, ValueError):
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            names = [str(name) for (name,) in database.execute(query)]
        return [name for name in names if not name.startswith("sqlite_")]
    return []


def from_sqlite(path: str, table: str) -> str:
    """Return the command that writes a table of an SQLite file as Parquet."""
    name = table.replace('"', '""')
    query = printable_json(f'SELECT * FROM "{name}"')  # noqa: S608  # quoted, and the user's own
    reading = f"pd.read_sql({query}, sqlite3.connect({{path}}))"
    return by_pandas(path, reading, ".parquet", more=", sqlite3")


def zip_members(path: str) -> list[str]:
    """Return the files in a zip archive; none where it is damaged."""
    with (
        contextlib.suppress(OSError, zipfile.BadZipFile, ValueError),
        zipfile.ZipFile(path) as file,
    ):
        return [member.filename for member in file.infolist() if not member.is_dir()]
    return []


def from_zip(path: str, members: list[str]) -> str:
    """Return the command that unpacks a zip archive, and what to score then."""
    if len(members) == 1 and shutil.which("unzip"):
        ending = PurePath(members[0]).suffix
        target = _unpacked(path, ".zip", ending if input_format(f"x{ending}") else ".csv")
        return f"`unzip -p {shell_quoted(path)} > {shell_quoted(target)}`"
    return _into_folder(path, "zipfile")


def from_tar(path: str) -> str:
    """Return the command that unpacks a tar archive, and what to score then."""
    return _into_folder(path, "tarfile")


def _into_folder(path: str, module: str) -> str:
    folder = str(PurePath(path).with_name(stem(path)))
    folder = f"{folder}.unpacked" if folder == path else folder
    command = f"{shell_quoted(sys.executable)} -m {module} -e {shell_quoted(path)}"
    return f"`{command} {shell_quoted(folder)}`, and score that folder"


def from_xz(path: str) -> str:
    """Return the command that unpacks an .xz file."""
    target = _unpacked(path, ".xz")
    if shutil.which("xz"):
        return f"`xz -dc < {shell_quoted(path)} > {shell_quoted(target)}`"
    copying = f"shutil.copyfileobj(lzma.open({printable_json(path)}), open({printable_json(target)}"
    return f'`{_python(f"""import lzma, shutil; {copying}, "wb"))""")}`'


def from_seven_zip(path: str) -> str:
    """Return the command that unpacks a .7z archive of one file."""
    program = next(filter(shutil.which, _SEVEN_ZIPS), None)
    target = shell_quoted(_unpacked(path, ".7z"))
    installing = "" if program else " (it needs 7-Zip: Debian's package is called 7zip)"
    return f"`{program or '7z'} x -so {shell_quoted(path)} > {target}`{installing}"


def unpacked(path: str, ending: str) -> str:
    """Return the command that unpacks a compressed file, and gives it another ending."""
    packing = next(one for one in COMPRESSIONS if path.lower().endswith(one))
    target = target_of(path, ending)
    return f"`{_UNPACKERS[packing]} < {shell_quoted(path)} > {shell_quoted(target)}`"


def without_carriage_returns(path: str) -> str:
    """Return the command that ends the lines of a text as they are read."""
    if input_format(path) and path.lower().endswith(COMPRESSIONS):
        packing = next(one for one in COMPRESSIONS if path.lower().endswith(one))
        reading = f"{_UNPACKERS[packing]} < {shell_quoted(path)} | "
        return f"`{reading}tr '\\r' '\\n' > {shell_quoted(target_of(path, '.csv'))}`"
    ending = PurePath(path).suffix
    return f"`tr '\\r' '\\n' < {shell_quoted(path)} > {shell_quoted(target_of(path, ending))}`"


def _unpacked(path: str, packing: str, ending: str = ".csv") -> str:
    """Return the name of what is in a packed file, by its own name or else an ending."""
    name = PurePath(path)
    if name.suffix.lower() != packing:
        return target_of(path, ending)
    inner = str(name.with_suffix(""))
    return _unless_taken(inner if input_format(inner) else f"{inner}{ending}", path, ending)


def _unless_taken(target: str, path: str, ending: str) -> str:
    """Return a name that a command may write to: nobody's file is to be lost."""
    if target != path and entry_at(target) is None:
        return target
    return str(PurePath(path).with_name(f"{stem(path)}.fixed{ending}"))


def _packages(module: str) -> str:
    return {"odf": "odfpy", "python_calamine": "python-calamine"}.get(module, module)


def _python(script: str) -> str:
    return f"{shell_quoted(sys.executable)} -c {shell_quoted(script)}"
