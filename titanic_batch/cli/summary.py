"""The one-screen summary of a published file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from titanic_batch.cli.tables import listed, source
from titanic_batch.publish.manifest import Manifest

_MOST_VALUES = 5


def print_summary(console: Console, manifest: Manifest) -> None:
    """Print what was published, and everything that was done to the columns on the way."""
    rows = manifest.rows
    console.print(
        Text.assemble(
            ("published ", "bold green"),
            f"{manifest.output.path}  ({_size(manifest)})",
        )
    )
    _fact(console, "model", manifest.model.tag)
    _fact(
        console,
        "rows",
        f"{rows.read:,} read = {rows.scored:,} scored + {rows.rejected:,} rejected"
        f"  in {manifest.seconds:.1f} s ({manifest.rows_per_second:,.0f} rows/s)",
    )
    if manifest.rows_recalled:
        _fact(
            console,
            "resumed",
            f"{manifest.rows_recalled:,} rows had been predicted by a run that was broken off",
        )
    if rows.rejected:
        reasons = ", ".join(f"{name} {n:,}" for name, n in manifest.rejects.by_reason.items())
        _fact(console, "rejects", f"{reasons}  -> {_rejects(manifest)}")
    changed = [
        entry
        for entry in manifest.alignment
        if entry["action"] != "dropped" and (entry["action"] != "as-is" or "partition" in entry)
    ]
    if changed:
        _fact(console, "columns", "; ".join(_change(entry) for entry in changed))
    unused = [source(entry) for entry in manifest.alignment if entry["action"] == "dropped"]
    if unused:
        _fact(console, "unused", listed(unused))
    if manifest.nulls:
        _fact(console, "nulls", counted(manifest.nulls))
    for column, values in manifest.null_tokens.items():
        shown = ", ".join(f"{value or repr(value)} {n:,}" for value, n in values.items())
        _fact(console, "as null", f"{column}: {shown}")
    if manifest.trimmed:
        _fact(console, "trimmed", counted(manifest.trimmed))
    if manifest.empty_lines:
        _fact(console, "empty", f"{empty_lines(manifest.empty_lines)} at the end")
    for column, values in manifest.unknown_categories.items():
        shown = ", ".join(f"{value!r} {n:,}" for value, n in list(values.items())[:_MOST_VALUES])
        _fact(console, "unknown", f"{column}: {shown}")
    for warning in manifest.warnings:
        _fact(console, "warning", warning)


def _size(manifest: Manifest) -> str:
    parts = f"{len(manifest.parts):,} parts, " if manifest.parts is not None else ""
    return f"{parts}{manifest.output.bytes:,} bytes"


def _rejects(manifest: Manifest) -> str:
    path = manifest.rejects.path
    return f"{manifest.output.path}/{path}" if manifest.parts is not None else str(path)


def counted(counts: Mapping[str, int]) -> str:
    """Return counts by name, for a line."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def empty_lines(count: int) -> str:
    """Return how many empty lines there are, in words."""
    return f"{count:,} empty line{'s' if count > 1 else ''}"


def _fact(console: Console, name: str, text: str) -> None:
    console.print(Text.assemble((f"  {name:<9}", "dim"), text), soft_wrap=True)


def _change(entry: dict[str, Any]) -> str:
    action, column = entry["action"], entry["column"]
    name = column if column == source(entry) else f"{source(entry)} -> {column}"
    if action == "filled":
        value = "no text" if entry["fill"] == "" else entry["fill"]
        return f"{name} filled with {value} ({entry.get('filled', 0):,})"
    booleans = f" ({entry['booleans']:,} true or false)" if "booleans" in entry else ""
    return f"{name} {action}{booleans}"
