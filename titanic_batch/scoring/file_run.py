"""One input file on its way through a run: opened, cut, its results written in order, published."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from titanic_batch.alignment.plan import MissingColumnsError
from titanic_batch.chunk.kept import Keeper
from titanic_batch.chunk.profile import ProfilePlan, plan_profile
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.errors import (
    DataError,
    InputMissingError,
    TitanicBatchError,
    TooManyRejectsError,
)
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.publish.manifest import FileInfo, Manifest, RowCounts
from titanic_batch.publish.together import Steps
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.context import RunContext
from titanic_batch.scoring.guarding import GuardDecision, PublishRequest
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.reading import source_of
from titanic_batch.scoring.refusing import is_refused, refusal
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.rejected_rows import RejectedRows
from titanic_batch.scoring.report import RunTotals, build_manifest
from titanic_batch.scoring.sizes import chunk_bytes
from titanic_batch.scoring.targets import Target, target_of
from titanic_batch.sinks.base import Format, Sink
from titanic_batch.sources.base import Chunk, Source
from titanic_batch.sources.csv_source import HeaderError

if TYPE_CHECKING:
    from titanic_batch.scoring.advice.giving import Adviser

#: A run that has failed for its rejects lists at most so many of them.
_MOST_FAILED_REJECTS = 100_000


class FileRun:
    """Scores one input into one output: `work` gives chunks, `take` takes each result, in order.

    When the last result is in, the output is published. `error` or `manifest` says how it ended.

    Args:
        pair: The input and its output.
        context: What the files of the run share.
    """

    def __init__(self, pair: FilePair, context: RunContext) -> None:
        self.pair = pair
        self.tally = RunTotals()
        self.manifest: Manifest | None = None  # what was published
        self.error: TitanicBatchError | None = None
        self._context = context
        self._options = options = context.options
        self._limit = reject_limit(options.max_rejects)
        self._started_at = datetime.now(UTC)
        self._held = contextlib.ExitStack()
        self._rejected = RejectedRows()
        self._failing = False
        self._whole_file: bytes | None = None
        self._on_their_way: deque[tuple[int, Chunk]] = deque()  # and what was read up to each
        self._case: Case | None = None
        self.bytes_done = 0  # of the input; what its chunks' results are in for
        self._all_sent = False

    @property
    def is_over(self) -> bool:
        """Whether it was published, or failed."""
        return self.manifest is not None or self.error is not None

    def work(self) -> Iterator[tuple[FileContext, Chunk]]:
        """Open everything and yield the input's chunks, until all are sent or the run is over."""
        try:
            self._open()
            for chunk in self._source.chunks():
                self._on_their_way.append((self._source.bytes_read, chunk))
                yield self._task, chunk
                if self.is_over:
                    return
            self._source.release()  # a run may have thousands more to open
            self._all_sent = True
            self._finish_if_all_taken()
        except TitanicBatchError as exc:
            self.fail(exc)

    def take(self, result: ScoredChunk | TitanicBatchError) -> None:
        """Take the next chunk's result."""
        self.bytes_done, chunk = self._on_their_way.popleft()
        if self.is_over:
            return
        try:
            if isinstance(result, TitanicBatchError):
                raise result
            self._rejected.add(chunk, result)
            self._write(result)
            self._finish_if_all_taken()
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
        """Say what lets a refused file through, if anything does."""
        if self.error is not None and self._case is not None:
            adviser.hint(self.error, self._case)
            self._case = None

    def _case_of(self, error: TitanicBatchError) -> Case | None:
        """Return what is in hand of a file whose header or rows are refused."""
        path = self.pair.input
        if isinstance(error, HeaderError):
            return Case(path=path, sample=error.head)
        if isinstance(error, MissingColumnsError):
            return Case(path=path, sample=self._source.head())
        if not isinstance(error, TooManyRejectsError):
            return None
        is_complete = self._all_sent and not self._on_their_way
        return self._rejected.case_of(path, self._source, self.tally, is_complete=is_complete)

    def close(self) -> None:
        """Drop what was not published, and release everything.

        What a run that is not over would need again is left; a worker may still add to what one
        that failed has left, so this is called once more when there are no workers.
        """
        self._rejected.let_go()  # a run may have thousands of files
        self._held.close()
        if self.is_over and hasattr(self, "_target"):
            self._target.drop_work()

    def _open(self) -> None:
        options = self._options
        self._source: Source = source_of(self.pair.input, options)
        self._held.callback(self._source.close)
        self._target: Target = target_of(self.pair, options, self._context.stale_files)
        self._held.callback(self._target.close)
        self._target.open()
        plan = self._context.planner.plan(self.pair, self._source)
        self._alignment = plan.alignment
        self._format: Format = plan.format
        work = self._target.open_work(self._context.fingerprint)
        self._task = FileContext(
            input=self.pair.input,
            parser=self._source.parser,
            alignment=self._alignment,
            output=plan.output,
            encoder=plan.format.rows,
            file_encoder=plan.file_encoder,
            threshold=options.threshold,
            keeper=Keeper(work) if work is not None else None,
            profile=self._profile_plan(),
            whole=self._may_depend,
            max_rejects=self._limit.count or 0,
            max_reject_share=self._limit.share or 0.0,
        )

    @property
    def _may_depend(self) -> bool:
        """Whether a row's score may depend on the rows beside it, as the user allows."""
        facts = self._context.planner.description.facts
        return self._options.allow_batch_dependence and not facts.known_by_row

    def _warnings(self) -> tuple[str, ...]:
        """Return what the manifest warns of besides; it quotes no cell."""
        warnings = []
        if self._may_depend:
            size = chunk_bytes(self.pair.input, self._options)
            warnings.append(
                "a row's score may depend on the rows of its chunk, of which each holds "
                f"{size:,} bytes of the input at most (--allow-batch-dependence)"
            )
        if kinds := self._rejected.model_error_kinds:
            warnings.append(f"the model fails on rows that were rejected: {', '.join(kinds)}")
        return tuple(warnings)

    @property
    def model_errors(self) -> tuple[str, ...]:
        """What the model said of rows on which it fails; it may quote their cells."""
        return self._rejected.model_errors if self.manifest is not None else ()

    def _profile_plan(self) -> ProfilePlan | None:
        guard, description = self._context.guard, self._context.planner.description
        if guard is None or not guard.profiles:
            return None
        return plan_profile(self._alignment, description.schema, description.facts)

    def _write(self, result: ScoredChunk) -> None:
        self.tally.add(result)
        self._target.add_rejects(result.rejects)
        if self._failing:
            if self.tally.rejected > _MOST_FAILED_REJECTS:
                raise self._too_many_rejects()
            return
        if self._limit.exceeded_by(self.tally.rejected, self.tally.read, finished=False):
            self._failing = True
            self._task = replace(
                self._task, output=None, encoder=None
            )  # validate only, from now on
            return
        if result.is_file:
            self._whole_file = result.payload
        elif result.payload:
            self._sink.write(result.payload)

    @cached_property
    def _sink(self) -> Sink:
        """Writes the output, where it does not come as a whole file."""
        sink = self._format.open(self._target.file)
        self._held.callback(sink.close)
        return sink

    def _finish_if_all_taken(self) -> None:
        if self._all_sent and not self._on_their_way and not self.is_over:
            stop_if_interrupted()
            self._context.finisher(self._finish())

    def _finish(self) -> Steps:
        try:
            yield from self._publish()
        except TitanicBatchError as exc:
            self.fail(exc)

    def _publish(self) -> Steps:
        tally = self.tally
        if tally.read != tally.scored + tally.rejected:
            raise TitanicBatchError(
                f"rows do not add up: {tally.read} read, {tally.scored} scored, "
                f"{tally.rejected} rejected",
                where=self.pair.input,
                hint="Please report it; nothing was published.",
            )
        facts = self._source.facts()
        if tally.read == 0 and not self._options.allow_empty:
            raise InputMissingError(
                "the input has a header and no data rows",
                where=self.pair.input,
                hint="If that is right, publish an empty output with --allow-empty.",
            )
        if self._failing or is_refused(tally, self._options):
            raise self._too_many_rejects()
        admission = self._admitted()
        whole, self._whole_file = self._whole_file, None
        if whole is not None:
            self._target.file.write(whole)
        else:
            self._sink.finish()
        output = yield from self._target.seal()
        manifest = build_manifest(
            run_id=self._target.run_id,
            started_at=self._started_at,
            facts=self._context.facts,
            alignment=self._alignment,
            tally=tally,
            input=FileInfo(
                path=facts.path, format=facts.format, bytes=facts.bytes, sha256=facts.sha256
            ),
            output=output,
            rejects_path=self._target.rejects_path,
            admission=admission,
            warnings=self._warnings(),
        )
        yield from self._target.commit(
            manifest, keeps_replaced=admission is not None and admission.keeps_replaced
        )
        self.manifest = manifest
        self.close()

    def _admitted(self) -> GuardDecision | None:
        """Ask the guard, where there is one; it raises where nothing is to be published."""
        context, tally = self._context, self.tally
        if context.guard is None:
            return None
        candidate = PublishRequest(
            input=self.pair.input,
            output=self.pair.output.data if self.pair.output is not None else None,
            rows=RowCounts(read=tally.read, scored=tally.scored, rejected=tally.rejected),
            nulls=tally.counts.nulls,
            schema=context.planner.description.schema,
            plan=self._task.profile,
            profile=tally.profile,
        )
        try:
            return context.guard(candidate)
        except DataError as exc:
            if kept := self._target.keep_failed_rejects():
                exc.hint = f"What was rejected is in {kept}. {exc.hint}"
            raise

    def _too_many_rejects(self) -> DataError:
        kept = self._target.keep_failed_rejects()
        return refusal(
            self.tally,
            self._rejected.first,
            self._options,
            path=self.pair.input,
            hint=f"See {kept}." if kept else "",
        )
