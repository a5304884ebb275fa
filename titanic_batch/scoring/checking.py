"""Check an input: how each model column is fed, and what would be rejected, without writing."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.alignment.plan import MissingColumnsError
from titanic_batch.chunk.output import plan_output
from titanic_batch.chunk.task import FileContext
from titanic_batch.engine.base import ChunkTask, Engine
from titanic_batch.engine.serial import SerialEngine
from titanic_batch.errors import (
    DataError,
    InputMissingError,
    RowDependenceError,
    TitanicBatchError,
)
from titanic_batch.models import VerifiedModel
from titanic_batch.predict.base import ModelDescription
from titanic_batch.publish.manifest import ModelInfo
from titanic_batch.publish.rejects import Reject
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.advice.giving import Adviser
from titanic_batch.scoring.aligning import align_source, alignment_entries
from titanic_batch.scoring.cell_reading import CellReading, cell_readings
from titanic_batch.scoring.choosing import PredictorChoice, choose_predictor, kept_predictor
from titanic_batch.scoring.finding import InputFile, find_inputs
from titanic_batch.scoring.model import open_chosen_model
from titanic_batch.scoring.null_texts import null_text_warnings
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import source_of
from titanic_batch.scoring.refusing import is_refused, refusal, refuse_two_spellings
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.rejected_rows import RejectedRows
from titanic_batch.scoring.report import RunTotals, model_info, plain_counts
from titanic_batch.scoring.trying import RowTrial, trial_of
from titanic_batch.sinks.csv_sink import CsvFormat
from titanic_batch.sources.base import Chunk, Source
from titanic_batch.sources.csv_source import HeaderError

_MOST_REJECTS = 1000


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """The result of checking one input.

    Attributes:
        input: Its path.
        model: The manifest's `model`.
        alignment: The manifest's `alignment`.
        complete: Whether every row was looked at.
        rows_checked: How many were.
        rejected: How many of them would be rejected.
        by_reason: Those by their first fault.
        rejects: The first of them.
        predictor: What would predict: `compiled`, or `scikit-learn (why)`.
        nulls: Null cells by model column.
        null_tokens: Column, text that was read as null, how often.
        unknown_categories: Column, value, how often.
        warnings: What loading the model brought up, and texts that look like nulls.
        cells: How each model column's cells are read, with examples.
        trimmed: Cells that had padding around them, by input column.
        empty_lines: Empty lines at the end, where all of it was read.
    """

    input: str
    model: ModelInfo
    alignment: tuple[dict[str, Any], ...]
    complete: bool
    rows_checked: int
    rejected: int
    by_reason: dict[str, int]
    rejects: tuple[Reject, ...]
    predictor: str
    nulls: dict[str, int]
    null_tokens: dict[str, dict[str, int]]
    unknown_categories: dict[str, dict[str, int]]
    warnings: tuple[str, ...]
    cells: tuple[CellReading, ...] = ()
    trimmed: dict[str, int] = field(default_factory=dict)
    empty_lines: int = 0


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """The report on one input, or the error that it would end in.

    Attributes:
        input: Its path.
        report: What would happen to it; None where it cannot even be read.
        error: Why `score` would not publish it; None where it would, as far as was looked.
    """

    input: str
    report: CheckReport | None
    error: TitanicBatchError | None


def check_files(input: str, options: ScoreOptions, *, full: bool) -> list[CheckedFile]:
    """Check an input, or each file of a folder or glob, against a model.

    Args:
        input: A file, folder, glob, or `-`.
        options: As for scoring.
        full: Look at every row, not only at the first chunk.

    Raises:
        RowDependenceError: if the model's score of a row depends on the rows beside it.
        TitanicBatchError: for everything that would stop `score` before its first file.
    """
    reject_limit(options.max_rejects)
    model = open_chosen_model(options)
    engine = SerialEngine(model)
    description = engine.describe()
    kept = kept_predictor(model.sha256, model.schema)
    predictor = choose_predictor(engine, model, kept, input_bytes=0)
    adviser = Adviser(engine, description, options)
    trial = trial_of(description.info, options)
    files = []
    for found in find_inputs(input):
        check = _Check(found, model, engine, options, trial, predictor=predictor)
        try:
            report: CheckReport | None = check.report(full=full)
            error: TitanicBatchError | None = check.error
        except RowDependenceError:
            raise  # it is the model's, whatever the file
        except TitanicBatchError as exc:
            report, error = None, exc
        if error is not None and check.case is not None:
            adviser.hint(error, check.case)
        files.append(CheckedFile(input=found.path, report=report, error=error))
    return files


@dataclass(kw_only=True)
class _CheckedRows:
    """The totals and rejects of the rows that were checked."""

    totals: RunTotals = field(default_factory=RunTotals)
    rejects: list[Reject] = field(default_factory=list)
    rejected: RejectedRows = field(default_factory=RejectedRows)

    def check(
        self, engine: Engine, trial: RowTrial, context: FileContext, chunks: Iterator[Chunk]
    ) -> None:
        """Look at chunks, one after the other, as scoring would."""
        for chunk in chunks:
            (outcome,) = trial.map(engine, iter([ChunkTask(0, context, chunk)]))
            if isinstance(outcome.result, TitanicBatchError):
                raise outcome.result
            self.totals.add(outcome.result)
            self.rejected.add(chunk, outcome.result)
            self.rejects.extend(outcome.result.rejects[: _MOST_REJECTS - len(self.rejects)])


class _Check:
    """Looks at one file.

    Attributes:
        error: What it would be refused for.
        case: What is in hand of a file that would be.
    """

    def __init__(
        self,
        file: InputFile,
        model: VerifiedModel,
        engine: Engine,
        options: ScoreOptions,
        trial: RowTrial,
        *,
        predictor: PredictorChoice,
    ) -> None:
        self.error: DataError | None = None
        self.case: Case | None = None
        self._file = file
        self._path = file.path
        self._model = model
        self._engine = engine
        self._options = options
        self._trial = trial
        self._predictor = predictor

    def report(self, *, full: bool) -> CheckReport:
        """Look at its rows; raises what `score` would before its first row."""
        try:
            source = source_of(self._file, self._options)
        except HeaderError as exc:
            self.case = Case(path=self._path, partition=self._file.partition, sample=exc.head)
            raise
        try:
            return self._report(source, full=full)
        except MissingColumnsError:
            self.case = Case(path=self._path, partition=self._file.partition, sample=source.head())
            raise
        finally:
            source.close()

    def _report(self, source: Source, *, full: bool) -> CheckReport:
        path, options, description = self._path, self._options, self._engine.describe()
        plan = align_source(description.schema, source, options.alignment, path=path)
        checked = _CheckedRows()
        chunks, first = _with_first(source.chunks())
        # Two, for a last record without a newline is a chunk of its own.
        some = chunks if full else itertools.islice(chunks, 2)
        checked.check(self._engine, self._trial, self._context(source, plan, description), some)
        complete = full or next(chunks, None) is None
        empty_lines = source.info().empty_lines if complete else 0
        totals = checked.totals
        if totals.read == 0 and not options.allow_empty:
            raise InputMissingError("the input has a header and no data rows", where=path)
        refuse_two_spellings(plan, totals.counts, options, path=path)
        if is_refused(totals, options):
            self.error = refusal(totals, checked.rejects, options, path=path)
            self.case = checked.rejected.case_of(path, source, totals, is_complete=complete)
        elif not complete and not options.allow_no_final_newline:
            self._look_at_the_end(source)
        return CheckReport(
            input=path,
            model=model_info(self._model, description),
            alignment=alignment_entries(plan, totals.counts, source.partition),
            complete=complete,
            rows_checked=totals.read,
            rejected=totals.rejected,
            by_reason=dict(sorted(totals.by_reason.items())),
            rejects=tuple(checked.rejects),
            predictor=self._predictor.words,
            nulls=dict(sorted(totals.counts.nulls.items())),
            null_tokens=plain_counts(totals.counts.null_tokens),
            unknown_categories=_plain(totals.counts.unknown),
            warnings=(*description.warnings, *null_text_warnings(plan, totals.counts)),
            cells=cell_readings(plan, source.parser, first, options) if first is not None else (),
            trimmed=dict(sorted(totals.trimmed.items())),
            empty_lines=empty_lines,
        )

    def _context(
        self, source: Source, plan: AlignmentPlan, description: ModelDescription
    ) -> FileContext:
        """Return a context that has the model predict, and keeps no input columns."""
        output = plan_output(
            source.schema,
            plan,
            description.info,
            keep="none",
            output_format="csv",
            prediction_column="prediction",
            probability_column="probability",
        )
        limit = reject_limit(self._options.max_rejects)
        return FileContext(
            input=self._path,
            parser=source.parser,
            alignment=plan,
            output=output,
            encoder=CsvFormat(output.schema).rows,
            threshold=self._options.threshold,
            whole=self._options.allow_batch_dependence and not description.info.known_by_row,
            max_rejects=limit.count or 0,
            max_reject_share=limit.share or 0.0,
        )

    def _look_at_the_end(self, source: Source) -> None:
        end = source.unterminated_end()
        if end is not None:
            self.error = DataError(
                "the last record has no newline, so the file may be cut short", where=self._path
            )
            self.case = Case(
                path=self._path, partition=self._file.partition, sample=end, is_complete=False
            )


def _with_first(chunks: Iterator[Chunk]) -> tuple[Iterator[Chunk], Chunk | None]:
    """Return chunks, all of them still, and the first of them."""
    first = next(chunks, None)
    return (chunks, None) if first is None else (itertools.chain([first], chunks), first)


def _plain(unknown: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {column: dict(values.most_common(100)) for column, values in sorted(unknown.items())}
