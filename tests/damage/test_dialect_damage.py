"""No damage to a file in a dialect of its own publishes a wrong row, as far as data can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.amount import some
from tests.damage.cases import Case
from tests.damage.clean import NAMES, ROWS, Row
from tests.damage.outcome import outcome
from tests.damage.test_csv_damage import judge
from titanic_batch.alignment.number_format import NumberFormat

DECIMALS = ("Age", "Fare")


@dataclass(frozen=True)
class Form:
    """A way to write the clean rows, and how it is declared."""

    options: dict[str, Any]
    delimiter: str = ","
    escape: str = '"'
    decimal: str = "."
    before: str = ""
    padding: str = ""

    def cell(self, column: str, text: str) -> str:
        """Return a cell as the file holds it."""
        if column in DECIMALS:
            return text.replace(".", self.decimal)
        if set(text) & {self.delimiter, '"', "\n"}:
            text = text.replace("\\", self.escape.replace('"', "") + "\\")
            quoted = text.replace('"', self.escape + '"')
            return f'"{quoted}"'
        return text

    def written(self) -> tuple[bytes, list[str]]:
        """Return the file, and of each byte whether it is of a `cell` or `structure`."""
        data, kinds = bytearray(self.before.encode()), ["structure"] * len(self.before.encode())
        for row in (tuple(NAMES), *ROWS):
            for place, (column, cell) in enumerate(zip(NAMES, row, strict=True)):
                is_header = row == tuple(NAMES)
                text = column if is_header else self.cell(column, cell or "")
                padded = f"{self.padding}{text}{self.padding}".encode()
                data += padded + (self.delimiter if place < len(NAMES) - 1 else "\n").encode()
                kinds += ["cell"] * len(padded) + ["structure"]
        return bytes(data), kinds


FORMS = {
    "decimal comma": Form(
        {"delimiter": ";", "numbers": NumberFormat(",")}, delimiter=";", decimal=","
    ),
    "thousands": Form(
        {"delimiter": ";", "numbers": NumberFormat(",", ".")}, delimiter=";", decimal=","
    ),
    "escapes": Form({"escape": "\\"}, escape="\\"),
    "skipped lines": Form({"skip_lines": 2}, before='sep=,\n"exported, by\n'),
    "padding": Form({"trim": True}, padding=" "),
}


def damaged(form: Form) -> Iterator[tuple[Case, str]]:
    """Yield damaged files, and what was hit: what is put in may be a part of a `cell`."""
    data, kinds = form.written()
    marks = [form.delimiter, '"', "\n", "\r", "\\", " ", ""]
    for offset, kind in enumerate(kinds):
        byte = data[offset : offset + 1]
        for mark in marks:
            if mark:
                text = data[:offset] + mark.encode() + data[offset:]
                yield Case(f"{mark!r} put in at {offset}", text), "cell"
            if mark.encode() != byte and (kind == "structure" or byte in b'"\\'):
                text = data[:offset] + mark.encode() + data[offset + 1 :]
                yield Case(f"{byte!r} at {offset} is {mark!r}", text), kind


@pytest.mark.parametrize("name", list(FORMS))
def test_no_damage_publishes_a_wrong_row(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    path = tmp_path / "in.csv"
    path.write_bytes(form.written()[0])
    clean = outcome(path, **form.options)
    assert not clean.failure
    assert not clean.rejects
    rows = [row for row, _ in clean.published]
    expected = [
        tuple(text_of(form, *pair) for pair in zip(NAMES, row, strict=True)) for row in ROWS
    ]
    assert rows == expected
    verdicts: Counter[str] = Counter()
    for number, (case, kind) in enumerate(some(damaged(form), every=97)):
        path.write_bytes(case.data)
        result = outcome(path, **form.options)
        if number % 11 == 0:
            assert outcome(path, chunk_bytes=60, **form.options) == result, case.what
        whole = Case(case.what, case.data, rows=rows, options=form.options)
        verdict = judge(whole, result, dict(clean.published))
        if verdict == "wrong":
            # The text of a cell was altered, or a record split within its first or last field.
            found = [row for row, _ in result.published]
            others = [row for row in found if row not in rows]
            assert len(others) == 1, case.what
            split = any(others[0][1:] == row[1:] or others[0][:-1] == row[:-1] for row in rows)
            if not (split and result.rejects):
                assert kind == "cell", case.what
                # To the model it is the same: what it says tells any two inputs apart.
                said = iter(prediction for _, prediction in clean.published)
                assert all(prediction in said for _, prediction in result.published), case.what
            verdict = "kept text altered"
        verdicts[verdict] += 1
    assert verdicts["failed"] + verdicts["accounted"] > verdicts["kept text altered"]


def text_of(form: Form, column: str, cell: str | None) -> str | None:
    """Return a clean cell's text as the form's file has it, without quotes."""
    if cell is not None and column in DECIMALS:
        return cell.replace(".", form.decimal)
    return cell


def test_a_row_is_only_right_with_its_own_dialect(tmp_path: Path) -> None:
    """The clean rows are told apart from those that another declaration makes of the file."""
    path = tmp_path / "in.csv"
    path.write_bytes(FORMS["thousands"].written()[0])
    points = outcome(path, delimiter=";")
    assert {reject.column for reject in points.rejects} == {"Age", "Fare"}
    rejected: list[Row] = [row for row, _ in points.published if "," in (row[8] or "")]
    assert not rejected
