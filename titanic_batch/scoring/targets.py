"""Where a run writes to: a published output, or standard output."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Generator, Sequence
from typing import IO, Any, Protocol

from titanic_batch.errors import ClosedPipeError, os_errors
from titanic_batch.interrupts import interruptible
from titanic_batch.publish.manifest import FileInfo, Manifest
from titanic_batch.publish.ownership import refuse_foreign_rejects
from titanic_batch.publish.publication import Publication
from titanic_batch.publish.rejects import MODE as REJECTS_MODE
from titanic_batch.publish.rejects import Reject, RejectsFile
from titanic_batch.publish.stale_files import StaleFiles
from titanic_batch.publish.together import Steps
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.standard_streams import require_stdout
from titanic_batch.stores.base import Staged, Unsynced, hash_file

_SPOOL = "standard output's temporary file (TMPDIR says where)"


class Target(Protocol):
    """Takes an output's bytes and rejects; what it took is seen only after `commit`."""

    run_id: str

    def open(self) -> None:
        """Take what the output needs; whatever this raises, `close` gives it back."""
        ...

    @property
    def file(self) -> Any:
        """Where the sink writes to: as much of a file as sinks use."""
        ...

    def add_rejects(self, rejects: tuple[Reject, ...]) -> None:
        """Take rejected records."""
        ...

    def seal(self) -> Generator[Sequence[Unsynced], None, FileInfo]:
        """End the output's bytes, step by step, and say what they are."""
        ...

    @property
    def rejects_path(self) -> str | None:
        """Where the rejects will be; None where there are none."""
        ...

    def commit(self, manifest: Manifest, /, *, keeps_replaced: bool = False) -> Steps:
        """Make the output seen, step by step; the manifest that is replaced may be kept."""
        ...

    def keep_failed_rejects(self) -> str | None:
        """Leave the rejects of a run that fails, where there is a place for them."""
        ...

    def open_work(self, fingerprint: str, /) -> str | None:
        """Return the folder for what a killed run would need again; None where there is none."""
        ...

    def drop_work(self) -> None:
        """Remove that folder."""
        ...

    def close(self) -> None:
        """Drop what was not committed."""
        ...


def target_of(pair: FilePair, options: ScoreOptions, stale_files: StaleFiles) -> Target:
    """Return the target of one input, not yet opened."""
    if pair.output is None:
        return StdoutTarget(options.rejects, overwrite=options.overwrite)
    return Publication(
        pair.output, pair.output_format, overwrite=options.overwrite, stale_files=stale_files
    )


class _Spool:
    """Writes to a spool; what the system refuses is an FileAccessError."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        with os_errors(_SPOOL, "spooling"):
            return self._file.write(data)


class StdoutTarget:
    """Standard output: spooled, and emitted only by `commit`."""

    def __init__(self, rejects: str | None, *, overwrite: bool) -> None:
        self.run_id = uuid.uuid4().hex
        self._overwrite = overwrite
        self._rejects = RejectsFile(rejects, self.run_id) if rejects else None
        self._held = contextlib.ExitStack()

    def open(self) -> None:
        """Open the spool; raises UsageError where the rejects would replace a foreign file."""
        require_stdout()
        if self._rejects is not None:
            self._held.callback(self._rejects.discard)
            if not self._overwrite:
                refuse_foreign_rejects(self._rejects.target)
        with os_errors(_SPOOL, "spooling"):
            self._spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # `close` closes it
        self._held.callback(self._close_spool)

    @property
    def file(self) -> _Spool:
        """Where the sink writes to."""
        return _Spool(self._spool)

    def add_rejects(self, rejects: tuple[Reject, ...]) -> None:
        """Take rejected records, where there is a place for them."""
        if self._rejects is not None:
            self._rejects.add(rejects)

    def seal(self) -> Generator[Sequence[Unsynced], None, FileInfo]:
        """End the output's bytes and say what they are."""
        staged = self._staged
        if staged is not None:
            staged.seal(REJECTS_MODE)
            yield [staged]
        with os_errors(_SPOOL, "spooling"):
            self._spool.flush()
            self._spool.seek(0)
            sha256 = hash_file(self._spool)
        return FileInfo(path="-", format="csv", bytes=self._spool.tell(), sha256=sha256)

    @property
    def rejects_path(self) -> str | None:
        """Where the rejects will be; None where there are none."""
        staged = self._staged
        return None if staged is None else staged.target

    @property
    def _staged(self) -> Staged | None:
        return self._rejects.staged if self._rejects is not None else None

    def commit(
        self,
        _manifest: Manifest,
        /,
        *,
        keeps_replaced: bool = False,  # noqa: ARG002  # there is no manifest to replace
    ) -> Steps:
        """Put the rejects in place and emit the output; raises ClosedPipeError if nobody reads."""
        yield from ()  # nothing of it is on a disk
        staged = self._staged
        if staged is not None:
            with os_errors(staged.target, "publishing"):
                staged.commit()
        with os_errors(_SPOOL, "reading"):
            self._spool.seek(0)
        with os_errors("standard output", "writing"):
            try:
                # Not sys.stdout.buffer: where PYTHONUNBUFFERED is set, that is a raw file, which
                # may take a part of a write and say nothing.
                with (
                    interruptible(),  # the reader may be slow
                    os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as stdout,
                ):
                    shutil.copyfileobj(self._spool, stdout, 1 << 20)
            except BrokenPipeError as exc:
                raise ClosedPipeError("standard output was closed") from exc

    def open_work(self, _fingerprint: str) -> str | None:
        """Keep nothing: no folder stands beside standard output."""
        return None

    def drop_work(self) -> None:
        """Do nothing."""

    def keep_failed_rejects(self) -> str | None:
        """Leave nothing: no file stands beside standard output."""
        return None

    def close(self) -> None:
        """Drop the spool."""
        self._held.close()

    def _close_spool(self) -> None:
        with contextlib.suppress(OSError):  # what it still holds back, it tries to write
            self._spool.close()
