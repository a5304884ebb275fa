"""What a file's header might mean: another delimiter or encoding, lines before it, other names."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import pyarrow as pa

from titanic_batch.alignment.names import Names
from titanic_batch.alignment.plan import MissingColumnsError, plan_alignment
from titanic_batch.errors import TitanicBatchError
from titanic_batch.schema import ColumnSchema, TrainingSchema
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.advice.changes import Change
from titanic_batch.scoring.advice.encodings import likely_encodings
from titanic_batch.scoring.advice.trials import Trials, read
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import dialect_for
from titanic_batch.sources.base import Sample
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.records import bare_faults, split_fields, strip_newline, trimmed
from titanic_batch.sources.sample import CsvSample
from titanic_batch.unnamed import with_names

_DELIMITERS = (b",", b";", b"\t", b"|")
_MOST_SKIPPED = 10
_MOSTLY = 0.5
#: Whose columns are nothing like the model's, or are thousands, is no file with other names.
_MOST_RENAMED, _MOST_TRIED = 50, 500
_NAMES = {b",": "commas", b";": "semicolons", b"\t": "tabs", b"|": "vertical bars"}


@dataclass(frozen=True, kw_only=True)
class _Header:
    dialect: Dialect
    names: tuple[str, ...]


def shape_changes(
    sample: CsvSample, options: ScoreOptions, path: str, schema: TrainingSchema
) -> list[Change]:
    """Return what makes a header of the file's beginning that has the model's columns.

    Returns:
        As few changes as possible; none where there are none, or none is needed.
    """
    declared = dialect_for(path, options)
    best: _Header | None = None
    fewest = len(schema.columns)
    if len(schema.columns) > 1:
        fewest = len(schema.columns) // 2 + 1  # half of them must be there, for it to be one
    for header in _headers(sample, declared):
        missing = _missing(header, options, schema)
        if missing < fewest:
            best, fewest = header, missing
        if missing == 0:
            break
    return _changes(best, declared) if best is not None else []


def _changes(header: _Header, declared: Dialect) -> list[Change]:
    found = []
    if header.dialect.encoding != declared.encoding:
        found.append(
            Change(
                why=f"It is not {declared.encoding} text, but can be read as "
                f"{header.dialect.encoding}",
                options={"encoding": header.dialect.encoding},
            )
        )
    skip = header.dialect.skip_lines
    if skip != declared.skip_lines:
        first = "A line that is no part of the table stands first"
        if skip != 1:
            first = f"{skip} lines that are no part of the table stand first"
        if skip == 0:
            first = "The header is the first line"
        found.append(Change(why=first, options={"skip_lines": skip}))
    if header.dialect.delimiter != declared.delimiter:
        found.append(
            Change(
                why=f"Its columns are parted by {_NAMES[header.dialect.delimiter]}",
                options={"delimiter": header.dialect.delimiter.decode()},
            )
        )
    return found


def _headers(sample: CsvSample, declared: Dialect) -> Iterator[_Header]:
    """Yield what the header might be, the declared way first, and fewer changes before more."""
    encodings = [declared.encoding, *likely_encodings(sample.raw, declared.encoding)]
    delimiters = sorted(_DELIMITERS, key=lambda mark: mark != declared.delimiter)
    if declared.delimiter not in delimiters:
        delimiters.insert(0, declared.delimiter)
    ways = sorted(
        product(encodings, delimiters, range(_MOST_SKIPPED + 1)),
        key=lambda way: (
            (way[0] != declared.encoding)
            + (way[1] != declared.delimiter)
            + abs(way[2] - declared.skip_lines)
        ),
    )
    lines: dict[str, list[bytes]] = {}
    for encoding, delimiter, skip in ways:
        if encoding not in lines:
            lines[encoding] = _lines(sample, encoding)
        if skip >= len(lines[encoding]):
            continue
        dialect = replace(declared, encoding=encoding, delimiter=delimiter, skip_lines=skip)
        fields = trimmed(split_fields(lines[encoding][skip], dialect), dialect)
        if bare_faults(fields) is not None:
            continue
        try:
            names = tuple(field.text.decode() for field in fields)
        except UnicodeDecodeError:
            continue
        named = [name for name in names if name.strip()]
        if len(set(named)) == len(named) > 0 and not any("\0" in name for name in named):
            yield _Header(dialect=dialect, names=with_names(names))


def _lines(sample: CsvSample, encoding: str) -> list[bytes]:
    try:
        text = sample.text(encoding)
    except TitanicBatchError:
        return []
    text = text.removeprefix(codecs.BOM_UTF8)
    lines = text.split(b"\n", _MOST_SKIPPED + 1)[: _MOST_SKIPPED + 1]
    return [strip_newline(line + b"\n") for line in lines]


def _missing(header: _Header, options: ScoreOptions, schema: TrainingSchema) -> int:
    inputs = pa.schema([(name, pa.string()) for name in header.names])
    try:
        plan_alignment(schema, inputs, options.alignment, where="", text_cells=True)
    except MissingColumnsError as exc:
        return len(exc.missing)
    except TitanicBatchError:
        return len(schema.columns)
    return 0


def rename_changes(
    sample: Sample, options: ScoreOptions, case: Case, trials: Trials
) -> list[Change]:
    """Return what gives every missing model column another column of the input, or nothing.

    What an input column holds must fit.
    """
    try:
        reading = read(sample, options, case.path, case.partition)
    except TitanicBatchError:
        return []
    schema = trials.schema
    try:
        plan_alignment(
            schema, reading.schema, options.alignment, where="", text_cells=reading.text_cells
        )
        return []
    except MissingColumnsError as exc:
        missing, taken = exc.missing, exc.sources | options.rename.keys()
    except TitanicBatchError:
        return []
    if len(missing) > _MOST_RENAMED:
        return []
    try:
        cells = pa.concat_tables(reading.parser.parse(chunk).cells for chunk in reading.chunks)
    except (TitanicBatchError, pa.ArrowException):
        return []
    renames: dict[str, str] = {}
    free = [name for name in reading.schema.names if name not in taken]
    for name in missing:
        source = _likely_source(
            schema.column(name),
            [one for one in free if one not in renames],
            lambda column, one: trials.fits(
                cells, column, one, options, is_text=reading.text_cells
            ),
        )
        if source is None:
            return []
        renames[source] = name
    if not renames:
        return []
    pairs = ", ".join(f"{old} for {new}" for old, new in renames.items())
    return [
        Change(
            why=f"If these are other names for the same things ({pairs}), say so",
            options={"rename": renames},
        )
    ]


def _likely_source(
    column: ColumnSchema, free: list[str], fits: Callable[[str, str], float]
) -> str | None:
    """Return the column that is named most alike; else the only one that holds its categories."""
    names = Names(free)
    for name in [*names.alike(column.name), *names.nearest(column.name)]:
        if fits(column.name, name) > _MOSTLY:
            return name
    if column.kind != "category" or not all(isinstance(c, str) for c in column.categories or ()):
        return None
    if len(free) > _MOST_TRIED:
        return None
    holding = [name for name in free if fits(column.name, name) == 1]
    return holding[0] if len(holding) == 1 else None
