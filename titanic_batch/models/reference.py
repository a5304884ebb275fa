"""Parse model references.

    NAME, NAME:latest, NAME:VERSION        a model in the BentoML store
    *.pkl *.pickle *.joblib *.skops        a file
    SCHEME:REST                            a loader that another package registered for SCHEME

They are told apart in this order:

1. The text before the first colon is the scheme of a registered loader: that loader. So a
   registered scheme wins over a store model of the same name and over a file's ending; `NAME`
   alone and `./FILE` still mean the store and the file.
2. It ends like a model file: a file.
3. Otherwise the store. `scheme://...` with no loader for it is an error, and so is a path that
   does not end like a model file.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from titanic_batch.errors import ModelError, UsageError

#: File name endings, and the loader that reads them.
FILE_ENDINGS = {".pkl": "pickle", ".pickle": "pickle", ".joblib": "pickle", ".skops": "skops"}

STORE = "bentoml"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A parsed reference.

    Attributes:
        text: As it was typed.
        loader: Name of the loader that resolves it.
        rest: What that loader is given: without the scheme for a registered one.
    """

    text: str
    loader: str
    rest: str


def parse_reference(text: str, schemes: Collection[str] = ()) -> Reference:
    """Return what `text` refers to.

    Args:
        text: A reference as typed.
        schemes: The schemes that registered loaders serve.

    Raises:
        UsageError: if it is empty.
        ModelError: if it has an unknown scheme, or is a path that does not end like a model file.
    """
    if not text.strip():
        raise UsageError("the model reference is empty", hint="Give --model NAME or --model FILE.")
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1] in schemes:
        return Reference(text=text, loader=scheme[1], rest=text[scheme.end() :])
    if "://" in text:
        known = ", ".join(sorted(schemes)) or "none"
        raise ModelError(
            f"no loader is installed for this kind of reference (installed schemes: {known})",
            where=text,
            hint="Give a model of the store or a model file, or one of these schemes.",
        )
    for ending, loader in FILE_ENDINGS.items():
        if text.lower().endswith(ending):
            return Reference(text=text, loader=loader, rest=text)
    if "/" in text:
        raise ModelError(
            "it is neither a model name nor a model file",
            where=text,
            hint=f"Model files end in {', '.join(FILE_ENDINGS)}; rename the file to what it holds.",
        )
    return Reference(text=text, loader=STORE, rest=text)
