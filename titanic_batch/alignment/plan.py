"""Plan an alignment: find each model column's source in an input, or say what is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow as pa

from titanic_batch.alignment.column_mappings import Action, AlignmentPlan, ColumnMapping
from titanic_batch.alignment.convert import Faulty
from titanic_batch.alignment.names import Names, find_source, normalised, prefixes
from titanic_batch.alignment.option_checks import check_options, check_options_used
from titanic_batch.alignment.options import ALL_COLUMNS, AlignmentOptions
from titanic_batch.alignment.readers import read_value
from titanic_batch.alignment.types import cast_needed, mismatch
from titanic_batch.errors import DataError, UsageError
from titanic_batch.nulls import READ_AS_NULL
from titanic_batch.schema import ColumnSchema, OneHotSource, Scalar, TrainingSchema

_MOST_NAMED = 20


class MissingColumnsError(DataError):
    """Model columns have no source; `missing` names them, `sources` those of the others."""

    missing: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What the columns of a model are looked for in.

    Attributes:
        schema: What the model expects.
        wanted: The model's columns.
        one_hot: The raw columns that training data showed, by name.
        shown: A get_dummies column, and the raw columns that it may be of, as shown there.
        inputs: The input's columns and types.
        others: The input's columns that go by their own names.
        renamed: A column that the model knows, and the input's that the user says is it.
        options: What the user says.
        text_cells: Whether every cell is text.
    """

    schema: TrainingSchema
    wanted: Names
    one_hot: dict[str, OneHotSource]
    shown: dict[str, list[str]]
    inputs: pa.Schema
    others: Names
    renamed: dict[str, str]
    options: AlignmentOptions
    text_cells: bool


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
    given = _Given(
        schema=schema,
        wanted=Names(schema.names),
        one_hot={source.name: source for source in schema.one_hot},
        shown=_shown(schema),
        inputs=inputs,
        others=Names(name for name in inputs.names if name not in options.rename),
        renamed={new: old for old, new in options.rename.items()},
        options=options,
        text_cells=text_cells,
    )
    feeds: list[ColumnMapping] = []
    missing: list[str] = []
    for column in schema.columns:
        feed = _feed(column, given)
        if feed is None:
            missing.append(column.name)
        else:
            feeds.append(feed)
    if missing:
        error = _missing(missing, given.others, where)
        error.sources = frozenset(feed.source for feed in feeds)
        raise error
    check_options_used(feeds, options)
    problems = [
        problem
        for feed in feeds
        if (problem := mismatch(inputs.field(feed.position).type, feed)) is not None
    ]
    if problems:
        raise DataError(
            "; ".join(problems), where=where, hint="Convert the column in the input first."
        )
    used = {feed.source for feed in feeds}
    return AlignmentPlan(
        feeds=tuple(feeds),
        dropped=tuple(name for name in inputs.names if name not in used),
        named=schema.named,
        null_tokens=options.null_tokens,
    )


def _feed(column: ColumnSchema, given: _Given) -> ColumnMapping | None:
    inputs, options, text_cells = given.inputs, given.options, given.text_cells
    mapping = options.mapping.get(column.name)
    if mapping is None and column.mapping is not None:
        mapping = dict(column.mapping)
    if mapping is not None:
        mapping = {text: _value(column, value, "--map") for text, value in mapping.items()}
    fill = options.fill.get(column.name, column.fill)
    if fill is not None:
        fill = _value(column, fill, "--fill")
    source = _source(column, given)
    if source is None:
        return _one_hot_feed(column, given)
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
        accepts_unknown=_accepts_unknown(column.accepts_unknown, (column.name, source), options),
        fill=fill,
        mapping=mapping,
        null_tokens=tuple(dict.fromkeys((*options.null_tokens, *column.null_tokens))),
        doubtful_tokens=_doubtful(column, options) if text_cells and mapping is None else (),
        rejects_doubtful=not _is_allowed((column.name, source), options),
        is_dummy=_is_dummy(column.name, given.wanted),
    )


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


def _source(column: ColumnSchema, given: _Given) -> str | None:
    if column.name in given.renamed:
        return given.renamed[column.name]
    names = given.others
    if column.source is not None and column.source in names:
        return column.source
    alike = given.wanted.alike(column.name)
    if column.name not in names and len([name for name in alike if name not in names]) > 1:
        return None  # one input column cannot tell which of them it means
    return find_source(column.name, names, taken=given.wanted)


def _one_hot_feed(column: ColumnSchema, given: _Given) -> ColumnMapping | None:
    """Feed a `name_value` column, as pandas.get_dummies makes it, from the raw column `name`."""
    if column.kind not in ("number", "integer", "boolean") or not _may_be_dummy(column):
        return None
    options = given.options
    for prefix in _raw_names(column, given):
        if prefix in given.wanted:
            continue  # the model takes the raw column itself: this one is no dummy of it
        source = given.renamed.get(prefix) or find_source(prefix, given.others, taken=given.wanted)
        if source is None:
            continue
        learned = given.one_hot.get(prefix)
        seen = _values_of(prefix, source, given)
        known = seen | {str(value) for value in learned.categories} if learned else seen
        value = column.name[len(prefix) + 1 :]
        # With one value known, a null would silently be the value that is not.
        tells_null = learned is not None or len(seen) > 1
        allowed = {prefix, source, column.name} & set(options.allow_null)
        return ColumnMapping(
            column=column,
            source=source,
            position=given.inputs.get_field_index(source),
            action="one-hot",
            accepts_null=tells_null or bool(allowed),
            accepts_unknown=_accepts_unknown(False, (prefix, source, column.name), options),
            fill=_one_hot_fill(column, prefix, value, known, options),
            one_hot=value,
            one_hot_known=tuple(sorted(known)),
            null_tokens=tuple(
                dict.fromkeys((*options.null_tokens, *(learned.null_tokens if learned else ())))
            ),
        )
    return None


