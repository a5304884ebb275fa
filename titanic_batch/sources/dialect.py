"""Dialect: how a CSV file is written. It is declared by the user, never guessed."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from titanic_batch.errors import UsageError

QUOTE = b'"'
_SPELLED_OUT = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One delimiter, `"` quotes, LF or CRLF record ends, one encoding.

    Attributes:
        delimiter: A single ASCII byte.
        encoding: Python's canonical name of the encoding.
    """

    delimiter: bytes = b","
    encoding: str = "utf-8"

    @property
    def is_utf8(self) -> bool:
        """Whether the file's bytes can be read as they are."""
        return self.encoding == "utf-8"


def declare_dialect(delimiter: str, encoding: str) -> Dialect:
    """Check what the user said of the file.

    Args:
        delimiter: One ASCII character, or the word `tab`.
        encoding: Any text encoding that Python knows.

    Raises:
        UsageError: if the delimiter is no single ASCII character that could stand between fields,
            or the encoding is unknown.
    """
    character = _SPELLED_OUT.get(delimiter.lower(), delimiter)
    if len(character) != 1 or not character.isascii() or character in '"\r\n\0':
        raise UsageError(
            f"--delimiter {delimiter!r} is not a single ASCII character",
            hint="Give one character, for example --delimiter ';' or --delimiter tab.",
        )
    try:
        name = codecs.lookup(encoding).name
        " ".encode(name)  # refuses codecs that are no text encodings, such as hex
        b"\xff".decode(name, "replace")  # refuses those that cannot read past a bad byte: idna
    except (LookupError, UnicodeError) as exc:
        raise UsageError(
            f"--encoding {encoding!r} is not a text encoding that can be read",
            hint="Give for example --encoding latin-1 or --encoding cp1252.",
        ) from exc
    return Dialect(delimiter=character.encode(), encoding="utf-8" if name == "utf-8-sig" else name)
