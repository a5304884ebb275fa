"""What rejected cells might mean: nulls, other spellings, numbers written otherwise."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

from titanic_batch.alignment.column_mappings import ColumnMapping
from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.nulls import READ_AS_NULL
from titanic_batch.schema import ColumnSchema, Scalar, underscored
from titanic_batch.scoring.advice.changes import Change
from titanic_batch.scoring.advice.trials import Cell, Trial, by_column_mapping

_MOST_CATEGORIES = 30
_MOST_EXAMPLES = 3
_MOST_TOKENS = 4

#: Texts that files have for what is not known, whatever their case.
_NULL_TEXTS = frozenset(
    ("na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nil", "missing", "unknown", "undefined")
) | frozenset(("empty", "\\n", "?", "-", "--", ".", "*", "#null!"))
_BOOLEANS = {"true": 1, "false": 0, "yes": 1, "no": 0}
_UNREADABLE = frozenset({"not-a-number", "not-an-integer", "not-a-boolean"})


def null_token_changes(trial: Trial) -> Iterator[Change]:
    """Yield the texts of cells that may mean null, the most frequent first."""
    bad = [c for c in trial.cells if c.reason in _UNREADABLE or c.reason == "unknown-category"]
    texts = Counter(cell.text for cell in bad if cell.text.isprintable())
    known = [t for t, _ in texts.most_common() if not t or t.strip().casefold() in _NULL_TEXTS]
    most = [
        t
        for t, count in texts.most_common(1)
        if count >= 3
        and 2 * count > len(trial.rejected)
        and not has_digit(t)
        and all(cell.reason in _UNREADABLE for cell in bad if cell.text == t)
        and not _stands_among_others(t, bad)
    ]
    for text in dict.fromkeys([*known[:_MOST_TOKENS], *most]):
        columns = dict.fromkeys(cell.column_mapping.source for cell in bad if cell.text == text)
        yield Change(
            why=f"{text or 'The empty text'} stands for null in {listed(columns)}",
            logged_why=f"A text stands for null in {listed(columns)}",
            options={"null": (text,)},
            quotes_cells=True,
        )


def _stands_among_others(text: str, cells: list[Cell]) -> bool:
    """Return whether a text's columns hold others that are no null either: yes stands beside no."""
    columns = {cell.column_mapping.position for cell in cells if cell.text == text}
    others = {cell.text for cell in cells if cell.column_mapping.position in columns} - {text}
    return any(
        not has_digit(other) and other.strip().casefold() not in _NULL_TEXTS for other in others
    )


def spelling_changes(
    trial: Trial, counts: AlignmentCounts, *, can_rewrite: bool
) -> Iterator[Change]:
    """Yield what feeds values that differ from known ones in nothing but their spelling.

    Args:
        trial: What was rejected.
        counts: The values met in all of the file.
        can_rewrite: Whether the file can be rewritten, where a map cannot say it.
    """
    for column_mapping, cells in by_column_mapping(trial.cells, "unknown-category"):
        known = _known_texts(column_mapping)
        by_form: dict[str, list[str]] = defaultdict(list)
        for text in known:
            by_form[_form(text)].append(text)
        counted = counts.unknown.get(_counted_as(column_mapping), Counter())
        seen = dict.fromkeys([*(cell.text for cell in cells), *counted])
        meant = {
            text: by_form[_form(text)][0]
            for text in seen
            if len(by_form.get(_form(text), ())) == 1 and text not in known
        }
        if not meant or len(known) > _MOST_CATEGORIES:
            continue
        why = f"{column_mapping.source} spells what the model knows otherwise ({examples(meant)})"
        logged = f"{column_mapping.source} spells what the model knows otherwise"
        if column_mapping.one_hot is not None or any(
            set(text) & set(",=") for text in (*meant, *known)
        ):
            if can_rewrite:
                yield Change(
                    why=why,
                    logged_why=logged,
                    repair={"values": {column_mapping.source: meant}},
                    quotes_cells=True,
                )
            continue
        values = _values_of(column_mapping)
        mapping: dict[str, Scalar] = {text: values[known] for text, known in meant.items()}
        # A map names every value there is: those that are spelt right as well.
        yield Change(
            why=why,
            logged_why=logged,
            options={"map": {column_mapping.column.name: {**mapping, **values}}},
            quotes_cells=True,
        )


def boolean_changes(trial: Trial) -> Iterator[Change]:
    """Yield maps for number columns that hold true and false."""
    for column_mapping, cells in by_column_mapping(trial.cells, *_UNREADABLE, "unknown-category"):
        texts = dict.fromkeys(cell.text for cell in cells)
        forms = {text.casefold() for text in texts}
        if (
            column_mapping.one_hot is not None
            or column_mapping.mapping is not None
            or not forms <= set(_BOOLEANS)
        ):
            continue
        usual = ("False", "True") if forms <= {"true", "false"} else ("no", "yes")
        more = (text for text in usual if text.casefold() not in forms)
        mapping: dict[str, Scalar] = {t: _BOOLEANS[t.casefold()] for t in (*texts, *more)}
        if len(cells) < trial.row_count:  # others may be numbers already
            mapping |= {"0": 0, "1": 1}
        yield Change(
            why=f"{column_mapping.source} holds {examples(texts)} where the model takes numbers",
            logged_why=f"{column_mapping.source} holds booleans where the model takes numbers",
            options={"map": {column_mapping.column.name: mapping}},
            quotes_cells=True,
        )


