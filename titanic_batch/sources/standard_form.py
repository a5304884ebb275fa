"""Rewrite regular records as the default grammar has them, for readers that know no other."""

from __future__ import annotations

import numpy as np

from titanic_batch.sources.dialect import Dialect
from titanic_batch.sources.grammar import Octets, Offsets, runs, without_escaped

_QUOTE = 34


def standard_form(data: bytes, dialect: Dialect) -> bytes:
    r"""Return regular records with `""` for `\"`, and padding moved from around quotes into them.

    The records stay as many, their fields the same text.
    """
    if not dialect.padding and (not dialect.escape or dialect.escape not in data):
        return data
    octets = np.frombuffer(data, np.uint8).copy()
    quotes, _ = without_escaped(octets, np.flatnonzero(octets == _QUOTE), dialect)
    needless = _unescape(octets, quotes, dialect.escape) if dialect.escape else None
    if dialect.padding:
        _move_padding(octets, quotes, dialect.padding)
    return (octets if needless is None else np.delete(octets, needless)).tobytes()


def _unescape(octets: Octets, quotes: Offsets, escape: bytes) -> Offsets:
    """Make each escape of a quote a quote; return the offsets of the escapes of escapes."""
    starts, ends = runs(octets, escape)
    inside = (np.searchsorted(quotes, starts) & 1) == 1
    starts, ends = starts[inside], ends[inside]
    lengths = ends - starts
    before_quote = (lengths % 2 == 1) & (octets.take(ends, mode="clip") == _QUOTE)
    octets[ends[before_quote] - 1] = _QUOTE
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    is_first_of_two = (offsets % 2 == 0) & (offsets + 1 < np.repeat(lengths, lengths))
    needless: Offsets = (np.repeat(starts, lengths) + offsets)[is_first_of_two]
    return needless


def _move_padding(octets: Octets, quotes: Offsets, padding: bytes) -> None:
    """Put each quote that has padding on its outer side on the padding's other end."""
    starts, ends = runs(octets, padding)
    if not starts.size:
        return
    for at, edge, other in (
        (quotes[0::2], ends, starts),
        (quotes[1::2], starts - 1, ends - 1),
    ):
        nearest = np.searchsorted(edge, at).clip(max=edge.size - 1)
        padded = edge[nearest] == at
        here, there = at[padded], other[nearest[padded]]
        octets[here] = octets[there]
        octets[there] = _QUOTE
