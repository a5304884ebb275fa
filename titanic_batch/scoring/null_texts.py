"""Say which cell texts were read as null, and which look as if they should have been."""

from __future__ import annotations

from collections.abc import Iterator

from titanic_batch.alignment.column_mappings import AlignmentPlan, ColumnMapping
from titanic_batch.alignment.convert import read_number
from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.nulls import READ_AS_NULL, USUAL_NULLS


def null_text_warnings(plan: AlignmentPlan, counts: AlignmentCounts) -> Iterator[str]:
    """Yield warnings of null texts that neither the user nor the training data has told of.

    Args:
        plan: How the model was fed.
        counts: What alignment met.
    """
    read_as_text = {
        column_mapping.column.name
        for column_mapping in plan.column_mappings
        if _is_text(column_mapping)
    }
    for column, texts in sorted(counts.null_tokens.items()):
        if column in read_as_text:
            continue  # only what training or the user has shown is null there
        for text, count in sorted(texts.items()):
            if text not in USUAL_NULLS and not _is_told(text, plan):
                yield (
                    f"{column} held the text {text} {_times(count)}, which was read as null; "
                    f"--null '{text}' says that it is meant so"
                )
    for column, texts in sorted(counts.doubtful.items()):
        for text, count in sorted(texts.items()):
            yield (
                f"{column} held the text {text} {_times(count)}, which was read as text, where "
                f"pandas.read_csv reads null; --null '{text}' makes it null"
            )


def _is_told(text: str, plan: AlignmentPlan) -> bool:
    """Return whether the user declared a text, or a number in any spelling, as null."""
    tokens = tuple(map(plan.numbers.plain_text, plan.null_tokens))
    return text in plan.null_tokens or (
        text not in READ_AS_NULL and read_number(plan.numbers.plain_text(text), tokens) is None
    )


def _is_text(column_mapping: ColumnMapping) -> bool:
    if column_mapping.one_hot is not None or column_mapping.column.kind == "text":
        return True
    return any(isinstance(value, str) for value in column_mapping.column.categories or ())


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