def unknown_changes(trial: Trial) -> Iterator[Change]:
    """Yield the permission for values that the model never saw, of columns whose model takes it."""
    for column_mapping, cells in by_column_mapping(trial.cells, "unknown-category"):
        if column_mapping.mapping is not None or column_mapping.accepts_unknown:
            continue
        name = _counted_as(column_mapping)
        texts = dict.fromkeys(cell.text for cell in cells)
        if any(text in READ_AS_NULL or _is_known_otherwise(text, column_mapping) for text in texts):
            continue  # no new values: they would be scored as what they are not
        yield Change(
            why=f"{column_mapping.source} has values that {_of_none(column_mapping)} "
            f"({examples(texts)}), {_scored_as(column_mapping)}",
            logged_why=f"{column_mapping.source} has values that {_of_none(column_mapping)}, "
            f"{_scored_as(column_mapping)}",
            options={"unknown": {name: "allow"}},
        )


def _of_none(column_mapping: ColumnMapping) -> str:
    is_dummy = column_mapping.one_hot is not None
    return "none of the model's columns stands for" if is_dummy else "the model never saw"


def _scored_as(column_mapping: ColumnMapping) -> str:
    if column_mapping.one_hot is not None:
        return "and which would be zeros in all of them"
    return "which it would score all the same"


def _is_known_otherwise(text: str, column_mapping: ColumnMapping) -> bool:
    """Return whether a dummy column stands for a value that differs in `_` for spaces alone."""
    return column_mapping.one_hot is not None and underscored(text) in map(
        underscored, column_mapping.one_hot_known
    )


def null_changes(trial: Trial) -> Iterator[Change]:
    """Yield what lets nulls through: as they are where the model takes that, or filled."""
    for column_mapping, _ in by_column_mapping(trial.cells, "missing-value"):
        name = column_mapping.raw_name
        value = _usual(column_mapping.column) if column_mapping.one_hot is None else None
        why = f"{name} has nulls, for which the model was not trained"
        fill = Change(why=why, options={"fill": {name: value}}) if value is not None else None
        yield Change(why=why, options={"allow_null": (name,)}, otherwise=fill)
        if fill is not None:
            yield fill


def stand_in_fills(trial: Trial) -> Iterator[tuple[str, Change]]:
    """Yield columns with nulls, and what fills them with any value that the model knows."""
    for column_mapping, _ in by_column_mapping(trial.cells, "missing-value"):
        known: list[Scalar] = [0]
        if column_mapping.one_hot is not None:
            known = list(column_mapping.one_hot_known)
        elif column_mapping.mapping:
            known = list(column_mapping.mapping.values())
        elif column_mapping.column.categories:
            known = list(column_mapping.column.categories)
        name = column_mapping.raw_name
        yield name, Change(why="", options={"fill": {name: known[0]}})


def padding_changes(trial: Trial) -> Iterator[Change]:
    """Yield the permission to drop the spaces around cells, where some have them."""
    padded = dict.fromkeys(
        cell.column_mapping.source for cell in trial.cells if cell.text != cell.text.strip(" \t")
    )
    if padded:
        yield Change(why=f"Spaces stand around cells of {listed(padded)}", options={"trim": True})


def _known_texts(column_mapping: ColumnMapping) -> list[str]:
    if column_mapping.one_hot is not None:
        return list(column_mapping.one_hot_known)
    return list(_values_of(column_mapping))


def _values_of(column_mapping: ColumnMapping) -> dict[str, Scalar]:
    """Return the texts that a column may hold, and what the model takes for each."""
    if column_mapping.mapping is not None:
        return dict(column_mapping.mapping)
    categories = column_mapping.column.categories or ()
    return {c: c for c in categories if isinstance(c, str)}


def _counted_as(column_mapping: ColumnMapping) -> str:
    is_dummy = column_mapping.one_hot is not None
    return column_mapping.source if is_dummy else column_mapping.column.name


def _form(text: str) -> str:
    """Return a text without what people vary: case, accents, spaces around and between words.

    Nor with what nobody sees.
    """
    parts = unicodedata.normalize("NFKD", text)
    plain = "".join(
        part
        for part in parts
        if not unicodedata.combining(part) and unicodedata.category(part) != "Cf"
    )
    return " ".join(plain.split()).casefold()


def _usual(column: ColumnSchema) -> Scalar | None:
    """Return the value that stands in the middle, or is the most frequent; None if not known.

    Of a text, none at all.
    """
    if column.kind == "text":
        return ""
    if column.kind == "category":
        if not column.categories or not column.frequencies:
            return None
        pairs = zip(column.frequencies, column.categories, strict=True)
        return max(pairs, key=lambda pair: pair[0])[1]
    if column.quantiles is None or column.kind == "boolean":
        return None
    middle = column.quantiles[len(column.quantiles) // 2]
    if column.kind == "integer" or middle.is_integer():
        return int(middle)
    return middle


def has_digit(text: str) -> bool:
    """Return whether there is any digit in a text."""
    return any(character.isdigit() for character in text)


def examples(texts: dict[str, str] | dict[str, None]) -> str:
    """Return the first of some texts, for a sentence."""
    shown = [t if t.isprintable() else repr(t)[1:-1] for t in list(texts)[:_MOST_EXAMPLES]]
    return ", ".join([*shown, "..."] if len(texts) > len(shown) else shown)


def listed(names: dict[str, None] | list[str]) -> str:
    """Return names for a sentence, the first of many."""
    few = list(names)[:_MOST_EXAMPLES]
    return " and ".join(few) if len(names) < 3 else ", ".join([*few, "..."])
