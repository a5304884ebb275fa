"""Which columns a format can hold, and how columns of JSON are written in it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.errors import UsageError
from titanic_batch.json_cells import NESTED, is_json, plain_texts
from titanic_batch.printable import shell_quoted
from titanic_batch.sinks.names import OutputFormat

#: How files of each format are called in messages.
_FORMATS = {"csv": "CSV", "jsonl": "JSON Lines"}


def _is_writable(kind: pa.DataType, output_format: OutputFormat) -> bool:
    if output_format == "parquet":
        return True
    if output_format == "csv" and (pa.types.is_nested(kind) or kind == NESTED):
        return False
    return not _holds_binary(kind)


def _holds_binary(kind: pa.DataType) -> bool:
    if pa.types.is_nested(kind):
        return any(_holds_binary(kind.field(at).type) for at in range(kind.num_fields))
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _rest(fields: list[pa.Field], output_format: OutputFormat) -> str:
    """Return the columns that a format can hold, as --keep takes them."""
    names = [field.name for field in fields if _is_writable(field.type, output_format)]
    if not names or any("," in name for name in names) or ",".join(names) in ("all", "none"):
        return "none"
    return ",".join(names)


def refuse_unwritable(fields: list[pa.Field], output_format: OutputFormat) -> None:
    """Refuse a column that a format cannot hold; raises UsageError."""
    for field in fields:
        if not _is_writable(field.type, output_format):
            what = "objects or lists" if is_json(field.type) else field.type
            rest = shell_quoted(_rest(fields, output_format))
            raise UsageError(
                f"column {field.name} is {what}, which {_FORMATS[output_format]} cannot hold",
                hint=f"Write Parquet, or leave it out: --keep {rest}",
            )


def plain_columns(
    fields: Sequence[pa.Field], alignment: AlignmentPlan, output_format: OutputFormat
) -> frozenset[str]:
    """Return the columns of JSON whose texts are written as they are.

    CSV has no types anyway. What the model reads as one kind of value is text in Parquet, whatever
    a record that is rejected has in its place.
    """
    fed = {column_mapping.source for column_mapping in alignment.column_mappings}
    return frozenset(
        one.name
        for one in fields
        if is_json(one.type)
        and (output_format == "csv" or (output_format == "parquet" and one.name in fed))
    )


def json_column(column: pa.ChunkedArray, kind: pa.DataType, *, plain: bool) -> pa.Array:
    """Return a column of JSON as the output's type holds it.

    Args:
        column: Its cells.
        kind: The output's type: that of JSON itself, or text.
        plain: Whether texts are written as they are.
    """
    cells = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if plain:
        return plain_texts(cells)
    return cells if is_json(kind) else cells.storage.cast(kind)
