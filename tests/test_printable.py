"""What is not ours does nothing to a terminal, and stays readable."""

from __future__ import annotations

import json
import os
import subprocess
import unicodedata

import pytest

from titanic_batch.errors import DataError
from titanic_batch.printable import printable, printable_json, shell_quoted

PLAIN = [
    "",
    "Sib Sp",
    "생존자",
    "Zoë Žižek",
    "乗客\u3000名",
    "👍🏽 ❤️‍🔥 👨‍👩‍👧",
    "a\\b",
    "[red]x[/red]",
]
ESCAPED = {
    "\x1b[31mred": "\\x1b[31mred",
    "\x9b2J": "\\x9b2J",
    "\x1b]0;title\x07": "\\x1b]0;title\\x07",
    "a\rb\x08c\x7f\0": "a\\rb\\x08c\\x7f\\x00",
    "a\nerror: b\tc": "a\\nerror: b\\tc",
    "\u202eabc\u2066\u200e\u061c": "\\u202eabc\\u2066\\u200e\\u061c",
    "S\u200bex\u200d\ufeff\u00ad": "S\\u200bex\\u200d\\ufeff\\xad",
    "a\u2028b\u2029": "a\\u2028b\\u2029",
    "\udcff.csv": "\\udcff.csv",
    "\U000e0041": "\\U000e0041",
}


@pytest.mark.parametrize("text", PLAIN)
def test_letters_of_any_script_and_emoji_stay(text: str) -> None:
    assert printable(text) == text
    assert json.loads(printable_json([text])) == [text]


@pytest.mark.parametrize("text", ESCAPED)
def test_what_drives_a_terminal_or_hides_is_escaped(text: str) -> None:
    assert printable(text) == ESCAPED[text]
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize("only_ascii", [False, True])
@pytest.mark.parametrize("text", ESCAPED)
def test_json_holds_it_exactly_and_not_raw(text: str, only_ascii: bool) -> None:
    document = {text: [text, f"생존 {text}"]}
    written = printable_json(document, indent=2, only_ascii=only_ascii)
    assert json.loads(written) == document
    left = {unicodedata.category(character) for character in written.replace("\n", "")}
    assert not left & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert written.count("\n") == printable_json({"a": ["b", "c"]}, indent=2).count("\n")
    assert only_ascii == written.isascii()


def test_an_error_is_a_line_but_for_its_details() -> None:
    error = DataError("two\nrows", where="a\nb", hint="Do\x1bthis.", details=["  row 1\n", "  2"])
    assert str(error) == "a\\nb: two\\nrows\n  row 1\\n\n  2\nDo\\x1bthis."
    assert error.to_json()["where"] == "a\nb"


@pytest.mark.parametrize(
    "text", [*PLAIN, *ESCAPED, "it's", "-n", "$(id)`id`", "\x1b\\'\"", "\x1b0", "\udcff\udcfeab"]
)
def test_what_advice_quotes_is_printable_and_bash_reads_it_back(text: str) -> None:
    quoted = shell_quoted(text)
    assert printable(quoted) == quoted
    if "\0" not in text:  # which no name has, and no argument of a program
        command = ["bash", "-c", f"printf %s {quoted}"]
        read = subprocess.run(command, capture_output=True, check=True)
        assert read.stdout == os.fsencode(text)
