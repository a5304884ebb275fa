"""The private folder beside an output where its finished parts lie until they are published.

    .OUT.FINGERPRINT.work/
        part-00000-DIGEST.parquet ...       under their final names
        receipts/part-00000-DIGEST.parquet.json, .rejects.csv
        new/                                what is being published: moved here, and then in place

It belongs to a fingerprint: whoever scores by the same model and options finds the same parts.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from titanic_batch.errors import FileAccessError, os_errors
from titanic_batch.parts.receipts import Receipt, read_receipt
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.directory import finish_moving
from titanic_batch.publish.manifest import FileInfo
from titanic_batch.publish.ownership import describes
from titanic_batch.publish.rejects import MODE as REJECTS_MODE
from titanic_batch.publish.rejects import RejectsFile
from titanic_batch.publish.stale_files import StaleFiles
from titanic_batch.stores import entry_at, is_folder, store_of, write_file
from titanic_batch.stores.base import Staged, hash_file


@dataclass(frozen=True, kw_only=True)
class PartsFolder:
    """The private folder of one output and fingerprint.

    Attributes:
        output: The output's folder.
        fingerprint: Of the run.
    """

    output: Path
    fingerprint: str

    @cached_property
    def path(self) -> Path:
        """The folder; raises FileAccessError where something that is not ours stands there."""
        found = store_of(self.output).work_folder(self.output, self.fingerprint)
        if found is None:
            raise FileAccessError(
                "the folder for finished parts is not this user's alone",
                where=str(self.output.parent),
                hint=f"Remove .{self.output.name}.{self.fingerprint}.work there.",
            )
        return Path(found)

    @property
    def receipts(self) -> Path:
        """Where the receipts are."""
        return self.path / "receipts"

    @property
    def new(self) -> Path:
        """What is published is put together here."""
        return self.path / "new"

    def check_parent(self) -> None:
        """Refuse an output whose own folder is not there; raises FileAccessError."""
        parent = self.output.parent
        if not is_folder(parent):
            raise FileAccessError(
                "the output's folder does not exist",
                where=str(parent),
                hint=f"Make it first: `mkdir -p {shell_quoted(str(parent))}`.",
            )

    def open(self) -> None:
        """Make the folder where it is not there; raises FileAccessError."""
        self.check_parent()
        with os_errors(self.path, "making the folder for finished parts"):
            self.path.mkdir(mode=0o700, exist_ok=True)
            self.receipts.mkdir(mode=0o700, exist_ok=True)

    def make_new(self) -> None:
        """Make the folder in which what is published is put together; raises OSError."""
        self.new.mkdir(mode=0o700)

    def recover(self) -> None:
        """Bring to rest what a commit which died has left; the output's lock must be held."""
        for place in {str(self.path), *StaleFiles().work_of(str(self.output))}:
            finish_moving(str(Path(place) / "new"), str(self.output))
        with os_errors(self.path, "taking back finished parts"):
            for path in map(Path, store_of(self.new).list(self.new)):
                back = self.path / path.name
                if entry_at(self.receipt_path(path.name)) and not entry_at(back):
                    path.rename(back)
            store_of(self.new).drop(self.new)

    def drop(self) -> None:
        """Remove the folder with all that is in it, as far as that is possible."""
        store_of(self.path).drop(self.path)

    def drop_if_empty(self) -> None:
        """Remove the folder where there is nothing in it that another run could use."""
        with contextlib.suppress(OSError):
            self.receipts.rmdir()
            self.path.rmdir()

    def drop_others(self) -> None:
        """Remove what runs by other models or options have left beside the output."""
        for other in StaleFiles().work_of(str(self.output)):
            if other != str(self.path):
                store_of(other).drop(other)

    def receipt_path(self, name: str) -> Path:
        """Return where a part's receipt is."""
        return self.receipts / f"{name}.json"

    def rejects_path(self, name: str) -> Path:
        """Return where a part's rejects are."""
        return self.receipts / f"{name}.rejects.csv"

    def stage(self, index: int, suffix: str) -> tuple[Staged, RejectsFile]:
        """Return a part's file and its rejects, to be written and then kept by `keep`."""
        run_id = uuid.uuid4().hex
        target = self.path / f"part-{index:05d}.{suffix}"
        return (
            store_of(target).stage(target, run_id),
            RejectsFile(str(self.receipts / f"part-{index:05d}.rejects.csv"), run_id),
        )

    def write_receipt(self, receipt: Receipt) -> None:
        """Write a part's receipt: from then on it is finished. The part must be on the disk."""
        write_file(
            self.receipt_path(receipt.name),
            json.dumps(receipt.to_json()).encode(),
            "writing the receipt of a part",
            mode=REJECTS_MODE,
        )

    def receipt_of(self, name: str) -> Receipt | None:
        """Return the receipt of a part; None where it is not finished, or was not once it was."""
        receipt = read_receipt(self.receipt_path(name))
        return receipt if receipt is not None and receipt.name == name else None

    def is_intact(self, receipt: Receipt) -> bool:
        """Return whether a finished part, with its rejects, is still what its receipt says."""
        data = FileInfo(path="", format="", bytes=receipt.bytes, sha256=receipt.sha256)
        if not describes(data, self.path / receipt.name):
            return False
        rejects = self.rejects_path(receipt.name)
        if receipt.rejects_sha256 is None:
            return receipt.totals.rejected == 0
        try:
            with store_of(rejects).open(rejects).file as file:
                return hash_file(file) == receipt.rejects_sha256
        except FileNotFoundError:
            return False

    def finished(self, name: str) -> Receipt | None:
        """Return the receipt of a part that is there and intact; None for any other."""
        receipt = self.receipt_of(name)
        return receipt if receipt is not None and self.is_intact(receipt) else None

    @property
    def has_any(self) -> bool:
        """Whether any part may be finished."""
        return any(name.endswith(".json") for name in store_of(self.path).list(self.receipts))
