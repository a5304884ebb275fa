"""Which encodings a file's bytes could be in, where they are not what was declared."""

from __future__ import annotations

import codecs
import re

_MULTIBYTE = re.compile(rb"[\x80-\xff]+")
_HANGUL = ("\uac00", "\ud7a3")


def likely_encodings(raw: bytes, declared: str) -> list[str]:
    """Return encodings that all of `raw` can be read in, the likeliest first.

    Args:
        raw: The beginning of a file, or records of it.
        declared: The encoding that it cannot be read in, or not all of it.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = ["utf-16"]
    elif b"\0" in raw[:1000]:
        low = raw[:1000:2].count(0) > raw[1:1000:2].count(0)
        found = ["utf-16-be" if low else "utf-16-le"]
    elif _can_decode(raw, "utf-8"):
        found = ["utf-8"]
    elif _is_korean(raw):
        found = ["cp949"]
    else:
        found = [name for name in ("cp1252", "latin-1") if _can_decode(raw, name)]
    return [name for name in found if codecs.lookup(name).name != codecs.lookup(declared).name]


def has_text_in(raw: bytes, encoding: str) -> bool:
    """Tell whether there is text beyond ASCII that is in this encoding already."""
    return any(_can_decode(run, encoding, final=True) for run in _MULTIBYTE.findall(raw))


def _can_decode(raw: bytes, encoding: str, *, final: bool = False) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(raw, final=final)
    except UnicodeDecodeError:
        return False
    return True


def _is_korean(raw: bytes) -> bool:
    """Tell whether the bytes are Korean; those of Western texts, two by two, hardly ever are."""
    try:
        text = codecs.getincrementaldecoder("euc_kr")().decode(raw, final=False)
    except UnicodeDecodeError:
        return False
    beyond = [c for c in text if not c.isascii()]
    return sum(_HANGUL[0] <= c <= _HANGUL[1] for c in beyond) * 2 > len(beyond)
