"""Passenger lists as tools and people write them: other delimiters, titles, spellings, nulls."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from tests.cli.command import PASSENGERS

ROWS = 24

Records = list[list[str]]


def records() -> Records:
    """Return the header and the first passengers, some of whose ages are not known."""
    with PASSENGERS.open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))[: ROWS + 1]
    age = found[0].index("Age")
    for record in found[1::5]:
        record[age] = ""
    return found


def written(rows: Iterable[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    """Return records as text."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return text.getvalue()


def changed(column: str, change: dict[str, str] | None = None, prefix: str = "") -> Records:
    """Return the records with one column's cells replaced."""
    found = records()
    place = found[0].index(column)
    for record in found[1:]:
        old = record[place]
        record[place] = (change or {}).get(old, prefix + old)
    return found


def _numbers(column: str, write: str) -> Records:
    found = records()
    place = found[0].index(column)
    for record in found[1:]:
        if record[place]:
            record[place] = write.format(1000 * float(record[place]))
    return found


def _marked(thousands: str, decimal: str) -> Records:
    """Return the records with fares in the thousands, and numbers with other marks in them."""
    found = _numbers("Fare", "{:,.2f}")
    for column in ("Age", "Fare"):
        place = found[0].index(column)
        for record in found[1:]:
            whole, point, fraction = record[place].partition(".")
            record[place] = whole.replace(",", thousands) + (decimal if point else "") + fraction
    return found


def _escaped() -> str:
    """Return the records as Spark writes them."""
    found = records()
    found[3][2] = 'Troutt, Miss. Edwina "Winnie"'
    text = io.StringIO()
    csv.writer(text, doublequote=False, escapechar="\\", lineterminator="\n").writerows(found)
    return text.getvalue()


def _answers(column: str, yes: str, no: str) -> Records:
    found = records()
    place = found[0].index(column)
    for record in found[1:]:
        record[place] = no if record[place] == "0" else yes
    return found


def _commas() -> Records:
    found = records()
    for column in ("Age", "Fare"):
        place = found[0].index(column)
        for record in found[1:]:
            record[place] = f"{float(record[place]):.2f}".replace(".", ",") if record[place] else ""
    return found


def _named(**names: str) -> str:
    found = records()
    found[0] = [names.get(name, name) for name in found[0]]
    return written(found)


def _with_name(name: str) -> str:
    found = records()
    found[3][2] = name
    return written(found)


def _sides(first: str, last: str = "") -> str:
    found = records()
    return written([[first if i == 0 else str(i), *r, *last] for i, r in enumerate(found)])


PLAIN = written(records())
_TOTAL = "Total" + "," * 8 + "2287.59,,\n"

#: What one or more options let through, and the start of the message that names them.
MENDED: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "pipe": (written(records(), "|").encode(), ("--delimiter '|'",)),
    "semicolon": (written(records(), ";", "\r\n").encode("utf-8-sig"), ("--delimiter ';'",)),
    "tab": (written(records(), "\t").encode(), ("--delimiter tab",)),
    "utf-16": (
        written(records(), "\t").encode("utf-16"),
        ("--delimiter tab", "--encoding utf-16"),
    ),
    "utf-16-le": (PLAIN.encode("utf-16-le"), ("--encoding utf-16-le",)),
    "cp1252": (
        _with_name("O\u2019Sullivan, Miss. Zo\u00eb").encode("cp1252"),
        ("--encoding cp1252",),
    ),
    "cp949": (_with_name("\uae40\ubbfc\uc900").encode("cp949"), ("--encoding cp949",)),
    "latin1-header": (_named(Name="Gr\u00f6\u00dfe").encode("latin-1"), ("--encoding cp1252",)),
    "no-final-newline": (PLAIN.rstrip("\n").encode(), ("--allow-no-final-newline",)),
    "backslash-n": (written(changed("Age", {"": r"\N"})).encode(), (r"--null '\N'",)),
    "question-mark": (written(changed("Age", {"": "?"})).encode(), ("--null '?'",)),
    "dash": (written(changed("Age", {"": "-"})).encode(), ("--null -",)),
    "dot": (written(changed("Age", {"": "."})).encode(), ("--null '.'",)),
    "unknown-age": (written(changed("Age", {"": "unknown"})).encode(), ("--null unknown",)),
    "own-word": (
        written(changed("Age", {"": "keine Angabe"})).encode(),
        ("--null 'keine Angabe'",),
    ),
    "title-case": (
        written(changed("Sex", {"male": "Male", "female": "Female"})).encode(),
        ("--map ",),
    ),
    "some-upper-case": (written(changed("Sex", {"male": "MALE"})).encode(), ("--map ",)),
    "padded": (written(changed("Sex", prefix=" ")).encode(), ("--trim",)),
    "spaces-around-quotes": (PLAIN.replace(',"', ', "').encode(), ("--trim",)),
    "decimal-comma": (
        written(_commas(), ";").encode("utf-8-sig"),
        ("--delimiter ';'", "--decimal ','"),
    ),
    "thousands": (written(_numbers("Fare", "{:,.2f}")).encode(), ("--thousands ','",)),
    "german": (
        written(_marked(".", ","), ";").encode("cp1252"),
        ("--delimiter ';'", "--decimal ',' --thousands '.'"),
    ),
    "french": (
        written(_marked("\u202f", ","), ";").encode(),
        ("--delimiter ';'", "--decimal ',' --thousands ' '"),
    ),
    "swiss": (written(_marked("\u2019", ".")).encode(), ("--thousands ",)),
    "backslashes": (_escaped().encode(), (r"--escape '\'",)),
    "title": (("# exported 2026-11-01 by CRM\n" + PLAIN).encode(), ("--skip-lines 1",)),
    "two-titles": (("Passengers\n\n" + PLAIN).encode(), ("--skip-lines 2",)),
    "sep": (
        ("sep=;\r\n" + written(records(), ";", "\r\n")).encode(),
        ("--delimiter ';'", "--skip-lines 1"),
    ),
    "null-sex": (PLAIN.replace(",male,", ",,", 1).encode(), ("--fill Sex=male",)),
    "null-class": (PLAIN.replace(",3,", ",,", 1).encode(), ("--fill Pclass=3",)),
    "renamed": (
        _named(Sex="Sexes", Fare="Fares").encode(),
        ("--rename Sexes=Sex", "--rename Fares=Fare"),
    ),
    "foreign-names": (_named(Sex="gender", Embarked="harbour").encode(), ("--rename gender=Sex",)),
    "invisible-name": (_named(Sex="Sex\u200b").encode(), (r"--rename $'Sex\xe2\x80\x8b=Sex'",)),
    "escape-in-name": (_named(Sex="Sex\x1b[1m").encode(), (r"--rename $'Sex\x1b[1m=Sex'",)),
    "marked-names": (
        written([[f"\ufeff{name}" for name in records()[0]], *records()[1:]]).encode(),
        (r"--rename $'\xef\xbb\xbfSex=Sex'", r"--rename $'\xef\xbb\xbfFare=Fare'"),
    ),
    "invisible-in-cells": (
        written(changed("Sex", {"male": "male\u200b"})).encode(),
        (r"--map $'Sex:male\xe2\x80\x8b=male,",),
    ),
    "yes-no": (
        written(_answers("Parch", "yes", "no")).encode(),
        ("--map Parch:no=0,yes=1",),
    ),
    "all-at-once": (
        written(changed("Age", {"": "?"}), ";")
        .replace(";male;", ";Male;")
        .rstrip("\n")
        .encode("cp1252"),
        ("--delimiter ';'", "--null '?'", "--map ", "--allow-no-final-newline"),
    ),
}

