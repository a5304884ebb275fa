"""ScoreOptions: everything that `score` can be told, each option declared once, here.

A field makes the flag of `score` (and of the commands in `also`), the key of job files and their
JSON Schema, and the keyword of `titanic_batch.score`, whose type stands in `ScoreKeywords`. After a
change, `python -m titanic_batch.jobs.json_schema` writes the schema anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from titanic_batch.scoring import option_kinds as kinds
from titanic_batch.scoring.option_fields import declared_options, option

if TYPE_CHECKING:
    from titanic_batch.alignment.options import AlignmentOptions
    from titanic_batch.schema import Scalar

DEFAULT_MODEL = "titanic_model:latest"
MODEL_VARIABLE = "TITANIC_BATCH_MODEL"
WORKERS_VARIABLE = "TITANIC_BATCH_WORKERS"

Answer = Literal["allow", "reject"]
OutputFormat = Literal["parquet", "csv"]

_MODEL = "Model"
_READING = "Reading"
_ALIGNING = "Aligning columns"
_OUTPUT = "Output"


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """What a run is told; sizes in bytes."""

    model: str = option(
        kinds.PATH,
        DEFAULT_MODEL,
        panel=_MODEL,
        help="NAME, NAME:latest or NAME:VERSION in the BentoML store, or a .pkl, .joblib or "
        ".skops file.",
        metavar="REF",
        short="-m",
        variable=MODEL_VARIABLE,
        also=("check", "parity"),
        table=None,
        elsewhere="It stands in [model], as ref.",
    )
    trust: tuple[str, ...] = option(
        kinds.TEXTS,
        (),
        panel=_MODEL,
        help="Trust this model file for this run. [env: TITANIC_BATCH_TRUST]",
        metavar="SHA256",
        also=("check", "parity"),
        table=None,
        elsewhere="It stands in [model], as sha256.",
        published=False,
    )
    threshold: float | None = option(
        kinds.optional(kinds.PROBABILITY),
        None,
        panel=_MODEL,
        help="The label is classes_[1] where its probability is at least this, instead of the "
        "model's own predict.",
        metavar="FLOAT",
    )
    allow_version_mismatch: bool = option(
        kinds.SWITCH,
        False,
        panel=_MODEL,
        help="Load a model of another scikit-learn minor version.",
        also=("check", "parity"),
    )
    allow_batch_dependence: bool = option(
        kinds.SWITCH,
        False,
        panel=_MODEL,
        help="Score with a model whose score of a row depends on the rows beside it in its chunk.",
        also=("check",),
    )
    ignore_custom_objects: bool = option(
        kinds.SWITCH,
        False,
        panel=_MODEL,
        help="Score a stored model without the custom objects that were saved with it.",
        also=("check", "parity"),
    )
    delimiter: str | None = option(
        kinds.optional(kinds.DELIMITER),
        None,
        panel=_READING,
        help="Between CSV fields; a comma by default, a tab in .tsv files.",
        metavar="CHAR",
        also=("check", "parity"),
    )
    encoding: str = option(
        kinds.ENCODING,
        "utf-8",
        panel=_READING,
        help="The CSV text's encoding; never guessed.",
        metavar="NAME",
        also=("check", "parity"),
    )
    null: tuple[str, ...] = option(
        kinds.TEXTS,
        (),
        panel=_READING,
        help="A cell text that means null, besides the empty cell. Repeatable.",
        metavar="TOKEN",
        also=("check",),
    )
    allow_no_final_newline: bool = option(
        kinds.SWITCH,
        False,
        panel=_READING,
        help="Believe a last record without a newline; it may have been cut short.",
        also=("check", "parity"),
    )
    allow_empty: bool = option(
        kinds.SWITCH,
        False,
        panel=_READING,
        help="Publish an empty output where the input has no data rows.",
    )
    chunk_bytes: int = option(
        kinds.size("4MB"),
        "4MB",
        name="chunk_size",
        panel=_READING,
        help="Input held per worker at a time, at most; smaller files are cut smaller.",
        metavar="SIZE",
        also=("check",),
    )
    max_record_bytes: int = option(
        kinds.size("16MB"),
        "16MB",
        name="max_record",
        panel=_READING,
        help="Longest record believed.",
        metavar="SIZE",
        also=("check",),
    )
    workers: int | None = option(
        kinds.optional(kinds.COUNT),
        None,
        panel=_READING,
        help="Worker processes. Default: usable CPUs; small inputs need none.",
        metavar="N",
        variable=WORKERS_VARIABLE,
        published=False,
    )
    rename: dict[str, str] = option(
        kinds.RENAMES,
        {},
        panel=_ALIGNING,
        help="Input column OLD is model column NEW. Repeatable.",
        metavar="OLD=NEW",
        also=("check",),
        table="columns",
    )
    fill: dict[str, Scalar] = option(
        kinds.FILLS,
        {},
        panel=_ALIGNING,
        help="Fill a column's nulls. Repeatable.",
        metavar="COL=VALUE",
        also=("check",),
        table="columns",
    )
    allow_null: tuple[str, ...] = option(
        kinds.COLUMNS,
        (),
        panel=_ALIGNING,
        help="Let a column's nulls reach the model. Repeatable.",
        metavar="COL",
        also=("check",),
        table="columns",
    )
    unknown: dict[str, Answer] = option(
        kinds.ANSWERS,
        {},
        panel=_ALIGNING,
        help="What becomes of a category that the model never saw; * for every column. Repeatable.",
        metavar="COL=allow|reject",
        also=("check",),
        table="columns",
    )
    map: dict[str, dict[str, Scalar]] = option(
        kinds.MAPPINGS,
        {},
        panel=_ALIGNING,
        help="How a column that was encoded by hand is encoded. Repeatable.",
        metavar="COL:a=0,b=1",
        also=("check",),
        table="columns",
    )
    max_rejects: str = option(
        kinds.MAX_REJECTS,
        "0",
        panel=_OUTPUT,
        help="Publish with at most this many rows rejected.",
        metavar="N|P%",
        also=("check",),
    )
    rejects: str | None = option(
        kinds.optional(kinds.PATH),
        None,
        panel=_OUTPUT,
        help="Where rejected records go. Default: OUTPUT.rejects.csv",
        metavar="PATH",
    )
    keep: str | tuple[str, ...] = option(
        kinds.KEEP,
        "all",
        panel=_OUTPUT,
        help="Input columns carried into the output.",
        metavar="all|none|A,B",
    )
    prediction_column: str = option(kinds.COLUMN_NAME, "prediction", panel=_OUTPUT, metavar="NAME")
    probability_column: str = option(
        kinds.COLUMN_NAME, "probability", panel=_OUTPUT, metavar="NAME"
    )
    output_format: OutputFormat = option(
        kinds.one_of(OutputFormat),
        "parquet",
        panel=_OUTPUT,
        help="Of the files in an output folder.",
    )
    overwrite: bool = option(
        kinds.SWITCH,
        False,
        panel=_OUTPUT,
        help="Replace an output that titanic-batch did not write.",
        published=False,
    )
    skip_published: bool = option(
        kinds.SWITCH,
        False,
        panel=_OUTPUT,
        help="Do nothing where the same input, model and options were published already.",
        table=None,
        elsewhere="`run` always skips what is published already; `run --force` does not.",
        published=False,
    )

    @property
    def alignment(self) -> AlignmentOptions:
        """The part that says how columns feed the model."""
        from titanic_batch.alignment.options import AlignmentOptions

        return AlignmentOptions(
            rename=self.rename,
            fill=self.fill,
            allow_null=frozenset(self.allow_null),
            unknown=self.unknown,
            mapping=self.map,
            null_tokens=self.null,
        )

    def published(self) -> dict[str, Any]:
        """Return the options that determine what is published: the manifest's `options`."""
        given = asdict(self)
        return {option.field: given[option.field] for option in OPTIONS if option.published}


#: All of them, in the order of `--help`.
OPTIONS = declared_options(ScoreOptions)


class ScoreKeywords(TypedDict, total=False):
    """What each keyword of `titanic_batch.score` takes."""

    model: str | os.PathLike[str]
    trust: str | Iterable[str]
    threshold: float | None
    allow_version_mismatch: bool
    allow_batch_dependence: bool
    ignore_custom_objects: bool
    delimiter: str | None
    encoding: str
    null: str | Iterable[str]
    allow_no_final_newline: bool
    allow_empty: bool
    chunk_size: int | str
    max_record: int | str
    workers: int | None
    rename: Mapping[str, str]
    fill: Mapping[str, Scalar]
    allow_null: str | Iterable[str]
    unknown: Mapping[str, Answer]
    map: Mapping[str, Mapping[str, Scalar]]
    max_rejects: int | str
    rejects: str | os.PathLike[str] | None
    keep: str | Iterable[str]
    prediction_column: str
    probability_column: str
    output_format: OutputFormat
    overwrite: bool
    skip_published: bool
