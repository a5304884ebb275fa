"""Collect what becomes of a file's chunks, in order: totals, rejects, the output's bytes."""

from __future__ import annotations

from titanic_batch.chunk.task import ScoredChunk
from titanic_batch.errors import DataError
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.opening import OpenFile
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.refusing import is_refused, refusal
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.rejected_rows import RejectedRows
from titanic_batch.scoring.report import RunTotals
from titanic_batch.sinks.base import Format, Sink
from titanic_batch.sources.base import Chunk

#: A file that fails for its rejects lists at most so many of them.
_MOST_FAILED_REJECTS = 100_000


class Collector:
    """Takes the results of a file's chunks.

    Args:
        file: The file.
        output_format: How its output is written.
        options: What the run was told.
    """

    def __init__(self, file: OpenFile, output_format: Format, options: ScoreOptions) -> None:
        self.totals = RunTotals()
        self.rejected = RejectedRows()
        self.validates_only = False
        self._file = file
        self._format = output_format
        self._options = options
        self._limit = reject_limit(options.max_rejects)
        self._sink: Sink | None = None
        self._whole_file: bytes | None = None

    def take(self, chunk: Chunk, result: ScoredChunk) -> None:
        """Take the next chunk's result.

        Where too many rows are rejected, the others are only validated from then on.

        Raises:
            TooManyRejectsError: if there are more rejects than anybody would look at.
            FileAccessError: if the system refuses to write.
        """
        self.rejected.add(chunk, result)
        totals = self.totals
        totals.add(result)
        self._file.target.add_rejects(result.rejects)
        if self.validates_only:
            if totals.rejected > _MOST_FAILED_REJECTS:
                raise self.too_many_rejects()
        elif self._limit.exceeded_by(totals.rejected, totals.read, finished=False):
            self.validates_only = True
        elif result.is_file and isinstance(result.payload, bytes):
            self._whole_file = result.payload
        elif result.payload:
            self._open_sink().write(result.payload)

    def finish(self) -> None:
        """Write what is left of the output; raises FileAccessError where the system refuses."""
        whole, self._whole_file = self._whole_file, None
        if whole is not None:
            self._file.target.file.write(whole)
        else:
            self._open_sink().finish()

    @property
    def is_refused(self) -> bool:
        """Whether the file is refused for its rejects."""
        return self.validates_only or is_refused(self.totals, self._options)

    def too_many_rejects(self) -> DataError:
        """Return the error that the file ends in; the rejects stay where they can be seen."""
        kept = self._file.target.keep_failed_rejects()
        return refusal(
            self.totals,
            self.rejected.first,
            self._options,
            path=self._file.pair.input,
            hint=f"See {kept}." if kept else "",
        )

    def case(self, *, is_complete: bool) -> Case:
        """Return what is in hand of the rows that were rejected; see `RejectedRows.case_of`."""
        file = self._file
        return self.rejected.case_of(
            file.pair.input, file.source, self.totals, is_complete=is_complete
        )

    def _open_sink(self) -> Sink:
        if self._sink is None:
            self._sink = self._format.open(self._file.target.file)
            self._file.held.callback(self._sink.close)
        return self._sink
