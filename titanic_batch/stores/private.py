"""The private names beside an output in the file system, and how long they may be."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from titanic_batch.errors import UsageError
from titanic_batch.stores.base import Leftover

_PRIVATE = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{32}\.(?P<kind>tmp|work)", re.DOTALL)
#: Every file system takes names and paths of so many bytes, and is not asked.
_AT_LEAST = {"PC_NAME_MAX": 143, "PC_PATH_MAX": 1024}
_NO_LIMIT = 1 << 30
#: As long as a run's id.
_ANY_RUN = "0" * 32


def temporary(target: Path, run_id: str) -> Path:
    """Return the private name under which `target` is written by a run."""
    return target.with_name(f".{target.name}.{run_id}.tmp")


def lock_file(target: Path) -> Path:
    """Return the lock file of an output, there only while a run holds it."""
    return target.with_name(f".{target.name}.lock")


def work_folder(data: Path, fingerprint: str) -> Path:
    """Return the folder that keeps what a run would need again if it were killed."""
    return data.with_name(f".{data.name}.{fingerprint}.work")


def private_in(folder: Path) -> Iterator[Leftover]:
    """Yield what stands in a folder under private names; nothing where there is no folder."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if private := _PRIVATE.fullmatch(entry.name):
                yield Leftover(
                    target=private["target"], kind=private["kind"], place=folder / entry.name
                )


def check_name(target: Path, suffix: str) -> None:
    """Refuse a path beside which the file system takes no private name of `target` and `suffix`."""
    private = os.fsencode(temporary(target.with_name(target.name + suffix), _ANY_RUN))
    folder, name = os.path.split(private)
    lengths = {
        "PC_NAME_MAX": ("name", len(name)),
        "PC_PATH_MAX": ("path", len(private) + 1),  # with the NUL that ends it
    }
    for limit, (what, length) in lengths.items():
        if length > _AT_LEAST[limit] and length > (most := _limit_at(folder, limit)):
            added = len(name) - len(os.fsencode(target.name))
            raise UsageError(
                f"its {what} is too long: with the {added} bytes that the files beside an "
                f"output add, it has {length:,}, and {most:,} are possible here",
                where=str(target),
                hint=f"Choose a shorter {what}, by {length - most:,} bytes at least.",
            )


def _limit_at(folder: bytes, limit: str) -> int:
    """Return a file system's limit; of a folder that is yet to be made, the one above it."""
    while True:
        try:
            most = os.pathconf(folder, limit)
        except OSError:
            above = os.path.dirname(folder)  # noqa: PTH120  # bytes
            if above == folder:
                return _NO_LIMIT
            folder = above
        else:
            return most if most > 0 else _NO_LIMIT
