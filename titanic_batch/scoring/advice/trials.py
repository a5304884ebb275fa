"""Try options on the rows in hand: read them again, align them, ask the model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from titanic_batch.alignment.apply import Aligned, align
from titanic_batch.alignment.column_mappings import AlignmentPlan, ColumnMapping
from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.chunk.output import plan_output
from titanic_batch.chunk.task import FileContext, ScoredChunk
from titanic_batch.engine.base import ChunkTask, Engine
from titanic_batch.errors import DataError, TitanicBatchError
from titanic_batch.json_cells import values_of
from titanic_batch.predict.base import ModelInfo
from titanic_batch.schema import TrainingSchema
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import dialect_for
from titanic_batch.sinks.csv_sink import CsvFormat
from titanic_batch.sources.base import Parsed, Reading, Sample
from titanic_batch.sources.partition import Partition
from titanic_batch.sources.partitioned import partitioned_reading

#: A null is nearer to being scored than a cell that cannot be read, and that than a whole record.
_COST_OF_NULL, _COST_OF_CELL, _COST_OF_RECORD = 1, 2, 3
#: A model that raises on more of the rows in hand is not looked at row by row.
_MOST_FAILING = 50


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell that cannot feed the model.

    Attributes:
        column_mapping: How it would.
        row: 1-based row of the sample.
        text: What it holds; empty for null.
        reason: Why it cannot.
    """

    column_mapping: ColumnMapping
    row: int
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The result of scoring a sample under some options.

    Attributes:
        error: What refuses all of it, before its first row; None for nothing.
        names: The input's columns.
        plan: How the model is fed.
        row_count: The sample's rows.
        rejected: 1-based rows that are rejected, and why.
        cells: The cells that cannot feed the model.
        near_empty: Rows that are empty in most of the model's columns, such as a line of totals.
    """

    error: TitanicBatchError | None = None
    names: tuple[str, ...] = ()
    plan: AlignmentPlan | None = None
    row_count: int = 0
    rejected: dict[int, str]
    cells: tuple[Cell, ...] = ()
    near_empty: frozenset[int] = frozenset()

    @property
    def cost(self) -> int:
        """How far its rows are from being scored."""
        faulty = {cell.row for cell in self.cells}
        whole_records = sum(row not in faulty for row in self.rejected)
        nulls = sum(cell.reason == "missing-value" for cell in self.cells)
        unreadable = len(self.cells) - nulls
        return _COST_OF_RECORD * whole_records + _COST_OF_CELL * unreadable + _COST_OF_NULL * nulls


class Trials:
    """Tries options for one model.

    Args:
        engine: Asks the model; None to leave it out.
        schema: What the model expects.
        info: What it answers with.
    """

    def __init__(self, engine: Engine | None, schema: TrainingSchema, info: ModelInfo) -> None:
        self.schema = schema
        self._engine = engine
        self._info = info

    def run(
        self, sample: Sample, options: ScoreOptions, path: str, partition: Partition = ()
    ) -> Trial:
        """Score a sample of the file at `path`."""
        try:
            reading = read(sample, options, path, partition)
            plan = plan_alignment(
                self.schema,
                reading.schema,
                options.alignment,
                where=path,
                text_cells=reading.text_cells,
            )
            rejected = self._rejected(reading, plan, options, path)
            parts = [(c, reading.parser.parse(c)) for c in reading.chunks]
            aligned = [(c.first_row, p, align(plan, p.cells)) for c, p in parts]
        except TitanicBatchError as exc:
            return Trial(error=exc, rejected={})
        return Trial(
            names=tuple(reading.schema.names),
            plan=plan,
            row_count=sum(chunk.row_count for chunk in reading.chunks),
            rejected=rejected,
            cells=tuple(cell for part in aligned for cell in _cells(plan, *part)),
            near_empty=frozenset(row for part in aligned for row in _near_empty(plan, *part)),
        )

    def _rejected(
        self, reading: Reading, plan: AlignmentPlan, options: ScoreOptions, path: str
    ) -> dict[int, str]:
        output = plan_output(
            reading.schema,
            plan,
            self._info,
            keep="none",
            output_format="csv",
            prediction_column="prediction",
            probability_column="probability",
        )
        context = FileContext(
            input=path,
            parser=reading.parser,
            alignment=plan,
            output=output,
            encoder=CsvFormat(output.schema).rows,
            threshold=options.threshold,
            whole=options.allow_batch_dependence and not self._info.known_by_row,
            max_rejects=_MOST_FAILING,
        )
        rejected: dict[int, str] = {}
        results = self._map([ChunkTask(0, context, chunk) for chunk in reading.chunks])
        for chunk, result in zip(reading.chunks, results, strict=True):
            if isinstance(result, ScoredChunk):
                rejected |= {reject.row: reject.reason for reject in result.rejects}
            elif isinstance(result, DataError):  # the model fails on some of them
                rows = range(chunk.first_row, chunk.first_row + chunk.row_count)
                rejected |= dict.fromkeys(rows, "model-error")
            else:
                raise result
        return rejected

    def _map(self, tasks: list[ChunkTask]) -> list[ScoredChunk | TitanicBatchError]:
        if self._engine is not None:
            return [outcome.result for outcome in self._engine.map(tasks)]
        from titanic_batch.chunk.score import score_chunk

        return [score_chunk(task.context, task.chunk, None, None) for task in tasks]

    def fits(
        self, cells: pa.Table, column: str, source: str, options: ScoreOptions, *, is_text: bool
    ) -> float:
        """Return the share of an input column's cells, but for nulls, that a model column takes."""
        only = replace(self.schema, columns=(self.schema.column(column),))
        renamed = replace(options.alignment, rename={source: column}, fill={}, unknown={})
        renamed = replace(renamed, allow_null=frozenset(), mapping={}, types={})
        cells = cells.select([source])
        try:
            plan = plan_alignment(only, cells.schema, renamed, where="", text_cells=is_text)
            faults = align(plan, cells).faults
            given = cells.num_rows - cells.column(source).null_count
            faulty = len({f.index for f in faults if f.reason != "missing-value"})
        except TitanicBatchError:
            return 0.0
        return 1 - faulty / given if given else 0.0