#: What no option lets through, and a part of what is said; the rows may be left out where named.
HOPELESS: dict[str, tuple[bytes, str]] = {
    "totals-row": ((PLAIN + _TOTAL).encode(), f"Row {ROWS + 1} lacks most of what the model takes"),
    "short-totals-row": ((PLAIN + "Total rows: 24\n").encode(), "Fix the input"),
    "new-category": (PLAIN.replace(",S\n", ",X\n", 1).encode(), "never saw (X)"),
    "class-as-text": (
        written(changed("Pclass", {"1": "1st", "2": "2nd", "3": "3rd"})).encode(),
        "never saw (",
    ),
    "missing-column": (
        written([record[:-1] for record in records()]).encode(),
        "missing column of the model: Embarked",
    ),
    "twice": (_named(Cabin="Fare").encode(), "the header repeats 'Fare'"),
    "mixed-encodings": (
        (
            _with_name("Zo\u00eb").encode()
            + _with_name("Zo\u00eb").encode("cp1252").split(b"\n", 1)[1]
        ),
        "Fix the input",
    ),
    "koi8-r": (
        _with_name("\u041f\u0435\u0442\u0440\u043e\u0432").encode("koi8-r"),
        "It may be koi8-r (",
    ),
    "koi8-r-header": (_named(Name="\u0418\u043c\u044f").encode("koi8-r"), "It may be koi8-r ("),
    "shift-jis": (_with_name("\u5c71\u7530").encode("cp932"), "nothing tells what it is"),
    "dollars": (
        written(changed("Fare", prefix="$")).encode(),
        "Fare holds what is no plain number ($",
    ),
    "years": (
        written(changed("Age", {r[4]: f"{r[4]} years" for r in records()[1:] if r[4]})).encode(),
        "Age holds what is no plain number (",
    ),
    "percent": (
        written(changed("Fare", {r[8]: f"{r[8]}%" for r in records()[1:]})).encode(),
        "Fare holds what is no plain number (",
    ),
    "swapped": (
        _named(Age="Sex", Sex="Age").encode(),
        "Age holds text where the model takes numbers",
    ),
    "some-yes-no": (written(changed("SibSp", {"0": "no", "1": "yes"})).encode(), "Fix the input"),
    "cut": (PLAIN[:-12].encode(), "The last record is cut short"),
}

#: What is to be rewritten, by a command that the message names.
REWRITTEN: dict[str, bytes] = {
    "decimal-comma-among-commas": written(_commas()).encode("utf-8-sig"),
    "blank-line-inside": PLAIN.replace("\n", "\n\n", 3).replace("\n\n", "\n", 1).encode(),
    "trailing-in-rows": PLAIN.replace("S\n", "S,\n")
    .replace("C\n", "C,\n")
    .replace("Q\n", "Q,\n")
    .encode(),
}

#: What is read as it is, though other readers take it for something else.
READ: dict[str, bytes] = {
    "blank-lines": (PLAIN + "\n\n\n").encode(),
    "blank-lines-crlf": (PLAIN.replace("\n", "\r\n") + "\r\n").encode(),
    "index": _sides("").encode(),
    "trailing-delimiter": "".join(f"{line},\n" for line in PLAIN.splitlines()).encode(),
}
