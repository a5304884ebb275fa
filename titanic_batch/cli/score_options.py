"""The options of `score` and `check`, as typer takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from titanic_batch.cli.models_options import parse_mappings, parse_pairs
from titanic_batch.errors import UsageError
from titanic_batch.printable import shell_quoted

_MODEL = "Model"
_READING = "Reading"
_ALIGNING = "Aligning columns"
_OUTPUT = "Output"

Model = Annotated[
    str,
    typer.Option(
        "-m",
        "--model",
        metavar="REF",
        envvar="TITANIC_BATCH_MODEL",
        help="NAME, NAME:latest or NAME:VERSION in the BentoML store, or a .pkl, .joblib or "
        ".skops file.",
        rich_help_panel=_MODEL,
    ),
]
Trust = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="SHA256",
        help="Trust this model file for this run. [env: TITANIC_BATCH_TRUST]",
        rich_help_panel=_MODEL,
    ),
]
AllowBatchDependence = Annotated[
    bool,
    typer.Option(
        "--allow-batch-dependence",
        help="Score with a model whose score of a row depends on the rows beside it in its chunk.",
        rich_help_panel="Model",
    ),
]
AllowVersionMismatch = Annotated[
    bool,
    typer.Option(
        "--allow-version-mismatch",
        help="Load a model of another scikit-learn minor version.",
        rich_help_panel=_MODEL,
    ),
]
IgnoreCustomObjects = Annotated[
    bool,
    typer.Option(
        "--ignore-custom-objects",
        help="Score a stored model without the custom objects that were saved with it.",
        rich_help_panel=_MODEL,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        metavar="FLOAT",
        help="The label is classes_[1] where its probability is at least this, instead of the "
        "model's own predict.",
        rich_help_panel=_MODEL,
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHAR",
        help="Between CSV fields; a comma by default, a tab in .tsv files.",
        rich_help_panel=_READING,
    ),
]
Encoding = Annotated[
    str,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="The CSV text's encoding; never guessed.",
        rich_help_panel=_READING,
    ),
]
Null = Annotated[
    list[str] | None,
    typer.Option(
        "--null",
        metavar="TOKEN",
        help="A cell text that means null, besides the empty cell. Repeatable.",
        rich_help_panel=_READING,
    ),
]
AllowNoFinalNewline = Annotated[
    bool,
    typer.Option(
        "--allow-no-final-newline",
        help="Believe a last record without a newline; it may have been cut short.",
        rich_help_panel=_READING,
    ),
]
ChunkSize = Annotated[
    str,
    typer.Option(
        "--chunk-size",
        metavar="SIZE",
        help="Input held per worker at a time, at most; smaller files are cut smaller.",
        rich_help_panel=_READING,
    ),
]
MaxRecord = Annotated[
    str,
    typer.Option(
        "--max-record",
        metavar="SIZE",
        help="Longest record believed.",
        rich_help_panel=_READING,
    ),
]
Rename = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="Input column OLD is model column NEW. Repeatable.",
        rich_help_panel=_ALIGNING,
    ),
]
Fill = Annotated[
    list[str] | None,
    typer.Option(
        "--fill",
        metavar="COL=VALUE",
        help="Fill a column's nulls. Repeatable.",
        rich_help_panel=_ALIGNING,
    ),
]
AllowNull = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-null",
        metavar="COL",
        help="Let a column's nulls reach the model. Repeatable.",
        rich_help_panel=_ALIGNING,
    ),
]
Unknown = Annotated[
    list[str] | None,
    typer.Option(
        "--unknown",
        metavar="COL=allow|reject",
        help="What becomes of a category that the model never saw; * for every column. Repeatable.",
        rich_help_panel=_ALIGNING,
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COL:a=0,b=1",
        help="How a column that was encoded by hand is encoded. Repeatable.",
        rich_help_panel=_ALIGNING,
    ),
]


MaxRejects = Annotated[
    str,
    typer.Option(
        "--max-rejects",
        metavar="N|P%",
        help="Publish with at most this many rows rejected.",
        rich_help_panel=_OUTPUT,
    ),
]


def alignment_arguments(
    rename: Sequence[str] | None,
    fill: Sequence[str] | None,
    allow_null: Sequence[str] | None,
    unknown: Sequence[str] | None,
    mapping: Sequence[str] | None,
) -> dict[str, Any]:
    """Return the library's keywords for how columns are aligned.

    Raises:
        UsageError: if one is malformed.
    """
    unknowns = parse_pairs(unknown or (), "--unknown", "COL=allow or COL=reject")
    for column, what in unknowns.items():
        if what not in ("allow", "reject"):
            raise UsageError(
                f"--unknown {column}={what}: it is either allow or reject",
                cure=f"Give --unknown {shell_quoted(f'{column}=allow')}.",
            )
    return {
        "rename": parse_pairs(rename or (), "--rename", "OLD=NEW"),
        "fill": parse_pairs(fill or (), "--fill", "COL=VALUE"),
        "allow_null": tuple(allow_null or ()),
        "unknown": unknowns,
        "map": parse_mappings(mapping or ()),
    }
