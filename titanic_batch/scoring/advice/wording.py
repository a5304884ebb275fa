"""Put what a search found into sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from titanic_batch.scoring.advice.case import Case
from titanic_batch.scoring.advice.changes import Change, options_with, repair_of
from titanic_batch.scoring.advice.encodings import (
    has_text_in,
    is_text_in,
    possible_encodings,
    reading,
)
from titanic_batch.scoring.advice.flags import flags
from titanic_batch.scoring.advice.hints import about_cells, about_dummies, about_nulls
from titanic_batch.scoring.advice.search import Found
from titanic_batch.scoring.advice.trials import by_column_mapping
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import dialect_for
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.sources.sample import CsvSample


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Advice on a refused file.

    Attributes:
        text: It, in sentences.
        logged: The same without a value of any cell.
    """

    text: str
    logged: str


@dataclass(frozen=True, kw_only=True)
class _Left:
    """The rows that are rejected whatever was found.

    Attributes:
        count: How many; None where not known.
        may_go: Whether the others can be published without them.
        are_allowed: Whether as many may be rejected already.
    """

    count: int | None
    may_go: bool
    are_allowed: bool


def put_into_words(case: Case, options: ScoreOptions, found: Found) -> Advice:
    """Return what to do about a refused file."""
    left = _left(case, options, found)
    texts = []
    for logged in (False, True):
        parts = [*_hints(case, options, found, logged=logged)]
        if not found.changes:
            otherwise = "Or fix" if any("the option " in part for part in parts) else "Fix"
            parts += [_without(left, f"{otherwise} the input")] if case.rows else []
        elif repair_of(found.changes).is_needed:
            parts += [*_whys(found, logged=logged), _rewriting(case, options, found, logged=logged)]
        elif left.are_allowed or left.may_go:
            parts += [*_whys(found, logged=logged), *_adding(case, options, found, left, logged)]
        else:
            parts += [*_whys(found, logged=logged), "That is not all: fix the input"]
        texts.append(" ".join(part if part.endswith(".") else f"{part}." for part in parts))
    return Advice(text=texts[0], logged=texts[1])


def _left(case: Case, options: ScoreOptions, found: Found) -> _Left:
    after = found.after
    if after.error is not None:
        return _Left(count=None, may_go=False, are_allowed=False)
    count, read, is_known = len(after.rejected), after.row_count, case.is_complete
    if case.rows:
        count += _left_beyond(case, found)
        read = case.read
    else:
        is_known = isinstance(case.sample, CsvSample) and case.sample.is_whole
    is_known = is_known and not _may_be_more(after.rejected.values())
    is_cut = "unterminated" in after.rejected.values()
    limit = reject_limit(options.max_rejects)
    are_few = 0 < 2 * count <= read
    return _Left(
        count=count if is_known else None,
        may_go=is_known and are_few and not is_cut,
        are_allowed=not is_cut
        and count < max(read, 1)
        and not limit.exceeded_by(count, read, finished=True),
    )


def _left_beyond(case: Case, found: Found) -> int:
    """Return how many rejected rows that are not in hand are left, as those in hand tell.

    What helps all of those with a reason is taken to help the others; what does not, to help none.
    """
    reasons = found.before.rejected
    in_hand = Counter(reasons.values())
    left = {reasons[row] for row in found.after.rejected if row in reasons}
    return sum(case.by_reason[reason] - in_hand[reason] for reason in left)


def _whys(found: Found, *, logged: bool) -> Iterator[str]:
    yield from dict.fromkeys(
        change.logged_why if logged and change.logged_why is not None else change.why
        for change in found.changes
    )


def _adding(
    case: Case, options: ScoreOptions, found: Found, left: _Left, logged: bool
) -> Iterator[str]:
    """Yield the flags that help, and what becomes of the rows that they do not help."""
    shown = [change for change in found.changes if not (logged and change.quotes_cells)]
    parts = _flags(options, shown)
    added = " ".join(parts)
    fills = [change for change in shown if "fill" in change.options]
    if fills:
        added += f", which changes scores{_chosen(found, fills)}"
    for change, other in found.instead:
        if change in shown:
            those, them = _flags(options, [other]), _flags(options, [change])
            added += (
                f", or {' '.join(those)} in place of {' '.join(them)}, which fills them and "
                f"changes scores{_chosen(found, [other])}"
            )
    if logged and len(shown) < len(found.changes):
        yield "What to add quotes cells, so that no log holds it: `titanic-batch check` prints it"
    if parts and left.are_allowed:
        given = [name for change in shown for name in change.options.get("map", {})]
        given = [name for name in given if name in options.map]
        instead = f" in place of the --map that was given for {given[0]}" if given else ""
        sentence = f"Add {added}{instead}"
        if case.rows and not left.count:
            yield _without(_before(case, found), sentence)
        else:
            yield sentence
    elif parts:
        fixed = case.rejected - (left.count or 0) if case.rows else None
        yield f"Add {added}" if fixed is None else f"Add {added}: it lets {fixed:,} rows through"
        yield _without(left, "Fix the others")


