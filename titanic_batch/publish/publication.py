"""One output's way from nothing to published: lock, stage, seal, rename, in an order that holds.

Everything is brought to the disk under private names first, the manifest last. Then `put_in_place`
renames it. A crash before the manifest is on the disk leaves the old output; one after it leaves
what `recover` completes.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Generator, Iterable, Sequence

from titanic_batch.errors import os_errors
from titanic_batch.publish.keeping import keep_replaced
from titanic_batch.publish.manifest import FileInfo, Manifest, read_manifest
from titanic_batch.publish.ownership import refuse_foreign
from titanic_batch.publish.paths import OutputPaths, require_names
from titanic_batch.publish.placing import put_in_place, recover
from titanic_batch.publish.rejects import MODE as REJECTS_MODE
from titanic_batch.publish.rejects import Reject, RejectsFile
from titanic_batch.publish.stale_files import StaleFiles
from titanic_batch.publish.together import Steps
from titanic_batch.stores import store_of
from titanic_batch.stores.base import Staged, Unsynced
from titanic_batch.stores.names import last_part


class Publication:
    """Holds an output's lock and staged files; `commit` publishes, `close` drops what is left.

    Whatever `open` raises, `close` gives back what was taken by then.

    Args:
        paths: The output.
        output_format: csv or parquet.
        overwrite: Whether a file that titanic-batch did not write may be replaced.
        stale_files: What earlier runs left in the folder; None to look.
    """

    def __init__(
        self,
        paths: OutputPaths,
        output_format: str,
        *,
        overwrite: bool,
        stale_files: StaleFiles | None = None,
    ) -> None:
        self.paths = paths
        self.run_id = uuid.uuid4().hex
        self._store = store_of(paths.data)
        self.file: Staged = self._store.stage(paths.data, self.run_id)
        self._format = output_format
        self._rejects = RejectsFile(paths.rejects, self.run_id)
        self._overwrite = overwrite
        self._stale_files = stale_files or StaleFiles()
        self._work: str | None = None
        self._held = contextlib.ExitStack()

    def open(self) -> None:
        """Take the lock, and bring what a crashed run left to rest.

        Raises:
            OutputLockedError: if another run holds the output.
            UsageError: if a foreign file stands there, or its name is too long.
            FileAccessError: if the folder is missing or not writable.
        """
        require_names(self.paths)
        self._held.enter_context(self._store.lock(self.paths.data))
        recover(self.paths, self._stale_files)
        refuse_foreign(self.paths, overwrite=self._overwrite)
        self._mode = self._store.mode_for(self.paths.data)
        self._held.callback(self.file.discard)
        self._held.callback(self._rejects.discard)

    def add_rejects(self, rejects: Iterable[Reject]) -> None:
        """Take rejected records; raises FileAccessError where the system refuses."""
        self._rejects.add(rejects)

    @property
    def rejects_path(self) -> str | None:
        """The path that the rejects will have; None where there are none."""
        return None if self._rejects.staged is None else self.paths.rejects

    def seal(self) -> Generator[Sequence[Unsynced], None, FileInfo]:
        """Bring the data and the rejects to the disk, and return what the data is."""
        self.file.seal(self._mode)
        rejects = self._rejects.staged
        if rejects is None:
            yield [self.file]
        else:
            rejects.seal(REJECTS_MODE)
            yield [self.file, rejects]
        return FileInfo(
            path=self.paths.data,
            format=self._format,
            bytes=self.file.bytes_written,
            sha256=self.file.sha256,
        )

    def commit(self, manifest: Manifest, *, keeps_replaced: bool = False) -> Steps:
        """Publish what is sealed.

        Args:
            manifest: What it is.
            keeps_replaced: Whether the manifest that it replaces is kept. What a job has published
                is its history, and kept where no job replaces it.

        Raises:
            FileAccessError: where the system refuses; the old output is intact unless something had
                been renamed already, in which case the next run completes what is missing.
        """
        if keeps_replaced or (manifest.job is None and _is_of_a_job(self.paths.manifest)):
            yield from keep_replaced(self.paths.manifest)
        # The record that all the rest is on the disk, from which a crashed run is completed: so it
        # is written after the rest.
        record = self._store.stage(self.paths.manifest, self.run_id)
        self._held.callback(record.discard)
        record.write(manifest.to_bytes())
        record.seal(self._mode)
        yield [record]
        rejects = self._rejects.staged
        staged = [file for file in (rejects, self.file, record) if file is not None]
        with os_errors(self.paths.data, "publishing"):
            try:
                yield from put_in_place(
                    self.paths,
                    record,
                    data=self.file,
                    rejects=rejects,
                    rejects_path=self.rejects_path,
                )
            except BaseException:
                if staged[0].is_committed:  # half done: the next run needs the others
                    for file in staged:
                        file.keep()
                raise

    def open_work(self, fingerprint: str) -> str | None:
        """Return the folder for what this run would need again if it were killed.

        It may be there already, left by a run with the same fingerprint; those of others go. None
        where something stands in its place that is not private to this user.
        """
        self._work = self._store.work_folder(self.paths.data, fingerprint)
        for other in self._stale_files.work_of(self.paths.data):
            if fingerprint not in last_part(other):
                self._store.drop(other)
        return self._work

    def drop_work(self) -> None:
        """Remove the work folder: there is nothing to resume."""
        if self._work is not None:
            self._store.drop(self._work)

    def keep_failed_rejects(self) -> str | None:
        """Leave the rejects of a run that does not publish; None where there are none."""
        staged = self._rejects.staged
        if staged is None:
            return None
        target = self.paths.failed_rejects
        staged.seal(REJECTS_MODE)
        staged.sync()
        with os_errors(target, "writing the rejects"):
            staged.commit(name=target)
        return target

    def close(self) -> None:
        """Drop the staged files that were not published, and release the lock."""
        self._held.close()


def _is_of_a_job(path: str) -> bool:
    manifest = read_manifest(path)
    return manifest is not None and manifest.job is not None
