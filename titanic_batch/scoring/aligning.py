"""Align a source's columns to a model's, and say how for the manifest."""

from __future__ import annotations

from typing import Any

from titanic_batch.alignment.column_mappings import AlignmentPlan, ColumnMapping
from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.plan import MissingColumnsError, plan_alignment
from titanic_batch.errors import DataError
from titanic_batch.printable import shell_quoted
from titanic_batch.schema import TrainingSchema
from titanic_batch.sources.base import Source
from titanic_batch.sources.partition import Partition, read_partition
from titanic_batch.stores import store_of
from titanic_batch.stores.names import folder_of


def align_source(
    schema: TrainingSchema, source: Source, options: AlignmentOptions, *, path: str
) -> AlignmentPlan:
    """Plan how a source's columns feed a model; see `plan_alignment` for what it raises.

    Where what is missing stands in the names of the folders that the file lies in, the error says
    how it is read from there.
    """
    try:
        return plan_alignment(
            schema, source.schema, options, where=path, text_cells=source.text_cells
        )
    except MissingColumnsError as exc:
        exc.hint = _folder_above(path, exc.missing) or exc.hint
        raise


def _folder_above(path: str, missing: tuple[str, ...]) -> str:
    """Say which folder to score where folders beneath it are named for missing columns."""
    above = folder_of(path) or folder_of(store_of(path).resolve(path))
    parts = above.split("/")
    for count, part in enumerate(parts):
        try:
            found = read_partition(part)
        except DataError:
            continue
        if found and found[0][0] in missing:
            inputs = "/".join(parts[:count]) or ("/" if above.startswith("/") else ".")
            return (
                f"{found[0][0]} stands in the name of its folder, {part}. That is read where the "
                f"folder above is scored: `titanic-batch score {shell_quoted(inputs)} OUTPUT/`."
            )
    return ""


def alignment_entries(
    plan: AlignmentPlan, counts: AlignmentCounts | None = None, partition: Partition = ()
) -> tuple[dict[str, Any], ...]:
    """Return the manifest's `alignment`: each model column, then each dropped input column."""
    entries = [_mapping_entry(column_mapping, counts) for column_mapping in plan.column_mappings]
    entries += [{"column": None, "from": name, "action": "dropped"} for name in plan.dropped]
    values = dict(partition)
    for entry in entries:
        if entry["from"] in values:
            entry["partition"] = values[entry["from"]]
    return tuple(entries)


def _mapping_entry(column_mapping: ColumnMapping, counts: AlignmentCounts | None) -> dict[str, Any]:
    column = column_mapping.column
    entry: dict[str, Any] = {
        "column": column.name,
        "from": column_mapping.source,
        "action": column_mapping.action,
        "kind": column.kind,
        "null": "filled"
        if column_mapping.fill is not None
        else "accepted"
        if column_mapping.accepts_null
        else "reject",
    }
    if (
        column_mapping.action != "renamed"
        and column_mapping.one_hot is None
        and column_mapping.source != column.name
    ):
        entry["renamed"] = True
    if column_mapping.fill is not None:
        entry["fill"] = column_mapping.fill
    if column_mapping.mapping is not None:
        entry["map"] = column_mapping.mapping
    if column_mapping.one_hot is not None:
        entry["value"] = column_mapping.one_hot
    if (
        column.kind == "category"
        or column_mapping.one_hot is not None
        or column_mapping.mapping is not None
    ):
        entry["unknown"] = "accepted" if column_mapping.accepts_unknown else "reject"
    if counts is not None and column_mapping.fill is not None:
        entry["filled"] = counts.filled[column.name]
    if counts is not None and counts.booleans[column.name]:
        entry["booleans"] = counts.booleans[column.name]
        if entry["action"] == "as-is":
            entry["action"] = "cast"
    return entry
