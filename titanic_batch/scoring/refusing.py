"""Refuse a file for its rejects: when, and in which words. `score` and `check` do so alike."""

from __future__ import annotations

from collections.abc import Sequence

from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.errors import DataError, TooManyRejectsError
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.rejects import Reject
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.report import RunTotals

SHOWN_REJECTS = 5


def is_refused(totals: RunTotals, options: ScoreOptions) -> bool:
    """Return whether a file whose rows are all read is refused for those that are rejected."""
    if totals.by_reason["unterminated"]:
        return True  # where one record is cut short, others may be missing: no limit allows that
    if totals.read and not totals.scored:
        return True
    limit = reject_limit(options.max_rejects)
    return limit.exceeded_by(totals.rejected, totals.read, finished=True)


def refuse_two_spellings(
    plan: AlignmentPlan, counts: AlignmentCounts, options: ScoreOptions, *, path: str
) -> None:
    """Refuse values that differ in `_` for a space, where the model's column means one of them.

    LightGBM writes `_` for the spaces in its columns' names, so that the model does not show which.

    Raises:
        DataError: if there are any.
    """
    for column_mapping in plan.column_mappings:
        found = sorted(counts.spelt.get(column_mapping.column.name, ()))
        if len(found) > 1:
            error = DataError(
                f"{column_mapping.source} holds {' and '.join(map(repr, found))}, and which of "
                f"them the model's column {column_mapping.column.name} means cannot be told: "
                "LightGBM writes _ for a space",
                where=path,
                hint="Show the model's training data: `titanic-batch models save "
                f"{shell_quoted(options.model)} --data train.csv --target TARGET`.",
            )
            error.logged_message = (
                f"{column_mapping.source} holds several values that "
                f"{column_mapping.column.name} may mean"
            )
            raise error


def refusal(
    totals: RunTotals,
    rejects: Sequence[Reject],
    options: ScoreOptions,
    *,
    path: str,
    hint: str = "",
) -> TooManyRejectsError:
    """Return the error of a file that is refused for its rejects.

    Args:
        totals: What was met in it.
        rejects: The first of its rejects.
        options: What the run was told.
        path: The file.
        hint: What can be done about it, as far as is known.
    """
    rejected = f"{totals.rejected:,} of {totals.read:,} rows read were rejected"
    if totals.by_reason["unterminated"]:
        what = f"the last record has no newline, so the file may be cut short; {rejected}"
    elif not totals.scored:
        what = "no row could be scored"
    else:
        what = f"{rejected}, allowed are {options.max_rejects}"
    error = TooManyRejectsError(
        f"{what}:",
        where=path,
        hint=hint,
        details=_lines(totals, rejects, quotes_cells=True),
    )
    error.logged_message = "\n".join((f"{what}:", *_lines(totals, rejects, quotes_cells=False)))
    return error


def _lines(totals: RunTotals, rejects: Sequence[Reject], *, quotes_cells: bool) -> list[str]:
    lines = [
        f"  {place_of(reject)}: {reject.reason}"
        # What the model said may quote a cell.
        + (f": {reject.said}" if reject.said and quotes_cells else "")
        for reject in rejects[:SHOWN_REJECTS]
    ]
    if totals.rejected > len(lines):
        lines.append(f"  and {totals.rejected - len(lines):,} more")
    return lines


def place_of(reject: Reject) -> str:
    """Return where a rejected record stands: its row, line and column."""
    line = f", line {reject.line}" if reject.line is not None else ""
    return f"row {reject.row}{line}" + (f", column {reject.column}" if reject.column else "")
