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

from titanic_batch.alignment.column_types import ColumnType
from titanic_batch.scoring import option_kinds as kinds
from titanic_batch.scoring.option_fields import declared_options, option

if TYPE_CHECKING:
    from titanic_batch.alignment.number_format import NumberFormat
    from titanic_batch.alignment.options import AlignmentOptions
    from titanic_batch.schema import Scalar
    from titanic_batch.sources.opening import Declared

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
    """The options of a run; sizes in bytes."""

    model: str = option(
        kinds.PATH,
        DEFAULT_MODEL,
        _MODEL,
        "NAME, NAME:latest or NAME:VERSION in the BentoML store, or a .pkl, .joblib or "
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
        _MODEL,
        "Trust this model file for this run. [env: TITANIC_BATCH_TRUST]",
        metavar="SHA256",
        also=("check", "parity"),
        table=None,
        elsewhere="It stands in [model], as sha256.",
        published=False,
    )
    threshold: float | None = option(
        kinds.optional(kinds.PROBABILITY),
        None,
        _MODEL,
        "The label is classes_[1] where its probability is at least this, instead of the "
        "model's own predict.",
    )
    allow_version_mismatch: bool = option(
        kinds.SWITCH,
        False,
        _MODEL,
        "Load a model of another scikit-learn minor version.",
        also=("check", "parity"),
    )
    allow_batch_dependence: bool = option(
        kinds.SWITCH,
        False,
        _MODEL,
        "Score with a model whose score of a row depends on the rows beside it in its chunk.",
        also=("check",),
    )
    ignore_custom_objects: bool = option(
        kinds.SWITCH,
        False,
        _MODEL,
        "Score a stored model without the custom objects that were saved with it.",
        also=("check", "parity"),
    )
    delimiter: str | None = option(
        kinds.optional(kinds.DELIMITER),
        None,
        _READING,
        "Between CSV fields; a comma by default, a tab in .tsv files.",
        also=("check", "parity"),
    )
    encoding: str = option(
        kinds.ENCODING,
        "utf-8",
        _READING,
        "The CSV text's encoding; never guessed.",
        also=("check", "parity"),
    )
    decimal: str | None = option(
        kinds.optional(kinds.DECIMAL),
        None,
        _READING,
        "In the numbers of a CSV file, before the fraction; a point by default.",
        also=("check", "parity"),
    )
    thousands: str | None = option(
        kinds.optional(kinds.THOUSANDS),
        None,
        _READING,
        "In the numbers of a CSV file, between groups of three digits. Points make the decimal "
        "mark a comma; a space means no-break ones, too.",
        also=("check", "parity"),
    )
    escape: str | None = option(
        kinds.optional(kinds.ESCAPE),
        None,
        _READING,
        "Before a quote inside quotes, where quotes are not doubled.",
        also=("check", "parity"),
    )
    skip_lines: int = option(
        kinds.WHOLE,
        0,
        _READING,
        "Lines before a CSV file's header.",
        also=("check", "parity"),
    )
    trim: bool = option(
        kinds.SWITCH,
        False,
        _READING,
        "Drop spaces and tabs around CSV cells.",
        also=("check", "parity"),
    )
    null: tuple[str, ...] = option(
        kinds.TEXTS,
        (),
        _READING,
        "A cell text that means null, besides the empty cell. Repeatable.",
        metavar="TOKEN",
        also=("check",),
    )
    allow_no_final_newline: bool = option(
        kinds.SWITCH,
        False,
        _READING,
        "Accept a last record without a newline; it may have been cut short.",
        also=("check", "parity"),
    )
    allow_empty: bool = option(
        kinds.SWITCH, False, _READING, "Publish an empty output where the input has no data rows."
    )
    chunk_bytes: int = option(
        kinds.size("4MB"),
        "4MB",
        _READING,
        "Input held per worker at a time, at most; smaller files are cut smaller.",
        name="chunk_size",
        also=("check",),
    )
    max_record_bytes: int = option(
        kinds.size("16MB"),
        "16MB",
        _READING,
        "Longest record accepted.",
        name="max_record",
        also=("check",),
    )
    workers: int | None = option(
        kinds.optional(kinds.COUNT),
        None,
        _READING,
        "Worker processes. Default: usable CPUs; small inputs need none.",
        variable=WORKERS_VARIABLE,
        published=False,
    )
    rename: dict[str, str] = option(
        kinds.RENAMES,
        {},
        _ALIGNING,
        "Input column OLD is model column NEW. Repeatable.",
        also=("check",),
        table="columns",
    )
    fill: dict[str, Scalar] = option(
        kinds.FILLS,
        {},
        _ALIGNING,
        "Fill a column's nulls. Repeatable.",
        also=("check",),
        table="columns",
    )
    allow_null: tuple[str, ...] = option(
        kinds.COLUMNS,
        (),
        _ALIGNING,
        "Let a column's nulls reach the model. Repeatable.",
        also=("check",),
        table="columns",
    )
    unknown: dict[str, Answer] = option(
        kinds.ANSWERS,
        {},
        _ALIGNING,
        "What becomes of a category that the model never saw; * for every column. Repeatable.",
        also=("check",),
        table="columns",
    )
    map: dict[str, dict[str, Scalar]] = option(
        kinds.MAPPINGS,
        {},
        _ALIGNING,
        "How a column that was encoded by hand is encoded. Repeatable.",
        also=("check",),
        table="columns",
    )
    max_rejects: str = option(
        kinds.MAX_REJECTS,
        "0",
        _OUTPUT,
        "Publish with at most this many rows rejected.",
        also=("check",),
    )
    rejects: str | None = option(
        kinds.optional(kinds.PATH),
        None,
        _OUTPUT,
        "Where rejected records go. Default: OUTPUT.rejects.csv",
    )
    keep: str | tuple[str, ...] = option(
        kinds.KEEP, "all", _OUTPUT, "Input columns carried into the output."
    )
    type: dict[str, ColumnType] = option(
        kinds.TYPES,
        {},
        _OUTPUT,
        "What a kept column that feeds no model column holds, in Parquet: integer, number, "
        "boolean, date, timestamp or text. Repeatable.",
        also=("check",),
        table="columns",
    )
    prediction_column: str = option(kinds.COLUMN_NAME, "prediction", _OUTPUT)
    probability_column: str = option(kinds.COLUMN_NAME, "probability", _OUTPUT)
    output_format: OutputFormat = option(
        kinds.one_of(OutputFormat), "parquet", _OUTPUT, "Of the files in an output folder."
    )
    overwrite: bool = option(
        kinds.SWITCH,
        False,
        _OUTPUT,
        "Replace an output that titanic-batch did not write.",
        published=False,
    )
    skip_published: bool = option(
        kinds.SWITCH,
        False,
        _OUTPUT,
        "Do nothing where the same input, model and options were published already.",
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
            types=self.type,
            numbers=self.numbers,
        )

    @property
    def numbers(self) -> NumberFormat:
        """How a CSV file writes numbers; raises UsageError for what cannot be."""
        from titanic_batch.alignment.number_format import declare_numbers

        return declare_numbers(self.decimal, self.thousands)

    @property
    def declared(self) -> Declared:
        """How a CSV file is written otherwise, as `dialect_of` takes it."""
        return {
            "delimiter": self.delimiter,
            "encoding": self.encoding,
            "escape": self.escape,
            "skip_lines": self.skip_lines,
            "trim": self.trim,
        }

    def published(self) -> dict[str, Any]:
        """Return the options that determine what is published: the manifest's `options`."""
        given = asdict(self)
        return {option.field: given[option.field] for option in OPTIONS if option.published}


#: All of them, in the order of `--help`.
OPTIONS = declared_options(ScoreOptions)


class ScoreKeywords(TypedDict, total=False):
    """The types of the keywords of `titanic_batch.score`."""

    model: str | os.PathLike[str]
    trust: str | Iterable[str]
    threshold: float | None
    allow_version_mismatch: bool
    allow_batch_dependence: bool
    ignore_custom_objects: bool
    delimiter: str | None
    encoding: str
    decimal: str | None
    thousands: str | None
    escape: str | None
    skip_lines: int
    trim: bool
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
    type: Mapping[str, ColumnType]
    prediction_column: str
    probability_column: str
    output_format: OutputFormat
    overwrite: bool
    skip_published: bool
