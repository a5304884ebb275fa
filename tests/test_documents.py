"""Whatever others hand us for a document, reading it ends soon, and in an error of ours."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from titanic_batch.documents import NotADocumentError, open_regular, parse_json, read_bounded


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
        ("[" * 65 + "]" * 65, "nested too deeply"),
        ("9" * 5000, "number of 5,000 digits"),
        ("[-" + "9" * 301 + "]", "number of 302 digits"),
        ('{"a": 1, "a": 2}', "a key twice"),
        ("\ufeff{}", "not JSON"),
        ("\udcff", "not JSON"),
        ("", "not JSON"),
    ],
    ids=["lists", "objects", "few", "number", "negative", "twice", "mark", "bytes", "empty"],
)
def test_what_is_no_sane_json_is_refused(text: str, says: str) -> None:
    with pytest.raises(NotADocumentError, match=says):
        parse_json(text.encode("utf-8", "surrogateescape"))


def test_names_that_are_no_utf_8_pass() -> None:
    assert parse_json(b'{"a": ["m\\udcff.pkl", 1e400, 12]}') == {
        "a": ["m\udcff.pkl", float("inf"), 12]
    }


@pytest.mark.parametrize("kind", ["fifo", "folder", "socket", "device", "link"])
def test_only_regular_files_are_opened(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    (tmp_path / "file").write_text("{}")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    else:
        path.symlink_to(tmp_path / "file" if kind == "link" else "/dev/zero")
    with pytest.raises(NotADocumentError):
        open_regular(path, follow_links=kind == "device")


def test_no_more_is_read_than_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"12345")
    with open_regular(path) as file:
        assert read_bounded(file, 5) == b"12345"
    with open_regular(path) as file, pytest.raises(NotADocumentError, match="larger than"):
        read_bounded(file, 4)
