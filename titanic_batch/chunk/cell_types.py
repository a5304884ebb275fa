"""Which columns of a CSV file may be read into types, as no text of theirs is needed."""

from __future__ import annotations

from titanic_batch.alignment.column_mappings import AlignmentPlan, ColumnMapping
from titanic_batch.chunk.output import OutputPlan
from titanic_batch.sources.base import Parser
from titanic_batch.sources.csv_parser import CsvParser
from titanic_batch.sources.typed_csv import CellType, with_types


def typed_parser(parser: Parser, alignment: AlignmentPlan, output: OutputPlan) -> Parser:
    """Return a parser that reads cells as alignment would read their texts.

    Args:
        parser: The file's own.
        alignment: How the model is fed.
        output: What is kept of the input.
    """
    if not isinstance(parser, CsvParser):
        return parser
    kinds: dict[str, set[CellType | None]] = {}
    for mapping in alignment.column_mappings:
        kinds.setdefault(mapping.source, set()).add(_cell_type(mapping))
    texts = {*output.kept} - output.typed | {declared.name for declared in alignment.typed}
    types = {
        source: found
        for source, (found, *others) in kinds.items()
        if found is not None and not others and source not in texts
    }
    return with_types(parser, types)


def _cell_type(mapping: ColumnMapping) -> CellType | None:
    """Return the type that a column's cells may be read as; None for texts."""
    kind = mapping.column.kind
    is_number = kind in ("number", "integer")
    plain = ColumnMapping(
        column=mapping.column,
        source=mapping.source,
        position=mapping.position,
        action=mapping.action,
        accepts_null=mapping.accepts_null,
        accepts_unknown=mapping.accepts_unknown,
        fill=mapping.fill,
        doubtful_tokens=mapping.doubtful_tokens if mapping.rejects_doubtful else (),
        rejects_doubtful=mapping.rejects_doubtful,
        takes_booleans=is_number and mapping.takes_booleans,  # true and false are no numbers
    )
    if mapping != plain or kind == "text":
        return None  # what its texts are read by is more than their column's kind
    if not is_number:
        return "dictionary"
    return "number" if kind == "number" else "integer"