def _values_of(prefix: str, source: str, given: _Given) -> set[str]:
    """Return the values of a raw column that the model has a column for.

    Columns that are made from another of the input, of a longer name, are none of its own: where
    both `A` and `A_B` are there, `A_B_x` is no `B_x` of `A`, and `A` holding that is unknown.
    """
    longer = {normalised(name) for name in given.others.alike_from(prefix) if name != source}
    longer |= {normalised(name) for name in given.renamed if name != source}
    own = given.wanted.starting(f"{prefix}_")
    if longer:
        own = (
            name
            for name in own
            if not any(
                len(other) > len(prefix) and normalised(other) in longer for other in prefixes(name)
            )
        )
    return {name[len(prefix) + 1 :] for name in own}


def _raw_names(column: ColumnSchema, given: _Given) -> Iterator[str]:
    """Yield the raw columns that a `name_value` column may stand for, the likeliest first.

    Training data has shown which, or the names must do: where several of the model's columns share
    `name`, none of them is taken for a longer value of a shorter one.
    """
    if given.one_hot:
        yield from sorted(given.shown.get(column.name, ()), key=len, reverse=True)[:1]
        return
    for prefix in prefixes(column.name):
        yield prefix
        if len(list(islice(given.wanted.starting(f"{prefix}_"), 2))) > 1:
            return


def _shown(schema: TrainingSchema) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = defaultdict(list)
    for source in schema.one_hot:
        for value in dict.fromkeys(map(str, (*source.categories, "nan"))):
            shown[f"{source.name}_{value}"].append(source.name)
    return shown


def _may_be_dummy(column: ColumnSchema) -> bool:
    """Tell whether a column held nothing but 0 and 1 in training, as far as that is known."""
    return column.quantiles is None or set(column.quantiles) <= {0.0, 1.0}


def _one_hot_fill(
    column: ColumnSchema, prefix: str, value: str, known: set[str], options: AlignmentOptions
) -> int | None:
    """Return what a null of the raw column becomes in the column of `value`."""
    own = options.fill.get(column.name, column.fill)
    if own is not None:
        return int(bool(_value(replace(column, kind="boolean"), own, "--fill")))
    if prefix not in options.fill:
        return None
    text = str(options.fill[prefix])
    if text not in known:
        raise UsageError(
            f"--fill {prefix}={text}: that is no category the model knows",
            hint=f"Its categories are: {', '.join(sorted(known)[:_MOST_NAMED])}.",
        )
    return int(text == value)


def _value(column: ColumnSchema, value: Scalar, flag: str) -> Scalar:
    """Return a value that the user gave for a column, in the column's own type."""
    read = read_value(column, value)
    if read is None or isinstance(read, Faulty):
        known = ", ".join(map(str, (column.categories or ())[:_MOST_NAMED]))
        raise UsageError(
            f"{flag} {column.name}={value}: that is no {column.kind} the model knows",
            hint=f"Its categories are: {known}." if known else f"Give a {column.kind}.",
        )
    return read


def _is_dummy(name: str, wanted: Names) -> bool:
    return any(
        len(list(islice(wanted.starting(f"{prefix}_"), 2))) > 1  # one is the name itself
        for prefix in prefixes(name)
    )


def _accepts_unknown(default: bool, names: Iterable[str], options: AlignmentOptions) -> bool:
    for name in (*names, ALL_COLUMNS):
        if name in options.unknown:
            return options.unknown[name] == "allow"
    return default


def _is_allowed(names: Iterable[str], options: AlignmentOptions) -> bool:
    return any(options.unknown.get(name) == "allow" for name in (*names, ALL_COLUMNS))


def _missing(missing: list[str], names: Names, where: str) -> MissingColumnsError:
    lines = []
    for name in missing[:_MOST_NAMED]:
        alike = names.alike(name)
        near = alike[:_MOST_NAMED] if len(alike) > 1 else names.nearest(name)
        lines.append(f"{name} (nearest: {', '.join(near)})" if near else name)
    if len(missing) > len(lines):
        lines.append("...")
    noun = "column" if len(missing) == 1 else f"{len(missing):,} columns"
    there = ", ".join(islice(names, _MOST_NAMED)) + (", ..." if len(names) > _MOST_NAMED else "")
    error = MissingColumnsError(
        f"missing {noun} of the model: {'; '.join(lines)}",
        where=where,
        hint=f"The input has: {there}.",
    )
    error.missing = tuple(missing)
    return error
