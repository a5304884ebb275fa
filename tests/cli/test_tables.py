"""Rows are a table where the terminal is wide enough, and else a block each; no cell is cut."""

from __future__ import annotations

import sys

import pytest

from titanic_batch.cli.tables import print_rows

HEADER = ("JOB", "MODEL", "LAST RUN")
ROWS = [
    ("nightly", "titanic_model:latest", "418 rows"),
    ("이름이 긴 작업", "x" * 60, ""),
]


def be_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))


def test_off_a_terminal_each_row_is_a_line_however_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_rows(HEADER, ROWS)
    header, *rows = capsys.readouterr().out.splitlines()
    # Wide characters take two cells each: the second column starts under its header all the same.
    assert header == "JOB             MODEL" + " " * 57 + "LAST RUN"
    assert rows == [
        "nightly         titanic_model:latest" + " " * 42 + "418 rows",
        "이름이 긴 작업  " + "x" * 60,
    ]


def test_a_headers_control_characters_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_rows(("COLUMN",), [("a\nge\x1b[31mR\tx",)])
    assert capsys.readouterr().out.splitlines() == ["COLUMN", r"a\nge\x1b[31mR\tx"]


def test_a_terminal_that_is_too_narrow_gets_a_block_for_each_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    be_terminal(monkeypatch, 60)
    print_rows(HEADER, ROWS)
    assert capsys.readouterr().out.splitlines() == [
        "nightly",
        "  model     titanic_model:latest",
        "  last run  418 rows",
        "이름이 긴 작업",
        "  model     " + "x" * 60,
    ]


def test_a_terminal_that_is_wide_enough_gets_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    be_terminal(monkeypatch, 60)
    print_rows(HEADER, ROWS[:1])
    assert capsys.readouterr().out.splitlines() == [
        "JOB      MODEL                 LAST RUN",
        "nightly  titanic_model:latest  418 rows",
    ]


@pytest.mark.parametrize(
    ("columns", "header"),
    [(100, "JOB MODEL LAST RUN"), (60, "JOB LAST RUN"), (20, "JOB"), (9, "nightly")],
)
def test_the_least_columns_are_left_out_on_a_narrow_terminal(
    columns: int, header: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    be_terminal(monkeypatch, columns)
    print_rows(HEADER, ROWS, least=("MODEL", "LAST RUN"))
    assert " ".join(capsys.readouterr().out.splitlines()[0].split()) == header
