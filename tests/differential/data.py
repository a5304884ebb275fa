"""Draw tables as people have them: cells as text, for a training file and a file to score."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

#: What pandas.read_csv takes for null, and what people write for it.
NULL_TEXTS = (
    *("NA", "NaN", "nan", "null", "None", "N/A", "n/a", "NULL", "#N/A", "<NA>"),
    *("#NA", "-nan", "-NaN", "1.#IND", "#N/A N/A", "1.#QNAN"),
)
#: What `--null` may be told to mean null.
TOKENS = ("?", "-", "missing", "S", "n.d.")

_NAMES = (
    *("Age", "Fare", "Sex", "Pclass", "cls", "plz", "deck", "flag", "when", "Größe", "a b"),
    *("x.y", "note", "n1", "k2", "Ticket No", "is_member", "city", "x0", "rate"),
)
_SPECIAL = (
    *("NA", "None", "nan", "null", "N/A", "n/a", "NULL", "Male", "male", "MALE", " male", "é"),
    *("e", "Zoë", "a b", "A,B", 'say "x"', "-", "?", "missing", "True", "1.0", "0", "unknown"),
)
_WORDS = ("red", "blue", "old", "new", "big", "small", "cabin", "first", "class", "none", "two")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: what kind of cells it has, those to train with and those to score."""

    name: str
    kind: str
    train: tuple[str, ...]
    score: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Data:
    """A training file and a file to score; the latter has a `row` of its own."""

    columns: tuple[Column, ...]
    rewritten: bool  # both files went through pandas once: read_csv, to_csv
    order: tuple[int, ...]  # the columns of the file to score, otherwise than in training
    headers: dict[str, str]  # names that it spells otherwise

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def write_train(self, path: Path, target: list[object]) -> None:
        self._write(path, [*self.names, "target"], [*(c.train for c in self.columns), target])

    def write_score(self, path: Path) -> None:
        rows = range(1, len(self.columns[0].score) + 1)
        columns = [self.columns[at] for at in self.order]
        names = [self.headers.get(column.name, column.name) for column in columns]
        self._write(path, [*names, "row"], [*(column.score for column in columns), rows])

    def _write(self, path: Path, header: list[str], columns: list[object]) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(zip(*columns, strict=True))
        if self.rewritten:
            text.seek(0)
            frame = pd.read_csv(text, low_memory=False)
            frame.to_csv(path, index=False)
        else:
            path.write_text(text.getvalue(), encoding="utf-8", newline="")


def draw_data(rng: random.Random, *, train_rows: int, score_rows: int) -> Data:
    """Draw columns of several kinds, with nulls and values that training did not have."""
    names = rng.sample(_NAMES, rng.randint(2, 6))
    columns = [_draw_column(rng, name, train_rows, score_rows) for name in names]
    order = list(range(len(columns)))
    if rng.random() < 0.5:
        rng.shuffle(order)
    headers = {name: rng.choice((str.lower, str.upper))(name) for name in names}
    return Data(
        columns=tuple(columns),
        rewritten=rng.random() < 0.3,
        order=tuple(order),
        headers=headers if rng.random() < 0.1 else {},
    )


def _draw_column(rng: random.Random, name: str, train_rows: int, score_rows: int) -> Column:
    kind = rng.choice([*KINDS, "booleans"])  # these twice: pandas makes two types of them
    cell, fresh = KINDS[kind](rng)
    train = [cell() for _ in range(train_rows)]
    score = [rng.choice(train) for _ in range(score_rows)]
    if rng.random() < 0.4:  # of the same kind, but other cells
        score = [cell() if rng.random() < 0.3 else value for value in score]
    if rng.random() < 0.2:
        score = [fresh() if rng.random() < 0.04 else value for value in score]
    nulls = _null_texts(rng)
    share = rng.choice((0.0, 0.0, 0.1, 0.3, 0.3))
    train = _with_nulls(rng, train, share, nulls)
    later = share if share and rng.random() < 0.8 else rng.choice((0.0, 0.0, 0.0, 0.0, 0.05))
    nulls = nulls if rng.random() < 0.8 else _null_texts(rng)
    score = _with_nulls(rng, score, later, nulls)
    return Column(name=name, kind=kind, train=tuple(train), score=tuple(score))


def _null_texts(rng: random.Random) -> tuple[str, ...]:
    """Draw how a program writes null, or several do."""
    return rng.choice(
        (("",), (rng.choice(NULL_TEXTS),), ("", *rng.sample(NULL_TEXTS, 2)), ("", "NA"))
    )


def _with_nulls(
    rng: random.Random, cells: list[str], share: float, texts: tuple[str, ...]
) -> list[str]:
    return [rng.choice(texts) if rng.random() < share else cell for cell in cells]


# ---------------------------------------------------------------------------------------------
# Kinds: each draws how its column's cells are made, as (a cell, a cell that training lacks).

Make = Callable[[], str]


def _of(rng: random.Random, pool: tuple[str, ...], fresh: tuple[str, ...]) -> tuple[Make, Make]:
    return lambda: rng.choice(pool), lambda: rng.choice(fresh)


