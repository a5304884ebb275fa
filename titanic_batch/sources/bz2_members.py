"""Read a bz2 file to its last byte; bz2.BZ2File passes over what follows the last good member."""

from __future__ import annotations

import bz2
from typing import Protocol

_BLOCK_BYTES = 64 * 1024


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Bz2Members:
    """The text of a bz2 file's members, one after the other."""

    def __init__(self, raw: _Readable) -> None:
        self._raw = raw
        self._member: bz2.BZ2Decompressor | None = None

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none only at the end.

        Raises:
            EOFError: if the last member is cut short.
            OSError: if there is anything that is no member, or a damaged one.
        """
        data = b""
        while not data:
            member, block = self._member, b""
            if member is None or member.eof:
                block = (member.unused_data if member else b"") or self._raw.read(_BLOCK_BYTES)
                if not block:
                    return b""
                member = self._member = bz2.BZ2Decompressor()
            elif member.needs_input:
                block = self._raw.read(_BLOCK_BYTES)
                if not block:
                    raise EOFError("the last member is cut short")
            data = member.decompress(block, size)
        return data
