"""Find the input files: one, or those of a folder or glob, however deep they are nested."""

from __future__ import annotations

import glob
import json
import os
from dataclasses import dataclass, field

from titanic_batch.errors import (
    DataError,
    FileAccessError,
    InputMissingError,
    TitanicBatchError,
    os_errors,
)
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.ownership import is_published
from titanic_batch.publish.paths import is_companion
from titanic_batch.sources.formats import STDIN, input_format
from titanic_batch.sources.partition import Partition, read_partition
from titanic_batch.stores import entry_at, is_folder, store_of
from titanic_batch.stores.names import folder_of, join, last_part
from titanic_batch.stores.patterns import split_glob


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """One input file.

    Attributes:
        path: Where it is.
        folder: The folder in which it lies beneath the one that was named, or that a glob begins
            with; its output lies so, too.
        partition: The columns that stand in the names of that.
        error: Why it cannot be read, as far as that is known: of a folder, that it is not listed.
    """

    path: str
    folder: str = ""
    partition: Partition = ()
    error: TitanicBatchError | None = field(default=None, compare=False)


def is_several(input: str) -> bool:
    """Return whether an INPUT stands for several files."""
    found = entry_at(input) if input != STDIN else None  # None also where its name is too long
    if found is not None and found.kind in ("file", "folder"):
        return found.kind == "folder"
    return input != STDIN and glob.has_magic(input)


def find_inputs(input: str) -> list[InputFile]:
    """Return the file that an INPUT is, or those of a folder or glob that can be scored, by name.

    Folders are looked through, however deep they are nested; those that cannot be listed are among
    the files, with the error. Rejects files, other companions of outputs, and outputs that
    titanic-batch published are not.

    Raises:
        InputMissingError: if there are none.
    """
    if not is_several(input):
        return [InputFile(path=input)]
    pattern = _as_glob(input)
    root = root_of(input)
    refused: list[OSError] = []
    names = store_of(input).glob(pattern, onerror=refused.append)
    found = [_beneath(root, path) for path in names if _is_input(path)]
    tables = _delta_tables(root, found)
    found = [file for file in found if not tables & set(_folders_above(root, file))]
    found += [_refused_table(table) for table in tables]
    found += [_unlisted(exc) for exc in refused]
    if not found:
        raise InputMissingError(
            "there are no files to score here",
            where=input,
            hint="Inputs end in .csv, .tsv, .jsonl, .ndjson (also .gz, .bz2, .zst) or .parquet.",
        )
    return sorted(found, key=lambda file: file.path)


def root_of(input: str) -> str:
    """Return the folder beneath which the files of a folder or glob lie."""
    return split_glob(_as_glob(input))[0]


def _as_glob(input: str) -> str:
    return glob.escape(input) if is_folder(input) else input


def _is_input(path: str) -> bool:
    stop_if_interrupted()
    if input_format(path) is None or is_companion(last_part(path)):
        return False
    found = entry_at(path)
    return found is not None and found.kind == "file" and not is_published(path)


def _beneath(root: str, path: str) -> InputFile:
    inside = path if root == "." else path[len(join(root, "")) :]
    folder = folder_of(inside)
    try:
        return InputFile(path=path, folder=folder, partition=read_partition(folder))
    except DataError as exc:
        exc.where = path
        return InputFile(path=path, folder=folder, error=exc)


def _folders_above(root: str, file: InputFile) -> list[str]:
    """Return the folder that was named, and those beneath it that lead to a file."""
    parts = file.folder.split("/") if file.folder else []
    return [os.path.join(root, *parts[:count]) for count in range(len(parts) + 1)]  # noqa: PTH118


def _delta_tables(root: str, files: list[InputFile]) -> set[str]:
    """Return the folders that are tables of Delta Lake, whose files also hold what was deleted."""
    above = {folder for file in files for folder in _folders_above(root, file)}
    return {folder for folder in above if is_folder(os.path.join(folder, "_delta_log"))}  # noqa: PTH118


def _refused_table(table: str) -> InputFile:
    made = f"{table.rstrip('/')}.parquet"
    code = shell_quoted(
        f"import polars; polars.read_delta({json.dumps(table)}).write_parquet({json.dumps(made)})"
    )
    error = DataError(
        "this is a Delta Lake table: the files in it also hold rows that were deleted or replaced",
        where=table,
        hint=f"Score what it holds now: `python -c {code}` writes that to a file, "
        "where polars and deltalake are installed.",
    )
    return InputFile(path=table, error=error)


def _unlisted(refused: OSError) -> InputFile:
    folder = os.fsdecode(refused.filename)
    try:
        with os_errors(folder, "listing the folder"):
            raise refused
    except FileAccessError as exc:
        return InputFile(path=folder, error=exc)