def read(sample: Sample, options: ScoreOptions, path: str, partition: Partition = ()) -> Reading:
    """Read a sample of the file at `path`, which lies in a partition, as options say."""
    reading = sample.read(
        dialect_for(path, options),
        allow_no_final_newline=options.allow_no_final_newline,
    )
    return partitioned_reading(reading, partition)


def _row(parsed: Parsed, first_row: int, index: int) -> int:
    return first_row + (index if parsed.rows is None else int(parsed.rows[index]))


def _cells(plan: AlignmentPlan, first_row: int, parsed: Parsed, aligned: Aligned) -> list[Cell]:
    column_mappings: dict[int, ColumnMapping] = {}
    for column_mapping in plan.column_mappings:
        column_mappings.setdefault(column_mapping.position, column_mapping)
    found = []
    for fault in aligned.faults:
        if fault.position not in column_mappings:
            continue  # a kept column's, which no option mends
        (value,) = values_of(
            parsed.cells.column(fault.position).slice(fault.index, 1).combine_chunks()
        )
        found.append(
            Cell(
                column_mapping=column_mappings[fault.position],
                row=_row(parsed, first_row, fault.index),
                text="" if value is None else str(value),
                reason=fault.reason,
            )
        )
    return found


def _near_empty(plan: AlignmentPlan, first_row: int, parsed: Parsed, aligned: Aligned) -> list[int]:
    sources = {
        column_mapping.column.name: column_mapping.source for column_mapping in plan.column_mappings
    }
    count = len(set(sources.values()))
    if count < 2:
        return []
    nulls: Counter[int] = Counter()
    seen: set[str] = set()
    for met in aligned.observations:
        source = sources.get(met.column, "")
        if source and source not in seen:
            seen.add(source)
            # A text that says null is a cell that somebody filled in.
            nulls.update(np.setdiff1d(met.nulls, met.tokens.rows).tolist())
    return [_row(parsed, first_row, index) for index, many in nulls.items() if 2 * many > count]


def by_column_mapping(
    cells: Iterable[Cell], *reasons: str
) -> Iterator[tuple[ColumnMapping, list[Cell]]]:
    """Yield the input columns with such cells, and these; of any reason where none is given."""
    found: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells:
        if not reasons or cell.reason in reasons:
            found[cell.column_mapping.position].append(cell)
    for _, some in sorted(found.items()):
        yield some[0].column_mapping, some
