"""Plan an alignment: find each model column's source in an input, or say what is missing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from itertools import islice

import pyarrow as pa

from titanic_batch.alignment.column_mappings import Action, AlignmentPlan, ColumnMapping
from titanic_batch.alignment.given import (
    MOST_NAMED,
    Given,
    accepts_unknown,
    find_input,
    shown_dummies,
    value_for,
)
from titanic_batch.alignment.kept_types import typed_columns
from titanic_batch.alignment.names import Names, prefixes
from titanic_batch.alignment.number_format import PLAIN_NUMBERS
from titanic_batch.alignment.one_hot import one_hot_mapping
from titanic_batch.alignment.option_checks import check_options, check_options_used
from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.readers import value_type_of
from titanic_batch.alignment.types import cast_needed, mismatch
from titanic_batch.errors import DataError
from titanic_batch.nulls import READ_AS_NULL
from titanic_batch.schema import ColumnSchema, Scalar, TrainingSchema
from titanic_batch.unnamed import unnamed_in


class MissingColumnsError(DataError):
    """Model columns have no source; `missing` names them, `sources` those of the others."""

    missing: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset()


def plan_alignment(
    schema: TrainingSchema,
    inputs: pa.Schema,
    options: AlignmentOptions,
    *,
    where: str,
    text_cells: bool,
) -> AlignmentPlan:
    """Plan how the columns of an input feed a model.

    Args:
        schema: What the model expects.
        inputs: The input's columns and types.
        options: What the user says of them.
        where: The input's name, for errors.
        text_cells: Whether every cell is text that is still to be read (CSV).

    Raises:
        MissingColumnsError: if model columns have no source.
        DataError: if one has a source of a type that can't be its own.
        UsageError: if an option names a column that does not exist.
    """
    check_options(schema, inputs.names, options)
    given = Given(
        schema=schema,
        wanted=Names(schema.names),
        one_hot={source.name: source for source in schema.one_hot},
        shown=shown_dummies(schema),
        inputs=inputs,
        others=Names(name for name in inputs.names if name not in options.rename),
        renamed={new: old for old, new in options.rename.items()},
        options=options,
        text_cells=text_cells,
        unnamed=unnamed_in(inputs),
    )
    column_mappings: list[ColumnMapping] = []
    missing: list[str] = []
    for column in schema.columns:
        column_mapping = _mapping_of(column, given)
        if column_mapping is None:
            missing.append(column.name)
        else:
            column_mappings.append(column_mapping)
    if missing:
        error = _missing(missing, given.others, where)
        error.sources = frozenset(column_mapping.source for column_mapping in column_mappings)
        raise error
    check_options_used(column_mappings, options)
    problems = [
        problem
        for column_mapping in column_mappings
        if (problem := mismatch(inputs.field(column_mapping.position).type, column_mapping))
        is not None
    ]
    if problems:
        raise DataError(
            "; ".join(problems), where=where, hint="Convert the column in the input first."
        )
    used = {column_mapping.source for column_mapping in column_mappings}
    return AlignmentPlan(
        column_mappings=tuple(column_mappings),
        dropped=tuple(name for name in inputs.names if name not in used),
        named=schema.named,
        null_tokens=options.null_tokens,
        typed=typed_columns(inputs, used, options, text_cells=text_cells),
        numbers=options.numbers if text_cells else PLAIN_NUMBERS,
    )


def _mapping_of(column: ColumnSchema, given: Given) -> ColumnMapping | None:
    inputs, options, text_cells = given.inputs, given.options, given.text_cells
    mapping = options.mapping.get(column.name)
    if mapping is None and column.mapping is not None:
        mapping = dict(column.mapping)
    if mapping is not None:
        mapping = {text: value_for(column, value, "--map") for text, value in mapping.items()}
    fill = options.fill.get(column.name, column.fill)
    if fill is not None:
        fill = value_for(column, fill, "--fill")
    source = _source(column, given)
    if source is None:
        return one_hot_mapping(column, given)
    position = inputs.get_field_index(source)
    action: Action = "as-is"
    if mapping is not None:
        action = "mapped"
    elif fill is not None:
        action = "filled"
    elif source != column.name:
        action = "renamed"
    elif not text_cells and cast_needed(inputs.field(position).type, column):
        action = "cast"
    return ColumnMapping(
        column=column,
        source=source,
        position=position,
        action=action,
        accepts_null=column.accepts_null or column.name in options.allow_null,
        accepts_unknown=accepts_unknown(column.accepts_unknown, (column.name, source), options),
        fill=fill,
        mapping=mapping,
        null_tokens=tuple(dict.fromkeys((*options.null_tokens, *column.null_tokens))),
        doubtful_tokens=_doubtful(column, options) if text_cells and mapping is None else (),
        rejects_doubtful=not accepts_unknown(False, (column.name, source), options),
        takes_booleans=column.binary or _is_dummy(column.name, given.wanted),
        numbers=options.numbers if text_cells and _is_number(column, mapping) else PLAIN_NUMBERS,
    )


def _is_number(column: ColumnSchema, mapping: dict[str, Scalar] | None) -> bool:
    """Return whether a column's cells are read as numbers."""
    kind = value_type_of(column)
    return mapping is None and (pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _doubtful(column: ColumnSchema, options: AlignmentOptions) -> tuple[str, ...]:
    """Return the texts that pandas would take for null, and that are none of what is known here."""
    known: set[Scalar] = {*options.null_tokens, *column.null_tokens}
    if column.kind == "category" and column.categories:
        known |= set(column.categories)
        if not all(isinstance(category, str) for category in column.categories):
            return ()  # among numbers and booleans they are null
    elif column.kind != "text":
        return ()
    return tuple(token for token in READ_AS_NULL if token not in known)


def _source(column: ColumnSchema, given: Given) -> str | None:
    if column.name in given.renamed:
        return given.renamed[column.name]
    names = given.others
    if column.source is not None and column.source in names:
        return column.source
    alike = given.wanted.alike(column.name)
    if column.name not in names and len([name for name in alike if name not in names]) > 1:
        return None  # one input column cannot tell which of them it means
    return find_input(column.name, given)


def _is_dummy(name: str, wanted: Names) -> bool:
    return any(
        len(list(islice(wanted.starting(f"{prefix}_"), 2))) > 1  # one is the name itself
        for prefix in prefixes(name)
    )


def _form_of(name: str, near: Iterable[str]) -> str:
    """Return a note on a name that looks the same and is written with other characters."""
    plain = unicodedata.normalize("NFC", name)
    is_same = any(unicodedata.normalize("NFC", other) == plain for other in near)
    return ", the same in another Unicode form" if is_same else ""


def _missing(missing: list[str], names: Names, where: str) -> MissingColumnsError:
    lines = []
    for name in missing[:MOST_NAMED]:
        alike = names.alike(name)
        near = alike[:MOST_NAMED] if len(alike) > 1 else names.nearest(name)
        lines.append(f"{name} (nearest: {', '.join(near)}{_form_of(name, near)})" if near else name)
    if len(missing) > len(lines):
        lines.append("...")
    noun = "column" if len(missing) == 1 else f"{len(missing):,} columns"
    there = ", ".join(islice(names, MOST_NAMED)) + (", ..." if len(names) > MOST_NAMED else "")
    error = MissingColumnsError(
        f"missing {noun} of the model: {'; '.join(lines)}",
        where=where,
        hint=f"The input has: {there}.",
    )
    error.missing = tuple(missing)
    return error
