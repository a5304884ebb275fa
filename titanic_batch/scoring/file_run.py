"""One input file on its way through a run: opened, chunks sent, results collected, published."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from titanic_batch.alignment.plan import MissingColumnsError
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.errors import TitanicBatchError, TooManyRejectsError
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.publish.manifest import Manifest, RowCounts
from titanic_batch.publish.together import Steps
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.collecting import Collector
from titanic_batch.scoring.context import RunContext
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.opening import OpenFile, file_context, open_file
from titanic_batch.scoring.publishing import publish_file
from titanic_batch.sources.base import Chunk
from titanic_batch.sources.csv_source import HeaderError

if TYPE_CHECKING:
    from titanic_batch.scoring.advice.giving import Adviser


@dataclass(kw_only=True)
class _Scoring:
    """A planned file: what its chunks are sent with, and who takes their results."""

    context: FileContext
    collector: Collector


class FileRun:
    """Scores one input into one output: `work` gives chunks, `take` takes each result, in order.

    When the last result is in, the output is published. `error` or `manifest` says how it ended.

    Args:
        pair: The input and its output.
        context: What the files of the run share.
    """

    def __init__(self, pair: FilePair, context: RunContext) -> None:
        self.pair = pair
        self.manifest: Manifest | None = None  # what was published
        self.error: TitanicBatchError | None = None
        self.bytes_done = 0  # of the input; what its chunks' results are in for
        self._context = context
        self._started_at = datetime.now(UTC)
        self._file: OpenFile | None = None
        self._scoring: _Scoring | None = None
        self._on_their_way: deque[tuple[int, Chunk]] = deque()  # and what was read up to each
        self._all_sent = False
        self._case: Case | None = None

    @property
    def is_over(self) -> bool:
        """Whether it was published, or failed."""
        return self.manifest is not None or self.error is not None

    def work(self) -> Iterator[tuple[FileContext, Chunk]]:
        """Open everything and yield the input's chunks, until all are sent or the run is over."""
        context = self._context
        try:
            self._file = file = open_file(self.pair, context)
            plan = context.planner.plan(self.pair, file.source)
            self._scoring = scoring = _Scoring(
                context=file_context(file, plan, context),
                collector=Collector(file, plan.format, context.options),
            )
            for chunk in file.source.chunks():
                self._on_their_way.append((file.source.bytes_read, chunk))
                yield scoring.context, chunk
                if self.is_over:
                    return
            file.source.release()  # a run may have thousands more to open
            self._all_sent = True
            self._publish_if_all_taken(file, scoring)
        except TitanicBatchError as exc:
            self.fail(exc)

    def take(self, result: ScoredChunk | TitanicBatchError) -> None:
        """Take the next chunk's result."""
        self.bytes_done, chunk = self._on_their_way.popleft()
        if self.is_over:
            return
        file, scoring = self._file, self._scoring
        assert file is not None, "a result came before its chunk"
        assert scoring is not None
        try:
            if isinstance(result, TitanicBatchError):
                raise result
            scoring.collector.take(chunk, result)
            if scoring.collector.validates_only and scoring.context.output is not None:
                scoring.context = replace(scoring.context, output=None, encoder=None)
            self._publish_if_all_taken(file, scoring)
        except TitanicBatchError as exc:
            self.fail(exc)

    def fail(self, error: TitanicBatchError) -> None:
        """End the run with an error; what was staged is dropped."""
        self.error = error
        self._case = self._case_of(error)
        self.close()

    @property
    def is_refused(self) -> bool:
        """Whether it failed for its header or its rows, of which some are in hand."""
        return self._case is not None

    def advise(self, adviser: Adviser) -> None:
        """Add to the error what would let a refused file through, if anything would."""
        if self.error is not None and self._case is not None:
            adviser.hint(self.error, self._case)
            self._case = None

    @property
    def rows(self) -> RowCounts | None:
        """The rows that were looked at; None where it ended before the first of them."""
        totals = self._scoring.collector.totals if self._scoring is not None else None
        if totals is None or not totals.read:
            return None
        scored = totals.read - totals.rejected
        return RowCounts(read=totals.read, scored=scored, rejected=totals.rejected)

    @property
    def by_reason(self) -> dict[str, int]:
        """How many of them were rejected, by their first fault."""
        totals = self._scoring.collector.totals if self._scoring is not None else None
        return dict(sorted(totals.by_reason.items())) if totals is not None else {}

    @property
    def model_errors(self) -> tuple[str, ...]:
        """The errors of rows on which the model fails; they may quote cells."""
        if self.manifest is None or self._scoring is None:
            return ()
        return self._scoring.collector.rejected.model_errors

    def close(self) -> None:
        """Drop what was not published, and release everything.

        What a run that is not over would need again is left; a worker may still add to what one
        that failed has left, so this is called once more when there are no workers.
        """
        if self._scoring is not None:
            self._scoring.collector.rejected.let_go()  # a run may have thousands of files
        if self._file is not None:
            self._file.held.close()
            if self.is_over:
                self._file.target.drop_work()

    def _case_of(self, error: TitanicBatchError) -> Case | None:
        """Return what is in hand of a file whose header or rows are refused."""
        path, partition = self.pair.input, self.pair.file.partition
        if isinstance(error, HeaderError):
            return Case(path=path, partition=partition, sample=error.head)
        if isinstance(error, MissingColumnsError) and self._file is not None:
            return Case(path=path, partition=partition, sample=self._file.source.head())
        if isinstance(error, TooManyRejectsError) and self._scoring is not None:
            is_complete = self._all_sent and not self._on_their_way
            return self._scoring.collector.case(is_complete=is_complete)
        return None

    def _publish_if_all_taken(self, file: OpenFile, scoring: _Scoring) -> None:
        if self._all_sent and not self._on_their_way and not self.is_over:
            stop_if_interrupted()
            self._context.finisher(self._publish(file, scoring))

    def _publish(self, file: OpenFile, scoring: _Scoring) -> Steps:
        try:
            self.manifest = yield from publish_file(
                file, scoring.context, scoring.collector, self._context, self._started_at
            )
        except TitanicBatchError as exc:
            self.fail(exc)
        else:
            self.close()
