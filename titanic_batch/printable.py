"""Make text that is not ours printable: names, cells and messages of files, models and services.

What a terminal acts upon, and what makes one text look like another, is escaped: control characters
and escape sequences, line ends, marks of direction, invisible characters, lone surrogates. Letters
of any script and emoji stay as they are. What is escaped is data still: in JSON it reads back.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import unicodedata
from collections.abc import Callable
from typing import Any

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: What makes one sign of several, within emoji of persons, flags and families.
_JOINER = "\u200d"
_JOINED = re.compile(
    f"(?<=[\u2190-\u2bff\U0001f000-\U0001faff\ufe0f]){_JOINER}(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)


def printable(text: str, *, keep: str = "") -> str:
    """Return a text in one line that does nothing to a terminal.

    Args:
        text: Whatever it is.
        keep: Characters that stay, such as the line ends of a document of ours.
    """
    return _escaped(text, lambda character: repr(character)[1:-1], keep)


def printable_json(document: Any, *, indent: int | None = None, only_ascii: bool = False) -> str:
    """Return a document as JSON that does nothing to a terminal, and reads back as it was."""
    text = json.dumps(document, indent=indent, ensure_ascii=only_ascii)
    return _escaped(text, _json_escape, "\n")


def shell_quoted(text: str) -> str:
    """Return a name as advice holds it: it does nothing to a terminal, and bash reads it back.

    What is escaped stands there byte for byte, in $'...': so it means the same in any locale, and a
    name that is no UTF-8 can be given, too.
    """
    if printable(text) == text:
        return shlex.quote(text)
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{_escaped(plain, _shell_escape, '')}'"


def _shell_escape(character: str) -> str:
    try:
        data = os.fsencode(character)
    except UnicodeEncodeError:  # a surrogate that stands for no byte of a name
        data = character.encode("utf-8", "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in data)


def _json_escape(character: str) -> str:
    if ord(character) > 0xFFFF:  # two of them
        return json.dumps(character)[1:-1]
    return f"\\u{ord(character):04x}"  # json leaves U+007F


def _escaped(text: str, escape: Callable[[str], str], keep: str) -> str:
    if text.isascii() and (text.replace("\n", "") if "\n" in keep else text).isprintable():
        return text
    joiners = {found.start() for found in _JOINED.finditer(text)} if _JOINER in text else ()
    return "".join(
        character
        if unicodedata.category(character) not in _ESCAPED or character in keep or place in joiners
        else escape(character)
        for place, character in enumerate(text)
    )
