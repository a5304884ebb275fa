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
        escape: The ASCII byte that makes a quote inside quotes a part of the text, and so itself;
            a doubled quote does as well. Empty for none.
        skip_lines: Lines before the header.
        trim: Whether spaces and tabs around a cell are no part of it, nor those around its quotes.
    """

    delimiter: bytes = b","
    encoding: str = "utf-8"
    escape: bytes = b""
    skip_lines: int = 0
    trim: bool = False

    @property
    def is_utf8(self) -> bool:
        """Whether the file's bytes can be read as they are."""
        return self.encoding == "utf-8"

    @property
    def padding(self) -> bytes:
        """The bytes that are dropped around cells."""
        return b" \t".replace(self.delimiter, b"") if self.trim else b""


def declare_dialect(
    delimiter: str = ",",
    encoding: str = "utf-8",
    *,
    escape: str | None = None,
    skip_lines: int = 0,
    trim: bool = False,
) -> Dialect:
    r"""Check what the user said of the file.

    Args:
        delimiter: One ASCII character, or the word `tab`.
        encoding: Any text encoding that Python knows.
        escape: One ASCII character; None for none.
        skip_lines: Lines before the header.
        trim: Whether spaces around cells are dropped.

    Raises:
        UsageError: if the delimiter is no single ASCII character that could stand between fields,
            the escape is none or the delimiter, the encoding is unknown, or the delimiter would be
            trimmed.
    """
    character = _SPELLED_OUT.get(delimiter.lower(), delimiter)
    if not _is_single(character):
        raise UsageError(
            f"--delimiter {delimiter!r} is not a single ASCII character",
            hint="Give one character, for example --delimiter ';' or --delimiter tab.",
        )
    if escape is not None and (not _is_single(escape) or escape.isspace()):
        doubled = " (a doubled quote needs no option)" if escape == '"' else ""
        raise UsageError(
            f"--escape {escape!r} is not a single ASCII character that could stand before a quote"
            f"{doubled}",
            hint=r"Give for example --escape '\'.",
        )
    if escape == character:
        raise UsageError(
            f"--escape {escape!r} is the delimiter", hint=r"Give for example --escape '\'."
        )
    if trim and character == " ":
        raise UsageError(
            "--trim drops spaces, and the delimiter is one", hint="Leave out one of the two."
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
    return Dialect(
        delimiter=character.encode(),
        encoding="utf-8" if name == "utf-8-sig" else name,
        escape=(escape or "").encode(),
        skip_lines=skip_lines,
        trim=trim,
    )


def _is_single(character: str) -> bool:
    return len(character) == 1 and character.isascii() and character not in '"\r\n\0'
