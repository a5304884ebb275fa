r"""The CSV grammar, once for what cuts the chunks and once, vectorised, for what checks them.

A record is fields joined by the delimiter and ended by LF or CRLF. A field is either quoted (quotes
inside it doubled; delimiters and newlines allowed) or bare (RFC 4180's TEXTDATA: no quote, CR, LF
or NUL). Where a quote breaks this rule, the rest of its field is read as bare text up to the next
delimiter or newline, so that the damage stays within a record that is then rejected.

A dialect adds two things. Inside quotes its escape makes the quote or escape that follows it text;
before anything else, and outside quotes, it is text itself (as Spark and Postgres have it). Where
cells are trimmed, padding may stand around the quotes as well.

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

from titanic_batch.sources.dialect import Dialect

_QUOTE, _LF, _CR = 34, 10, 13

Octets = npt.NDArray[np.uint8]
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
def record_pattern(dialect: Dialect) -> re.Pattern[bytes]:
    """Return the pattern of one record, LF included.

    Each field has one way to match, and its repeats are possessive, so nothing is ever tried twice.
    Only the repeats of groups that hold an alternative are not: such a possessive group matches
    wrongly in early releases of Python 3.11 (seen in 3.11.2; CPython's issue 106052), not in later
    ones.
    """
    delimiter = re.escape(dialect.delimiter)
    padding, quoted = _quoted(dialect)
    field = rb'(?:%b"%b"|(?!%b"))[^%b\n]*+' % (padding, quoted, padding, delimiter)
    return re.compile(field + rb"(?:" + delimiter + field + rb")*\n")


@lru_cache(maxsize=8)
def field_pattern(dialect: Dialect) -> re.Pattern[bytes]:
    """Return the pattern of one field.

    Group 1 is the padding before quotes, group 2 the quoted text, group 3 the bare or malformed.
    """
    padding, quoted = _quoted(dialect)
    bare = rb"([^%b\n]*+)" % re.escape(dialect.delimiter)
    return re.compile(rb'(?:(%b)"(%b)"|(?!%b"))' % (padding, quoted, padding) + bare)


def _quoted(dialect: Dialect) -> tuple[bytes, bytes]:
    """Return the patterns of what may stand before quotes, and in them."""
    padding = rb"[%b]*+" % dialect.padding if dialect.padding else b""
    if not dialect.escape:
        return padding, rb'[^"]*+(?:""[^"]*+)*+'
    escape = rb"\x%02x" % dialect.escape[0]
    # The closing quote is followed by none, so that no repeat that is given back fits it.
    return padding, rb'[^"%b]*+(?:(?:""|%b["%b]?+)[^"%b]*+)*(?="(?!"))' % ((escape,) * 4)


def find_records(buffer: bytes, dialect: Dialect) -> Records:
    """Find the complete records of `buffer`, which starts where a record starts."""
    octets = np.frombuffer(buffer, np.uint8)
    newlines = np.flatnonzero(octets == _LF)
    quotes = np.flatnonzero(octets == _QUOTE)
    if not quotes.size:
        return Records(newlines + 1, True, newlines)
    quotes, escaped = without_escaped(octets, quotes, dialect)
    first_malformed = _first_malformed(octets, quotes, escaped, dialect)
    outside = newlines[(np.searchsorted(quotes, newlines) & 1) == 0]
    if first_malformed is None:
        return Records(outside + 1, True, newlines)
    # Parity holds up to the first quote that is malformed; from its record on, read exactly.
    sure = outside[outside < first_malformed] + 1
    start = int(sure[-1]) if sure.size else 0
    exact = [match.end() for match in _records_from(buffer, start, dialect)]
    return Records(np.concatenate([sure, np.array(exact, np.int64)]), False, newlines)


def quotes_are_regular(buffer: bytes, dialect: Dialect) -> bool:
    """Return whether every quote obeys the grammar; `buffer` starts where a record starts."""
    octets = np.frombuffer(buffer, np.uint8)
    quotes, escaped = without_escaped(octets, np.flatnonzero(octets == _QUOTE), dialect)
    return _first_malformed(octets, quotes, escaped, dialect) is None


def without_escaped(
    octets: Octets, quotes: Offsets, dialect: Dialect
) -> tuple[Offsets, Offsets | None]:
    """Return the quotes that open and close fields, and those that an escape makes text."""
    if not dialect.escape:
        return quotes, None
    starts, ends = runs(octets, dialect.escape)
    if not ends.size:
        return quotes, None
    nearest = np.searchsorted(ends, quotes).clip(max=ends.size - 1)
    is_escaped = (ends[nearest] == quotes) & ((ends[nearest] - starts[nearest]) % 2 == 1)
    return quotes[~is_escaped], quotes[is_escaped]


def runs(octets: Octets, values: bytes) -> tuple[Offsets, Offsets]:
    """Return where each run of some byte values starts, and where it has ended."""
    table = np.zeros(256, np.int8)
    table[list(values)] = 1
    changes = np.flatnonzero(np.diff(table[octets], prepend=0, append=0))
    return changes[0::2], changes[1::2]


def _records_from(buffer: bytes, start: int, dialect: Dialect) -> Iterator[re.Match[bytes]]:
    pattern = record_pattern(dialect)
    while match := pattern.match(buffer, start):
        yield match
        start = match.end()


def _first_malformed(
    octets: Octets, quotes: Offsets, escaped: Offsets | None, dialect: Dialect
) -> int | None:
    """Return the offset of the first quote that breaks the grammar, None where all obey it."""
    opening, closing = quotes[0::2], quotes[1::2]
    malformed = []
    if escaped is not None:  # outside quotes there is nothing to escape
        malformed += escaped[(np.searchsorted(quotes, escaped) & 1) == 0][:1].tolist()
    if opening.size:
        before, after = opening - 1, closing + 1
        neighbour = _neighbours(dialect.delimiter[0])
        left, right = _bytes_at(octets, before), _bytes_at(octets, after)
        if dialect.padding:
            starts, ends = runs(octets, dialect.padding)
            before, left = _past(octets, before, left, ends, starts - 1, shift=1)
            after, right = _past(octets, after, right, starts, ends, shift=0)
        bad_opening, bad_closing = ~neighbour[left], ~neighbour[right]
        carriage_returns = np.flatnonzero(right == _CR)
        if carriage_returns.size:  # CRLF ends a record as well
            followed = _bytes_at(octets, after[carriage_returns] + 1) == _LF
            bad_closing[carriage_returns[followed]] = False
        malformed += [
            int(offsets[int(bad.argmax())])
            for offsets, bad in ((opening, bad_opening), (closing, bad_closing))
            if bad.any()
        ]
    return min(malformed, default=None)


def _bytes_at(octets: Octets, offsets: Offsets) -> Octets:
    """Return the bytes at some offsets, ascending; a record starts and ends where there are none.

    Past the buffer's end nothing is known yet, so nothing is wrong there.
    """
    found = octets.take(offsets, mode="clip")
    if offsets.size and offsets[0] < 0:
        found[0] = _LF
    if offsets.size and offsets[-1] >= octets.size:
        found[-1] = _LF
    return found


def _past(
    octets: Octets,
    offsets: Offsets,
    found: Octets,
    here: Offsets,
    beyond: Offsets,
    *,
    shift: int,
) -> tuple[Offsets, Octets]:
    """Return offsets, and the bytes there, with those at padding moved past it.

    A quote that stands beyond padding is nobody's neighbour.

    Args:
        octets: The buffer.
        offsets: Where to look, ascending.
        found: The bytes there.
        here: One end of each run of padding; `shift` from an offset that is at it.
        beyond: The offset past its other end.
        shift: What is added to an offset.
    """
    if not here.size:
        return offsets, found
    nearest = np.searchsorted(here, offsets + shift).clip(max=here.size - 1)
    padded = here[nearest] == offsets + shift
    offsets = np.where(padded, beyond[nearest], offsets)
    moved = _bytes_at(octets, offsets)
    moved[padded & (moved == _QUOTE)] = 0
    return offsets, moved


@lru_cache(maxsize=8)
def _neighbours(delimiter: int) -> npt.NDArray[np.bool_]:
    """Return, per byte value, whether it may stand before an opening or after a closing quote."""
    table = np.zeros(256, np.bool_)
    table[[delimiter, _LF, _QUOTE]] = True
    return table
