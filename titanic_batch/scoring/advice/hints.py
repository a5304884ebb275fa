"""What to say of cells that nothing known lets through: only the user can tell what they mean."""

from __future__ import annotations

from collections.abc import Iterator

from titanic_batch.alignment.column_mappings import ColumnMapping
from titanic_batch.printable import shell_quoted
from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.advice.cells import examples, has_digit
from titanic_batch.scoring.advice.search import Found
from titanic_batch.scoring.advice.trials import by_column_mapping
from titanic_batch.scoring.options import ScoreOptions

#: Texts that a map is shown with.
_MOST_IN_MAP = 5


def about_cells(
    case: Case,
    options: ScoreOptions,
    column_mapping: ColumnMapping,
    reason: str,
    texts: dict[str, None],
    *,
    logged: bool,
) -> Iterator[str]:
    """Yield what is to be done about cells that cannot feed the model, nulls not among them."""
    held = "" if logged or not texts else f" ({examples(texts)})"
    is_mapped = (
        column_mapping.column.name in options.map or column_mapping.column.mapping is not None
    )
    if reason == "unknown-category" and is_mapped:
        yield f"{column_mapping.source} has values that its map does not name{held}"
    elif reason == "unknown-category":
        yield f"{column_mapping.source} has values that the model never saw{held}"
    elif texts and reason != "unknown-category" and any(map(has_digit, texts)):
        yield (
            f"{column_mapping.source} holds what is no plain number{held}: make numbers of it in "
            "the input, in the unit of the training data"
        )
    elif texts and _holds_text_only(case, column_mapping):
        said = _encoded(case, column_mapping, texts, logged=logged)
        yield f"{column_mapping.source} holds text where the model takes numbers: {said}"


def _encoded(
    case: Case, column_mapping: ColumnMapping, texts: dict[str, None], *, logged: bool
) -> str:
    """Return how to say which text is which number, where a column was encoded by hand."""
    name = column_mapping.column.name
    if any(set(text) & set(",=") for text in texts):
        return "if it was encoded by hand, make numbers of it in the input"
    pairs = [f"{text}=NUMBER" for text in texts if not logged][:_MOST_IN_MAP]
    rest = ["..."] if logged or len(texts) > _MOST_IN_MAP else []
    value = f"{name}:{','.join([*pairs, *rest])}"
    # No flag is named: it could not be followed as it stands.
    said = f"the option map takes {shell_quoted(value)}"
    if case.counts.nulls[name] and not column_mapping.accepts_null:
        said += f", and the option fill {shell_quoted(f'{name}=NUMBER')} for its nulls"
    return f"if it was encoded by hand, say which text is which number: {said}"


def about_nulls(column_mapping: ColumnMapping, found: Found) -> str:
    """Return what to do about nulls that no option is known for."""
    name = column_mapping.raw_name
    said = f"{name} has nulls, for which the model was not trained"
    if name not in found.fillable:
        return said
    is_number = (
        column_mapping.column.kind in ("number", "integer") and column_mapping.one_hot is None
    )
    value = shell_quoted(f"{name}={'NUMBER' if is_number else 'VALUE'}")
    return (
        f"{said}: if you know what they stand for, the option fill takes {value}, which changes "
        "scores"
    )


def _holds_text_only(case: Case, column_mapping: ColumnMapping) -> bool:
    name = column_mapping.column.name
    unreadable = case.counts.unreadable[name]
    return unreadable > 0 and unreadable + case.counts.nulls[name] == case.read


def about_dummies(case: Case, options: ScoreOptions, found: Found) -> Iterator[str]:
    """Yield what there is to know where columns of get_dummies lack a value."""
    is_any = False
    for column_mapping, cells in by_column_mapping(found.before.cells):
        if column_mapping.one_hot is None or all(
            cell.reason != "unknown-category" for cell in cells
        ):
            continue
        is_any = True
        unknown = case.counts.unknown.get(column_mapping.source)
        nulls = case.counts.nulls[column_mapping.column.name]
        if unknown and unknown.total() + nulls == case.read:
            yield (
                f"No row of {column_mapping.source} holds {column_mapping.one_hot}: if "
                f"{column_mapping.column.name} is no get_dummies column of it, make that column in "
                "the input"
            )
    if is_any:
        yield (
            "get_dummies(drop_first=True) leaves one value of each column without a column of its "
            "own, which is zeros in the others; training data show which: "
            f"`titanic-batch models save {shell_quoted(options.model)} --data train.csv "
            "--target TARGET`"
        )
