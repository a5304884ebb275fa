"""Partitions: columns that stand in folders' names, as Hive, Spark and pandas write them.

`date=2026-11-01/part-0.parquet` has a column `date`, of text, with one value in every row. Imports
nothing heavy; `sources.partitioned` reads the files.
"""

from __future__ import annotations

import os
from urllib.parse import unquote_to_bytes

from titanic_batch.errors import DataError

#: Columns that stand in the names of a file's folders, outermost first: name and value.
Partition = tuple[tuple[str, str | None], ...]

_NULLS = ("__HIVE_DEFAULT_PARTITION__", "")


def read_partition(folders: str) -> Partition:
    """Return the columns that stand in the names of folders, such as `year=2026/month=11`.

    Raises:
        DataError: if one stands there twice, or is no UTF-8 text.
    """
    found: dict[str, str | None] = {}
    for folder in folders.split("/"):
        name, mark, value = folder.partition("=")
        if not mark or not name:
            continue
        try:
            name, value = _decoded(name), _decoded(value)
        except UnicodeDecodeError as exc:
            raise DataError(
                "the name of its folder is a column, and no UTF-8 text",
                where=folders,
                hint="Rename the folder, or score the file by itself.",
            ) from exc
        if name in found:
            raise DataError(
                f"the names of its folders hold column {name} twice",
                where=folders,
                hint="Rename one of them, or score the file by itself.",
            )
        found[name] = None if value in _NULLS else value
    return tuple(found.items())


def _decoded(text: str) -> str:
    return unquote_to_bytes(os.fsencode(text)).decode()
