"""No damage to a CSV file publishes a wrong row, as far as data can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.amount import some
from tests.damage.cases import (
    ALLOWED_CUT,
    AT_BORDER,
    FAMILIES,
    SPLIT_AT_EDGE,
    WHOLE_RECORDS,
    Case,
    structural,
)
from tests.damage.clean import FILE, HEADER, NAMES, RECORDS, ROWS, TEXT_COLUMNS, Row, states
from tests.damage.outcome import Outcome, outcome

TEXT_POSITIONS = {NAMES.index(name) for name in TEXT_COLUMNS}


def is_subsequence(found: list[Row], clean: list[Row]) -> bool:
    rows = iter(clean)
    return all(row in rows for row in found)


def model_cells(row: Row) -> Row:
    return tuple(cell for index, cell in enumerate(row) if index not in TEXT_POSITIONS)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[Row, float]:
    """Return what a model says of each clean row."""
    path = tmp_path_factory.mktemp("clean") / "clean.csv"
    path.write_bytes(FILE)
    result = outcome(path)
    assert not result.failure
    assert not result.rejects
    assert [row for row, _ in result.published] == ROWS
    assert len({prediction for _, prediction in result.published}) == len(ROWS)
    return dict(result.published)


def judge(case: Case, result: Outcome, clean: dict[Row, float]) -> str:
    """Return what became of a case: failed, accounted, or wrong."""
    if result.failure or not result.published:
        return "failed" if result.failure else "nothing published"
    # Every byte behind the header is part of a record that was published or rejected, but for
    # empty lines at the end.
    body = result.body.rstrip(b"\r\n")
    assert case.options.get("encoding") or case.data.rstrip(b"\r\n").endswith(body)
    rows = [row for row, _ in result.published]
    right = is_subsequence(rows, case.rows) and all(
        prediction == clean[row] for row, prediction in result.published
    )
    if not right:
        return "wrong"
    # What is missing is among the rejects, or nothing is.
    return "accounted" if result.rejects or rows == case.rows else "wrong"


def check_hidden(case: Case, result: Outcome, clean: dict[Row, float]) -> None:
    """Hold what cannot be told from data to what its reason says of it."""
    rows = [row for row, _ in result.published]
    if case.hidden in (AT_BORDER, WHOLE_RECORDS):
        assert is_subsequence(rows, case.rows)
        return
    if case.hidden == ALLOWED_CUT:
        assert rows[:-1] == case.rows[: len(rows) - 1]
        assert rows[-1][:-1] == case.rows[len(rows) - 1][:-1]
        return
    if case.hidden == SPLIT_AT_EDGE:
        assert result.rejects  # so that a run, which allows none by default, publishes nothing
        altered = [row for row in rows if row not in case.rows]
        assert len(altered) == 1
        assert any(altered[0][1:] == row[1:] or altered[0][:-1] == row[:-1] for row in ROWS)
        return
    # The model's columns are right, and so is its prediction: only kept text was altered.
    predictions = {model_cells(row): prediction for row, prediction in clean.items()}
    assert is_subsequence([model_cells(row) for row in rows], [model_cells(r) for r in case.rows])
    for row, prediction in result.published:
        assert prediction == predictions[model_cells(row)]


@pytest.mark.parametrize("family", list(FAMILIES))
def test_no_damage_publishes_a_wrong_row(
    family: str,
    clean: dict[Row, float],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "damaged.csv"
    outcomes: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    silent = []
    for number, case in enumerate(some(FAMILIES[family](), every=5)):
        path.write_bytes(case.data)
        result = outcome(path, **case.options)
        if number % 11 == 0:
            # A failure can come before or after the rows that a small chunk holds.
            small = outcome(path, chunk_bytes=60, **case.options)
            assert small == result, case.what
        verdict = judge(case, result, clean)
        if verdict == "wrong" and case.hidden:
            check_hidden(case, result, clean)
            hidden[case.hidden] += 1
            verdict = "hidden"
        elif verdict == "wrong":
            silent.append(f"{case.what}: {result}"[:2000])
        elif case.hidden == WHOLE_RECORDS and verdict == "accounted" and not result.rejects:
            hidden[case.hidden] += 1  # each row is right, but there are too many or too few
            verdict = "hidden"
        outcomes[verdict] += 1
    figures = {"cases": outcomes.total(), **outcomes, "silent errors": len(silent)}
    for name, count in figures.items():
        record_property(name, count)
    for reason, count in hidden.items():
        record_property(f"hidden: {reason}", count)
    with capsys.disabled():
        print(f"\n{family}: {figures}")  # noqa: T201
        for reason, count in sorted(hidden.items()):
            print(f"    {count} cannot be told from data: {reason}")  # noqa: T201
    assert not silent, "\n".join(silent[:5])


def test_one_separator_too_many_or_too_few_in_one_row_yields_all_the_others(
    clean: dict[Row, float], tmp_path: Path
) -> None:
    path = tmp_path / "damaged.csv"
    line, cases = 2, 0
    for index, record in enumerate(RECORDS):
        others = [row for position, row in enumerate(ROWS) if position != index]
        found = states(record)
        outside = [at for at in range(len(record)) if found[at] == "structure"]
        damaged = [record[:at] + b"," + record[at:] for at in outside]
        damaged += [record[:at] + record[at + 1 :] for at in outside if record[at] == ord(",")]
        for raw in damaged:
            path.write_bytes(HEADER + b"".join([*RECORDS[:index], raw, *RECORDS[index + 1 :]]))
            result = outcome(path)
            assert [row for row, _ in result.published] == others, raw
            first, *more = result.rejects
            assert (first.row, first.line) == (index + 1, line)
            assert first.reason in ("wrong-width", "bad-quote")
            # Its quote now stands inside a bare field, so its quoted newline ends the record.
            assert not more or b'3"Panula,\n' in raw
            assert "\n".join(reject.record for reject in result.rejects) + "\n" == raw.decode()
            cases += 1
        line += record.count(b"\n")
    assert cases > 400


def test_the_clean_file_is_published_alike_from_every_legal_form(
    clean: dict[Row, float], tmp_path: Path
) -> None:
    text = FILE.decode()
    forms: dict[str, tuple[bytes, dict[str, Any]]] = {
        "as it is": (FILE, {}),
        "with a mark": (b"\xef\xbb\xbf" + FILE, {}),
        "CRLF": (structural(FILE, b"\n", b"\r\n"), {}),
        "semicolons": (structural(FILE, b",", b";"), {"delimiter": ";"}),
        "tabs": (structural(FILE, b",", b"\t"), {"delimiter": "tab"}),
        "latin-1": (text.encode("latin-1"), {"encoding": "latin-1"}),
        "utf-16": (text.encode("utf-16"), {"encoding": "utf-16"}),
    }
    path = tmp_path / "form.csv"
    for name, (data, options) in forms.items():
        path.write_bytes(data)
        for chunk_bytes in (1, 50, 1 << 20):
            result = outcome(path, chunk_bytes=chunk_bytes, **options)
            assert list(result.published) == list(clean.items()), name
            assert not result.rejects
