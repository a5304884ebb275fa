"""Write options as the command line takes them."""

from __future__ import annotations

from typing import Any

from titanic_batch.printable import shell_quoted
from titanic_batch.scoring.options import ScoreOptions

_DELIMITERS = {"\t": "tab"}


def flags(before: ScoreOptions, after: ScoreOptions) -> list[str]:
    """Return the flags that make `after` of `before`, each with its value, quoted for a shell."""
    found: list[tuple[str, ...]] = []
    if after.delimiter != before.delimiter and after.delimiter is not None:
        found.append(("--delimiter", _DELIMITERS.get(after.delimiter, after.delimiter)))
    if after.encoding != before.encoding:
        found.append(("--encoding", after.encoding))
    if after.skip_lines != before.skip_lines:
        found.append(("--skip-lines", str(after.skip_lines)))
    for name in ("decimal", "thousands", "escape"):
        value = getattr(after, name)
        if value is not None and value != getattr(before, name):
            found.append((f"--{name}", value))
    if after.trim and not before.trim:
        found.append(("--trim",))
    found += [("--null", token) for token in after.null if token not in before.null]
    if after.allow_no_final_newline and not before.allow_no_final_newline:
        found.append(("--allow-no-final-newline",))
    found += [("--rename", f"{old}={new}") for old, new in _new(before.rename, after.rename)]
    found += [
        ("--map", f"{column}:{','.join(f'{text}={value}' for text, value in texts.items())}")
        for column, texts in _new(before.map, after.map)
    ]
    found += [("--unknown", f"{name}={what}") for name, what in _new(before.unknown, after.unknown)]
    found += [("--allow-null", name) for name in after.allow_null if name not in before.allow_null]
    found += [("--fill", f"{name}={value}") for name, value in _new(before.fill, after.fill)]
    return [" ".join(map(_quoted, parts)) for parts in found]


def _quoted(text: str) -> str:
    """Quote a text for a shell, and where the sentence around it might seem to be a part of it."""
    quoted = shell_quoted(text)
    return f"'{text}'" if quoted == text and text.endswith((".", ",", ":", "=")) else quoted


def _new(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(key, value) for key, value in after.items() if before.get(key) != value]
