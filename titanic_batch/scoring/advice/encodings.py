"""Which encodings a file's bytes could be in, where they are not what was declared.

Nearly any bytes can be read as cp1252, and many as koi8-r: what counts is whether words come of it.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

_MULTIBYTE = re.compile(rb"[\x80-\xff]+")
_WORD = re.compile(r"[^\W\d_]+")
_BEYOND = re.compile(r"[^\x00-\x7f]")
_HANGUL = ("\uac00", "\ud7a3")
#: What stands in and between words of Western texts.
_SIGNS = frozenset("’‘“”„‚«»‹›–—…•€£§°ºª¡¿®©™½²³\xa0")  # noqa: RUF001
#: Those of them that part no word.
_ASTRAY = re.compile(r"(?<=[^\W\d_])[“”‘„‚«»‹›•€£§°¡¿®©½](?=[^\W\d_])")  # noqa: RUF001
_WESTERN = re.compile("[A-Za-zÀ-ÏÑ-ÖØ-Ýß-ïñ-öø-ýÿŒœŠšŽžŸ]+")
#: Others, and how the Unicode names of their letters begin.
_SCRIPTS = {
    "koi8-r": "CYRILLIC",
    "cp1251": "CYRILLIC",
    "cp866": "CYRILLIC",
    "cp1253": "GREEK",
    "cp1255": "HEBREW",
}
#: So many of the words that are not ASCII must look like words.
_MOST = 2 / 3
_MOST_SHOWN = 2


def likely_encodings(raw: bytes, declared: str) -> list[str]:
    """Return encodings that all of `raw` can be read in, and makes sense in.

    Args:
        raw: The beginning of a file, or records of it.
        declared: The encoding that it cannot be read in, or not all of it.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = ["utf-16"]
    elif b"\0" in raw[:1000]:
        low = raw[:1000:2].count(0) > raw[1:1000:2].count(0)
        found = ["utf-16-be" if low else "utf-16-le"]
    elif _decoded(raw, "utf-8") is not None:
        found = ["utf-8"]
    elif _is_western(_decoded(raw, "cp1252")):
        found = ["cp1252"]
    elif _is_korean(raw) and not possible_encodings(raw):
        found = ["cp949"]
    else:
        found = []
    return [name for name in found if codecs.lookup(name).name != codecs.lookup(declared).name]


def possible_encodings(raw: bytes) -> list[str]:
    """Return encodings of other scripts that make words of `raw`; which, nobody can tell."""
    return [name for name, script in _SCRIPTS.items() if _is_in(script, _decoded(raw, name))]


def reading(raw: bytes, encoding: str) -> str:
    """Return how an encoding reads, as its name and words that show it."""
    words = _words(_decoded(raw, encoding) or "")
    shown = list(dict.fromkeys(word for word in words if len(word) > 1))[:_MOST_SHOWN]
    return f"{encoding} ({', '.join(shown)})" if shown else encoding


def is_text_in(raw: bytes, encoding: str) -> bool:
    """Return whether all of it can be read in an encoding."""
    return _decoded(raw, encoding) is not None


def has_text_in(raw: bytes, encoding: str) -> bool:
    """Return whether there is text beyond ASCII that is in this encoding already."""
    return any(_decoded(run, encoding, final=True) is not None for run in _MULTIBYTE.findall(raw))


def _decoded(raw: bytes, encoding: str, *, final: bool = False) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(raw, final=final)
    except UnicodeDecodeError:
        return None


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text) if not word.isascii()]


def _is_western(text: str | None) -> bool:
    """Return whether letters with accents stand in words with plain ones, and signs are usual."""
    if text is None:
        return False
    words = [word for word in _words(text) if len(word) > 1]
    good = sum(
        _WESTERN.fullmatch(word) is not None and _has_case(word)
        for word in words
        if any(map(str.isascii, word))
    )
    signs = [sign for sign in _BEYOND.findall(text) if not sign.isalpha() or sign in _SIGNS]
    usual = sum(sign in _SIGNS for sign in signs) - len(_ASTRAY.findall(text))
    return good + usual > 0 and good >= _MOST * len(words) and usual >= _MOST * len(signs)


def _is_in(script: str, text: str | None) -> bool:
    """Return whether the letters beyond ASCII make words of one script."""
    if text is None:
        return False
    words = _words(text)
    good = sum(
        all(unicodedata.name(letter, "").startswith(script) for letter in word) and _has_case(word)
        for word in words
    )
    signs = [sign for sign in _BEYOND.findall(text) if not sign.isalpha()]
    usual = sum(sign in _SIGNS or sign == "№" for sign in signs)
    return good > 0 and good >= _MOST * len(words) and len(signs) - usual <= len(words) // 10


def _has_case(word: str) -> bool:
    """Return whether capitals stand at a word's beginning, or all over it."""
    return word[1:] == word[1:].lower() or word == word.upper()


def _is_korean(raw: bytes) -> bool:
    """Return whether the bytes are Korean; those of Western texts, two by two, hardly ever are."""
    text = _decoded(raw, "euc_kr")
    beyond: list[str] = _BEYOND.findall(text) if text is not None else []
    return sum(_HANGUL[0] <= c <= _HANGUL[1] for c in beyond) * 2 > len(beyond)
