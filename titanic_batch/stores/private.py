"""The private names beside an output in the file system."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from titanic_batch.stores.base import Leftover

_PRIVATE = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{32}\.(?P<kind>tmp|work)", re.DOTALL)


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
