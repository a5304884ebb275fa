"""The private names beside an output in the file system, and how long they may be."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

from titanic_batch.errors import UsageError
from titanic_batch.stores.base import Leftover
from titanic_batch.stores.names import folder_of, join, last_part

_PRIVATE = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{32}\.(?P<kind>tmp|work)", re.DOTALL)
#: Every file system takes names and paths of so many bytes, and is not asked.
_AT_LEAST = {"PC_NAME_MAX": 143, "PC_PATH_MAX": 1024}
_NO_LIMIT = 1 << 30
#: As long as a run's id.
_ANY_RUN = "0" * 32


def temporary(target: str, run_id: str) -> str:
    """Return the private name under which `target` is written by a run."""
    return _beside(target, f"{run_id}.tmp")


def lock_file(target: str) -> str:
    """Return the lock file of an output, there only while a run holds it."""
    return _beside(target, "lock")


def work_folder(data: str, fingerprint: str) -> str:
    """Return the folder that keeps what a run would need again if it were killed."""
    return _beside(data, f"{fingerprint}.work")


def _beside(target: str, ending: str) -> str:
    return join(folder_of(target), f".{last_part(target)}.{ending}")


def private_in(folder: str) -> Iterator[Leftover]:
    """Yield what stands in a folder under private names; nothing where there is no folder."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if private := _PRIVATE.fullmatch(entry.name):
                yield Leftover(
                    target=private["target"], kind=private["kind"], place=join(folder, entry.name)
                )


def check_name(target: str, suffix: str) -> None:
    """Refuse a path beside which the file system takes no private name of `target` and `suffix`."""
    private = os.fsencode(temporary(target + suffix, _ANY_RUN))
    folder, name = os.path.split(private)
    lengths = {
        "PC_NAME_MAX": ("name", len(name)),
        "PC_PATH_MAX": ("path", len(private) + 1),  # with the NUL that ends it
    }
    for limit, (what, length) in lengths.items():
        if length > _AT_LEAST[limit] and length > (most := _limit_at(folder, limit)):
            added = len(name) - len(os.fsencode(last_part(target)))
            raise UsageError(
                f"its {what} is too long: with the {added} bytes that the files beside an "
                f"output add, it has {length:,}, and {most:,} are possible here",
                where=target,
                hint=f"Choose a shorter {what}, by {length - most:,} bytes at least.",
            )


def _limit_at(folder: bytes, limit: str) -> int:
    """Return a file system's limit; of a folder that is yet to be made, the one above it."""
    while True:
        try:
            most = os.pathconf(folder, limit)
        except OSError:
            above = os.path.dirname(folder)  # bytes
            if above == folder:
                return _NO_LIMIT
            folder = above
        else:
            return most if most > 0 else _NO_LIMIT
