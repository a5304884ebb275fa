"""Feed the columns that pandas.get_dummies makes from the raw column behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from titanic_batch.alignment.column_mappings import ColumnMapping
from titanic_batch.alignment.given import MOST_NAMED, Given, accepts_unknown, find_input, value_for
from titanic_batch.alignment.names import normalised, prefixes
from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.errors import UsageError
from titanic_batch.schema import ColumnSchema


def one_hot_mapping(column: ColumnSchema, given: Given) -> ColumnMapping | None:
    """Feed a `name_value` column, as pandas.get_dummies makes it, from the raw column `name`."""
    if column.kind not in ("number", "integer", "boolean") or not _may_be_dummy(column):
        return None
    options = given.options
    for prefix in _raw_names(column, given):
        if prefix in given.wanted:
            continue  # the model takes the raw column itself: this one is no dummy of it
        source = given.renamed.get(prefix) or find_input(prefix, given)
        if source is None:
            continue
        learned = given.one_hot.get(prefix)
        seen = _values_of(prefix, source, given)
        value = column.name[len(prefix) + 1 :]
        known = seen
        if learned:  # then it is known where the model's `_` was a space
            shown = {given.schema.written(str(held)): str(held) for held in learned.categories}
            known = {shown.get(text, text) for text in seen} | set(shown.values())
            value = shown.get(value, value)
        # With one value known, a null would silently be the value that is not.
        tells_null = learned is not None or len(seen) > 1
        allowed = {prefix, source, column.name} & set(options.allow_null)
        return ColumnMapping(
            column=column,
            source=source,
            position=given.inputs.get_field_index(source),
            action="one-hot",
            accepts_null=tells_null or bool(allowed),
            accepts_unknown=accepts_unknown(False, (prefix, source, column.name), options),
            fill=_one_hot_fill(column, prefix, value, known, options),
            one_hot=value,
            one_hot_known=tuple(sorted(known)),
            one_hot_underscored=given.schema.underscored and learned is None,
            null_tokens=tuple(
                dict.fromkeys((*options.null_tokens, *(learned.null_tokens if learned else ())))
            ),
        )
    return None


def _values_of(prefix: str, source: str, given: Given) -> set[str]:
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


def _raw_names(column: ColumnSchema, given: Given) -> Iterator[str]:
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


def _may_be_dummy(column: ColumnSchema) -> bool:
    """Return whether a column held nothing but 0 and 1 in training, as far as that is known."""
    return column.quantiles is None or set(column.quantiles) <= {0.0, 1.0}


def _one_hot_fill(
    column: ColumnSchema, prefix: str, value: str, known: set[str], options: AlignmentOptions
) -> int | None:
    """Return what a null of the raw column becomes in the column of `value`."""
    own = options.fill.get(column.name, column.fill)
    if own is not None:
        return int(bool(value_for(replace(column, kind="boolean"), own, "--fill")))
    if prefix not in options.fill:
        return None
    text = str(options.fill[prefix])
    if text not in known:
        raise UsageError(
            f"--fill {prefix}={text}: that is no category the model knows",
            hint=f"Its categories are: {', '.join(sorted(known)[:MOST_NAMED])}.",
        )
    return int(text == value)