def _chosen(found: Found, fills: Sequence[Change]) -> str:
    """Return a note that the values that fill categories are the user's to choose."""
    column_mappings = found.after.plan.column_mappings if found.after.plan is not None else ()
    categories = {
        column_mapping.column.name
        for column_mapping in column_mappings
        if column_mapping.column.kind == "category"
    }
    names = [name for change in fills for name in change.options["fill"] if name in categories]
    if not names:
        return ""
    return (
        f" (for {' and '.join(names)} it is only the most frequent value in training: what these "
        "nulls stand for is yours to say)"
    )


def _before(case: Case, found: Found) -> _Left:
    """Return the rows that are rejected as things are."""
    is_cut = "unterminated" in found.before.rejected.values()
    is_known = case.is_complete and not _may_be_more(case.by_reason)
    return _Left(
        count=case.rejected,
        may_go=is_known and 2 * case.rejected <= case.read and not is_cut,
        are_allowed=False,
    )


def _may_be_more(reasons: Iterable[str]) -> bool:
    """Return whether more rows may be rejected than were.

    Once a model has failed on more rows than may be rejected, it predicts no others.
    """
    return "model-error" in reasons


def _without(left: _Left, sentence: str) -> str:
    """Add that the other rows can be published alone, where they can."""
    if not (left.may_go and left.count):
        return sentence
    which = "this row" if left.count == 1 else f"these {left.count:,} rows"
    return f"{sentence}, or publish without {which}: --max-rejects {left.count}"


def _flags(options: ScoreOptions, changes: Sequence[Change]) -> list[str]:
    return flags(options, options_with(options, changes))


def _rewriting(case: Case, options: ScoreOptions, found: Found, *, logged: bool) -> str:
    repair = repair_of(found.changes)
    if logged and any(change.repair and change.quotes_cells for change in found.changes):
        return "Rewrite it; `titanic-batch check` prints a command that does"
    chosen = options_with(options, found.changes)
    command, target = repair.command(case.path, dialect_for(case.path, chosen))
    return f"No option reads that: make {target} of it, and score that: `{command}`"


def _hints(case: Case, options: ScoreOptions, found: Found, *, logged: bool) -> Iterator[str]:
    """Yield what is worth saying of the rows that nothing lets through."""
    after = found.after
    alone = sorted(set(after.rejected) & after.near_empty)
    if alone and case.rows:
        rows = ", ".join(f"{case.rows[row - 1]:,}" for row in alone[:3] if row <= len(case.rows))
        is_one = len(alone) == 1
        yield (
            f"Row{'' if is_one else 's'} {rows}{'' if len(alone) <= 3 else ', ...'} "
            f"{'lacks' if is_one else 'lack'} most of what the model takes, as a line of totals "
            f"does: take {'it' if is_one else 'them'} out of the input"
        )
    cut = [row for row, reason in after.rejected.items() if reason == "unterminated"]
    if cut:
        yield "The last record is cut short, and so is the file: get all of it"
    yield from _about_encoding(case, options, found, logged=logged)
    yield from about_dummies(case, options, found)
    for column_mapping, cells in by_column_mapping(after.cells):
        rest = [cell for cell in cells if cell.row not in after.near_empty]
        if rest and not (
            column_mapping.one_hot is not None and rest[0].reason == "unknown-category"
        ):
            texts = dict.fromkeys(cell.text for cell in rest if cell.text)
            if rest[0].reason == "missing-value":
                yield about_nulls(column_mapping, found)
            else:
                yield from about_cells(
                    case, options, column_mapping, rest[0].reason, texts, logged=logged
                )


def _about_encoding(
    case: Case, options: ScoreOptions, found: Found, *, logged: bool
) -> Iterator[str]:
    """Yield what text might be in that no flag is named for: bytes alone do not tell."""
    sample, declared = case.sample, options.encoding
    is_bad = "bad-encoding" in found.after.rejected.values() or found.after.error is not None
    if not isinstance(sample, CsvSample) or not is_bad or is_text_in(sample.raw, declared):
        return
    if has_text_in(sample.raw, declared):
        yield "Some of it is in another encoding than the rest"
        return
    names = possible_encodings(sample.raw)
    if names:
        shown = names if logged else [reading(sample.raw, name) for name in names]
        yield (
            f"It may be {' or '.join(shown)}, which cannot be told from the bytes alone: say which "
            "with the option encoding"
        )
    else:
        yield f"It is not {declared} text, and nothing tells what it is: ask who made it"
