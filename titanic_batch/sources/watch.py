"""Notice that an input changes while it is read, or later."""

from __future__ import annotations

import os
import stat
from typing import IO

from titanic_batch.errors import DataError


class InputWatch:
    """Knows what an input was when it was opened; anything but a regular file is not watched.

    Args:
        file: The input, just opened.
        path: Its path.
    """

    def __init__(self, file: IO[bytes], path: str) -> None:
        self._file = file
        self._path = path
        self.before = os.fstat(file.fileno())

    @property
    def is_regular(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.before.st_mode)

    def check(self) -> None:
        """Check that the file is still what was opened.

        Once it is closed, it is looked up by its path: one that was removed since then, or
        replaced by another, was read whole.

        Raises:
            DataError: if it grew, shrank or was written to since.
        """
        if not self.is_regular:
            return
        if not self._file.closed:
            after = os.fstat(self._file.fileno())
        else:
            try:
                after = os.stat(self._path)  # noqa: PTH116  # thousands of times
            except OSError:
                return
            if not os.path.samestat(self.before, after):
                return
        if (self.before.st_size, self.before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise DataError(
                "the input changed while it was read",
                where=self._path,
                cure="Run again when it is complete.",
            )