def _some(rng: random.Random, low: int, high: int) -> tuple[Make, Make]:
    return lambda: str(rng.randint(low, high)), lambda: str(high + rng.randint(1, 9))


def _decimals(rng: random.Random) -> tuple[Make, Make]:
    places = rng.choice((1, 2, 4))
    return (
        lambda: f"{rng.uniform(-5, 80):.{places}f}",
        lambda: rng.choice(("1e3", "-.5", "5.", "+4.25", "2.5E-2", "7")),
    )


def _specials(rng: random.Random) -> tuple[Make, Make]:
    pool = tuple(rng.sample(_SPECIAL, rng.randint(3, 6)))
    return _of(rng, pool, tuple(text for text in _SPECIAL if text not in pool))


def _booleans(rng: random.Random) -> tuple[Make, Make]:
    true, false = rng.choice((("True", "False"), ("TRUE", "FALSE"), ("true", "false")))
    return _of(rng, (true, false), (true.lower(), false.title()))


def _codes(rng: random.Random) -> tuple[Make, Make]:
    pool = rng.sample(("007", "7", "012", "1A", "00", "0", "3.0", "3", "1e2"), rng.randint(3, 6))
    return _of(rng, (*pool, "B2"), ("7.0", "12", "100", "03"))


def _dates(rng: random.Random) -> tuple[Make, Make]:
    style = rng.choice(("2024-{0:02}-{1:02}", "{1:02}/{0:02}/2024", "2024{0:02}{1:02}"))
    return (
        lambda: style.format(rng.randint(1, 3), rng.randint(1, 5)),
        lambda: style.format(rng.randint(4, 12), rng.randint(1, 28)),
    )


def _texts(rng: random.Random) -> tuple[Make, Make]:
    def text() -> str:
        words = " ".join(rng.choice(_WORDS) for _ in range(rng.randint(1, 5)))
        return words + rng.choice(("", "", ", Mr.", ' "Bo"', "\nline two", " "))

    return text, lambda: "quite another " + text()


KINDS: dict[str, Callable[[random.Random], tuple[Make, Make]]] = {
    "small integers": lambda rng: _some(rng, 1, 4),
    "zero and one": lambda rng: _of(rng, ("0", "1"), ("2",)),
    "integers": lambda rng: _some(rng, -50, 3000),
    "long integers": lambda rng: _some(rng, 20_251_125_000, 20_251_125_020),
    "decimals": _decimals,
    "whole decimals": lambda rng: _of(rng, ("22.0", "35.0", "28.0", "4.0"), ("22", "28.5")),
    "digits": lambda rng: _of(rng, ("1", "2", "007", "10"), ("7", "01", "3")),
    "spaced numbers": lambda rng: _of(rng, ("1", " 2", "3 ", "4"), (" 1", "5")),
    "digits and a letter": lambda rng: _of(rng, ("1", "2", "3", "A"), ("1.0", "B", "01")),
    "codes": _codes,
    "few texts": lambda rng: _of(rng, ("S", "C", "Q"), ("X", "s", "S ", "c")),
    "accents": lambda rng: _of(rng, ("Köln", "Koln", "KÖLN", "Paris"), ("köln", "Rom")),
    "special texts": _specials,
    "yes and no": lambda rng: _of(rng, rng.choice((("yes", "no"), ("Y", "N"))), ("Yes", "n")),
    "booleans": _booleans,
    "dates": _dates,
    "many texts": lambda rng: (
        lambda: f"u{rng.randint(1, 400)}",
        lambda: f"u{rng.randint(401, 500)}",
    ),
    "free text": _texts,
    "large integers": lambda rng: _some(rng, 2**53 - 4, 2**53 + 4),
    "signed numbers": lambda rng: _of(rng, ("-0", "+4", "-1", "3"), ("0", "-0.0", "4")),
    "signed decimals": lambda rng: _of(rng, ("-0.0", "0.0", "+.5", "1."), ("1e2", "inf", "-1E-2")),
    "long decimals": lambda rng: _of(
        rng, tuple(f"{rng.uniform(0, 9):.17f}" for _ in range(4)), ("0.1", "3.30000000000000004")
    ),
    "grouped numbers": lambda rng: _of(rng, ("1,234", "12", "1,000"), ("7", "1_000")),
    "spaces": lambda rng: _of(rng, ("a", " ", " a", "a "), ("", "  ")),
    "spaced nulls": lambda rng: _of(rng, ("1", "2", " NA"), ("nan ", " ")),
    "flags and numbers": lambda rng: _of(rng, ("True", "False", "1"), ("true", "0")),
    "T and F": lambda rng: _of(rng, ("T", "F"), ("True", "t")),
    "times": lambda rng: _of(
        rng, ("2024-01-02 03:04", "2024-01-02T03:04:05Z", "03:04"), ("2024-01-02",)
    ),
    "one value": lambda rng: _of(rng, ("same",), ("other",)),
    "nothing": lambda rng: _of(rng, ("",), ("",)),
    "numbers and remarks": lambda rng: _of(rng, ("12", "8", "> 5", "n.d."), ("<1", "13")),
}
