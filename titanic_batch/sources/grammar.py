r"""The CSV grammar, once for what cuts the chunks and once, vectorised, for what checks them.

A record is fields joined by the delimiter and ended by LF or CRLF. A field is either quoted (quotes
inside it doubled; delimiters and newlines allowed) or bare (RFC 4180's TEXTDATA: no quote, CR, LF
or NUL). Where a quote breaks this rule, the rest of its field is read as bare text up to the next
delimiter or newline, so that the damage stays within a record that is then rejected.

The method of `quotes_are_regular` - look at the quotes' neighbours only, since quotes that obey the
grammar alternate between opening and closing - replaces a byte-by-byte state machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_QUOTE, _LF, _CR = 34, 10, 13

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Records:
    """Where the complete records of a buffer end.

    Attributes:
        ends: Offset just past each record's LF, ascending.
        regular: Whether every quote obeys the grammar.
        newlines: Offset of every LF, those inside quotes too.
    """

    ends: Offsets
    regular: bool
    newlines: Offsets


@lru_cache(maxsize=8)
def record_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """Return the pattern of one record, LF included.

    Each field has one way to match, and its repeats are possessive, so nothing is ever tried twice.
    Only the fields' own repeat is not: a possessive group that holds an alternative matches wrongly
    in early releases of Python 3.11 (seen in 3.11.2; CPython's issue 106052), not in later ones.
    """
    bare = rb"[^" + re.escape(delimiter) + rb"\n]*+"
    field = rb'(?:"[^"]*+(?:""[^"]*+)*+"|(?!"))' + bare
    return re.compile(field + rb"(?:" + re.escape(delimiter) + field + rb")*\n")


@lru_cache(maxsize=8)
def field_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """Return the pattern of one field: group 1 the quoted text, group 2 the bare or malformed."""
    bare = rb"([^" + re.escape(delimiter) + rb"\n]*+)"
    return re.compile(rb'(?:"([^"]*+(?:""[^"]*+)*+)"|(?!"))' + bare)


def find_records(buffer: bytes, delimiter: bytes) -> Records:
    """Find the complete records of `buffer`, which starts where a record starts."""
    octets = np.frombuffer(buffer, np.uint8)
    newlines = np.flatnonzero(octets == _LF)
    quotes = np.flatnonzero(octets == _QUOTE)
    if not quotes.size:
        return Records(newlines + 1, True, newlines)
    first_malformed = _first_malformed(octets, quotes, delimiter[0])
    outside = newlines[(np.searchsorted(quotes, newlines) & 1) == 0]
    if first_malformed is None:
        return Records(outside + 1, True, newlines)
    # Parity holds up to the first quote that is malformed; from its record on, read exactly.
    sure = outside[outside < first_malformed] + 1
    start = int(sure[-1]) if sure.size else 0
    exact = [match.end() for match in _records_from(buffer, start, delimiter)]
    return Records(np.concatenate([sure, np.array(exact, np.int64)]), False, newlines)


def quotes_are_regular(buffer: bytes, delimiter: bytes) -> bool:
    """Return whether every quote obeys the grammar; `buffer` starts where a record starts."""
    octets = np.frombuffer(buffer, np.uint8)
    return _first_malformed(octets, np.flatnonzero(octets == _QUOTE), delimiter[0]) is None


def _records_from(buffer: bytes, start: int, delimiter: bytes) -> Iterator[re.Match[bytes]]:
    pattern = record_pattern(delimiter)
    while match := pattern.match(buffer, start):
        yield match
        start = match.end()


def _first_malformed(octets: npt.NDArray[np.uint8], quotes: Offsets, delimiter: int) -> int | None:
    """Return the offset of the first quote that breaks the grammar, None where all obey it."""
    opening, closing = quotes[0::2], quotes[1::2]
    if not opening.size:
        return None
    last = octets.size - 1
    # A record starts at the buffer's start, as after an LF. Past its end nothing is known yet, so
    # nothing is wrong there.
    before = octets.take(opening - 1, mode="clip")
    after = octets.take(closing + 1, mode="clip")
    if opening[0] == 0:
        before[0] = _LF
    if closing.size and closing[-1] == last:
        after[-1] = _LF
    neighbour = _neighbours(delimiter)
    bad_opening, bad_closing = ~neighbour[before], ~neighbour[after]
    carriage_returns = np.flatnonzero(after == _CR)
    if carriage_returns.size:  # CRLF ends a record as well
        second = closing[carriage_returns] + 2
        ends = (second > last) | (octets.take(second, mode="clip") == _LF)
        bad_closing[carriage_returns[ends]] = False
    malformed = [
        offsets[int(bad.argmax())]
        for offsets, bad in ((opening, bad_opening), (closing, bad_closing))
        if bad.any()
    ]
    return int(min(malformed)) if malformed else None


@lru_cache(maxsize=8)
def _neighbours(delimiter: int) -> npt.NDArray[np.bool_]:
    """Return, per byte value, whether it may stand before an opening or after a closing quote."""
    table = np.zeros(256, np.bool_)
    table[[delimiter, _LF, _QUOTE]] = True
    return table
