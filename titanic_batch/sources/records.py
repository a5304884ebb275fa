"""One CSV record at a time: split it, say what is wrong with it, show it. The exact, slow half."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache

from titanic_batch.faults import Reason
from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.grammar import field_pattern
from titanic_batch.sources.stream import UNDECODABLE

#: A byte order mark; several files that were joined have it inside.
BOM = codecs.BOM_UTF8

#: The mark of a bad byte, and the byte, which may look like the mark.
_MARKED = re.compile(re.escape(UNDECODABLE) + rb"([\x80-\xff]?)")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record.

    Attributes:
        text: Its text, quotes removed.
        malformed: Whether it breaks the rule for quotes.
    """

    text: bytes
    malformed: bool


def strip_newline(record: bytes) -> bytes:
    """Return the record without the LF or CRLF that ends it."""
    if record.endswith(b"\n"):
        record = record[:-1]
        if record.endswith(b"\r"):
            record = record[:-1]
    return record


def split_fields(record: bytes, dialect: Dialect) -> list[Field]:
    """Split a record, without its newline, into fields; nothing is trimmed yet."""
    if b'"' not in record:
        return [Field(text, b"\r" in text) for text in record.split(dialect.delimiter)]
    pattern = field_pattern(dialect)
    fields = []
    start = 0
    while match := pattern.match(record, start):
        padding, quoted, bare = match.groups()
        if quoted is None:
            fields.append(Field(bare, b'"' in bare or b"\r" in bare))
        else:
            text = _unquoted(quoted, dialect.escape)
            fields.append(Field(padding + text + bare, bool(bare.strip(dialect.padding))))
        start = match.end()
        if start >= len(record):
            break
        start += len(dialect.delimiter)
    return fields


def trimmed(fields: list[Field], dialect: Dialect) -> list[Field]:
    """Return fields without the padding of a dialect that drops it."""
    if not dialect.padding:
        return fields
    return [Field(field.text.strip(dialect.padding), field.malformed) for field in fields]


def _unquoted(text: bytes, escape: bytes) -> bytes:
    """Return what stands between quotes as the text that it is."""
    if not escape:
        return text.replace(b'""', b'"')
    return _escapes(escape).sub(rb"\1", text)


@lru_cache(maxsize=8)
def _escapes(escape: bytes) -> re.Pattern[bytes]:
    # What is left of a quote is doubled: it is always the first of two.
    return re.compile(rb'["\x%02x](["\x%02x])' % (escape[0], escape[0]))


def bare_faults(fields: list[Field]) -> int | None:
    """Return the position of the first field that breaks the rule for quotes; None for none."""
    return next((position for position, field in enumerate(fields) if field.malformed), None)


def record_fault(fields: list[Field], header: tuple[bytes, ...]) -> tuple[int, Reason] | None:
    """Return what is wrong with a record's form: the field's position (-1: all of it) and why.

    Args:
        fields: The record's fields.
        header: The header's fields, as UTF-8.
    """
    width = len(header)
    malformed = bare_faults(fields)
    if malformed is not None:
        return malformed if malformed < width else -1, "bad-quote"
    undecodable = next((i for i, field in enumerate(fields) if not _is_text(field.text)), None)
    if undecodable is not None:
        return undecodable if undecodable < width else -1, "bad-encoding"
    if len(fields) != width:
        return -1, "wrong-width"
    if fields[0].text.removeprefix(BOM) == header[0] and all(
        field.text == name for field, name in zip(fields[1:], header[1:], strict=True)
    ):
        return -1, "repeated-header"
    if fields[0].text.startswith(BOM):  # a file was joined on here; the mark is no part of its text
        return 0, "bad-encoding"
    return None


def reorders_header(fields: list[Field], header: tuple[bytes, ...]) -> bool:
    """Return whether a record holds all of the header's names, in another order."""
    texts = [fields[0].text.removeprefix(BOM), *(field.text for field in fields[1:])]
    return texts[0] in header and tuple(texts) != header and sorted(texts) == sorted(header)


def show_record(record: bytes, *, transcoded: bool) -> str:
    r"""Return a record's text, bytes that are no text as `\xNN`."""
    if transcoded:
        record = _MARKED.sub(rb"\1", record)
    return record.decode("utf-8", "backslashreplace").replace("\0", r"\x00")


def _is_text(field: bytes) -> bool:
    if b"\0" in field:
        return False
    if field.isascii():
        return True
    try:
        field.decode()
    except UnicodeDecodeError:
        return False
    return True
