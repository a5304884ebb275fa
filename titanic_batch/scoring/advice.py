"""Say which options would mend the rejects of a run, from what alignment met."""

from __future__ import annotations

from collections.abc import Iterator

from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.alignment.feeds import AlignmentPlan, Feed
from titanic_batch.schema import ColumnSchema

#: The real passenger list's medians, for the many models of it that carry no quantiles.
_PASSENGER_MEDIANS = {"Age": 28, "Fare": 14.45}
_MOST_VALUES = 3
_MOST_SENTENCES = 4


def advise(
    plan: AlignmentPlan,
    counts: AlignmentCounts,
    *,
    rows_read: int,
    model: str,
    quotes_cells: bool = True,
) -> str:
    """Return sentences that name the options which let rejected cells through.

    Args:
        plan: How the model was to be fed.
        counts: What alignment met.
        rows_read: How many rows were looked at.
        model: The model's reference.
        quotes_cells: Whether it names values; logs must not.
    """
    sentences = dict.fromkeys(_sentences(plan, counts, rows_read, model, quotes_cells=quotes_cells))
    return " ".join(list(sentences)[:_MOST_SENTENCES])


def _sentences(
    plan: AlignmentPlan,
    counts: AlignmentCounts,
    rows_read: int,
    model: str,
    *,
    quotes_cells: bool,
) -> Iterator[str]:
    for feed in plan.feeds:
        name = feed.column.name
        if counts.nulls[name] and not feed.accepts_null and feed.fill is None:
            known = feed.raw_name
            usual = _usual(feed.column) if feed.one_hot is None else feed.one_hot
            yield (
                f"{known} has nulls, for which the model was not trained: "
                f"add --fill {known}={usual} or --allow-null {known}."
            )
        unknown = counts.unknown.get(feed.source if feed.one_hot is not None else name)
        if unknown and not feed.accepts_unknown:
            values = ", ".join(value for value, _ in unknown.most_common(_MOST_VALUES))
            examples = f"{values}, ..." if len(unknown) > _MOST_VALUES else values
            matched = rows_read - unknown.total() - counts.nulls[name]
            if feed.one_hot is not None and not matched:
                yield (
                    f"No row of {feed.source} holds {feed.one_hot}: if {name} is no get_dummies "
                    "column of it, make that column in the input."
                )
            else:
                yield _about_unknown(feed, f" ({examples})" if quotes_cells else "")
            if feed.one_hot is not None:
                yield (
                    "If drop_first=True left one of them out of the model's columns, it can be "
                    f"learned: titanic-batch models save {model} --data train.csv --target TARGET."
                )
        if rows_read and counts.unreadable[name] + counts.nulls[name] == rows_read:
            yield (
                f"{feed.source} holds text where the model takes numbers: if it was encoded by "
                f"hand, say how with --map {name}:a=0,b=1."
            )


def _about_unknown(feed: Feed, examples: str) -> str:
    name = feed.column.name
    if feed.mapping is not None:
        return f"{feed.source} has values that --map {name} does not name{examples}: name them."
    column = feed.source if feed.one_hot is not None else name
    return (
        f"{feed.source} has values that the model never saw{examples}: "
        f"--unknown {column}=allow lets them through."
    )


def _usual(column: ColumnSchema) -> str:
    """Return a value to fill nulls with, as an example."""
    if column.quantiles is not None:
        return f"{column.quantiles[5]:g}"
    if column.categories:
        shares = column.frequencies or (0.0,) * len(column.categories)
        return str(max(zip(shares, column.categories, strict=True), key=lambda pair: pair[0])[1])
    if column.name in _PASSENGER_MEDIANS and column.kind == "number":
        return str(_PASSENGER_MEDIANS[column.name])
    return "VALUE"
