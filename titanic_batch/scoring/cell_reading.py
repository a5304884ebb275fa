"""Show how cells are read: a few of each model column's, as they stand and as the model is fed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from titanic_batch.alignment.apply import Aligned, align
from titanic_batch.alignment.column_mappings import AlignmentPlan, ColumnMapping
from titanic_batch.alignment.options import ALL_COLUMNS
from titanic_batch.alignment.readers import value_type_of
from titanic_batch.scoring.advice.flags import flags
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.sources.base import Chunk, Parsed, Parser
from titanic_batch.sources.csv_parser import CsvParser
from titanic_batch.sources.partitioned import PartitionedParser
from titanic_batch.sources.records import split_fields

_MOST_ROWS = 1000
_MOST_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class CellExample:
    """A cell as it stands in the input, and what the model is fed, or why it is a reject."""

    before: Any
    after: Any
    rejected: str | None = None

    @property
    def is_changed(self) -> bool:
        """Whether it is fed as something else than what stands there."""
        after = self.after
        if isinstance(after, float) and after.is_integer():
            after = int(after)
        return self.rejected is not None or str(self.before) not in (str(after), str(self.after))


@dataclass(frozen=True, kw_only=True)
class CellReading:
    """How the cells of a model column are read.

    Attributes:
        column: The model column.
        source: The input column that feeds it.
        read_as: The type that they are read as.
        options: The flags that have a part in it.
        examples: Some of them, those that are changed first.
    """

    column: str
    source: str
    read_as: str
    options: tuple[str, ...]
    examples: tuple[CellExample, ...]


def cell_readings(
    plan: AlignmentPlan, parser: Parser, chunk: Chunk, options: ScoreOptions
) -> tuple[CellReading, ...]:
    """Return how the first cells of each model column are read, in the model's order.

    Args:
        plan: How the model is fed.
        parser: Reads the chunk.
        chunk: The first of the input.
        options: What the user says of it.
    """
    parsed = parser.parse(chunk)
    cells = parsed.cells.slice(0, _MOST_ROWS)
    aligned = align(plan, cells)
    faults = {(fault.index, fault.position): fault.reason for fault in reversed(aligned.faults)}
    texts = _as_they_stand(parser, chunk, parsed, cells)
    readings = []
    for place, column_mapping in enumerate(plan.column_mappings):
        position = column_mapping.position
        before = [row[position] for row in texts]
        examples = [
            CellExample(before=one, after=None, rejected=faults[row, position])
            if (row, position) in faults
            else CellExample(before=one, after=_fed(aligned, place, row, column_mapping))
            for row, one in enumerate(before)
        ]
        trimmed = parsed.trimmed.get(column_mapping.source, 0) > 0
        readings.append(
            CellReading(
                column=column_mapping.column.name,
                source=column_mapping.source,
                read_as=_read_as(column_mapping),
                options=_options(column_mapping, options, before, trimmed=trimmed),
                examples=tuple(_chosen(examples)),
            )
        )
    return tuple(readings)


def _as_they_stand(
    parser: Parser, chunk: Chunk, parsed: Parsed, cells: pa.Table
) -> Sequence[Sequence[Any]]:
    """Return rows of cells as the input has them: of text, with the padding around them."""
    rows = list(zip(*(column.to_pylist() for column in cells.columns), strict=True))
    csv = parser.parser if isinstance(parser, PartitionedParser) else parser
    if not isinstance(csv, CsvParser) or not csv.dialect.trim:
        return rows
    numbers = range(len(rows)) if parsed.rows is None else parsed.rows[:_MOST_ROWS].tolist()
    found = []
    for row, record in zip(rows, parser.raw_records(chunk, numbers), strict=True):
        fields = split_fields(record.text.encode(), csv.dialect)
        # What stands behind them comes from the names of folders.
        texts = [field.text.decode() or None for field in fields]
        found.append((*texts, *row[len(texts) :]))
    return found


def _fed(aligned: Aligned, place: int, row: int, column_mapping: ColumnMapping) -> Any:
    value = aligned.features[place][row]
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if value.is_integer() and pa.types.is_integer(value_type_of(column_mapping.column)):
            return int(value)
    return value


def _read_as(column_mapping: ColumnMapping) -> str:
    if column_mapping.one_hot is not None:
        return f"1 where {column_mapping.one_hot}"
    return "mapped" if column_mapping.mapping is not None else column_mapping.column.kind


def _chosen(examples: list[CellExample]) -> list[CellExample]:
    """Return a few that differ, those that show most."""
    different: dict[str, CellExample] = {}
    for one in examples:
        different.setdefault(str(one.before), one)
    ranked = sorted(different.values(), key=lambda one: (not one.is_changed, one.before is None))
    return ranked[:_MOST_EXAMPLES]


def _options(
    column_mapping: ColumnMapping, options: ScoreOptions, cells: list[Any], *, trimmed: bool
) -> tuple[str, ...]:
    name, source, raw = column_mapping.column.name, column_mapping.source, column_mapping.raw_name
    numbers = {} if column_mapping.numbers.is_plain else {"decimal", "thousands"}
    mapping = {name: options.map[name]} if name in options.map else {}
    own = replace(
        ScoreOptions(),
        **{one: getattr(options, one) for one in numbers},
        trim=options.trim and trimmed,
        null=tuple(token for token in options.null if token in set(cells)),
        rename={old: new for old, new in options.rename.items() if old == source},
        map=mapping,
        fill={one: value for one, value in options.fill.items() if one in (name, raw)},
        allow_null=tuple(one for one in options.allow_null if one in (name, raw)),
        unknown={
            one: answer
            for one, answer in options.unknown.items()
            if one in (name, raw, source, ALL_COLUMNS)
        },
    )
    return tuple(flags(ScoreOptions(), own))
