"""ScoreOptions: everything that `score` can be told, named as the flags are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.errors import UsageError
from titanic_batch.schema import Scalar

DEFAULT_MODEL = "titanic_model:latest"
DEFAULT_CHUNK_BYTES = 4 << 20
DEFAULT_MAX_RECORD_BYTES = 16 << 20

#: Options that change how a run goes, but not what it publishes.
_HOW_NOT_WHAT = ("workers", "trust", "overwrite", "skip_published")


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """What a run is told; sizes in bytes.

    Attributes:
        model: The model's reference.
        keep: `all`, `none`, or the input columns carried into the output.
        max_rejects: A count (`10`) or a share (`1%`) of rows that may be rejected.
        chunk_bytes: Input held per worker at a time, at most.
        max_record_bytes: The longest record that is believed.
        workers: Worker processes; None for the usable CPUs.
        delimiter: Between CSV fields; None for a comma, or a tab in .tsv files.
        encoding: The CSV text's encoding.
        null: Cell texts that mean null.
        allow_no_final_newline: Believe a last record without a newline.
        allow_empty: Publish an empty output of an input without data rows.
        rename: Input column to model column.
        fill: Model column to the value for its nulls.
        allow_null: Model columns whose nulls may reach the model.
        unknown: Column (or `*`) to `allow` or `reject`.
        map: Model column to input text to model value.
        allow_batch_dependence: Score with a model whose score of a row depends on the rows beside
            it: one call per chunk.
        threshold: Label `classes_[1]` from this probability on.
        prediction_column: The prediction's name.
        probability_column: The probabilities' name.
        trust: SHA-256 hashes of model files to trust in this run.
        output_format: Of the files in an output folder.
        rejects: Path of the rejects file; None for beside the output.
        overwrite: Replace an output that titanic-batch did not write.
        skip_published: Do nothing where the same was published already.
        allow_version_mismatch: Load a model of another scikit-learn minor version.
        ignore_custom_objects: Score a stored model without the custom objects saved with it.
    """

    model: str = DEFAULT_MODEL
    keep: str | tuple[str, ...] = "all"
    max_rejects: str = "0"
    chunk_bytes: int = DEFAULT_CHUNK_BYTES
    max_record_bytes: int = DEFAULT_MAX_RECORD_BYTES
    workers: int | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"
    null: tuple[str, ...] = ()
    allow_no_final_newline: bool = False
    allow_empty: bool = False
    rename: dict[str, str] = field(default_factory=dict)
    fill: dict[str, Scalar] = field(default_factory=dict)
    allow_null: tuple[str, ...] = ()
    unknown: dict[str, Literal["allow", "reject"]] = field(default_factory=dict)
    map: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    allow_batch_dependence: bool = False
    threshold: float | None = None
    prediction_column: str = "prediction"
    probability_column: str = "probability"
    trust: tuple[str, ...] = ()
    output_format: Literal["parquet", "csv"] = "parquet"
    rejects: str | None = None
    overwrite: bool = False
    skip_published: bool = False
    allow_version_mismatch: bool = False
    ignore_custom_objects: bool = False

    @property
    def alignment(self) -> AlignmentOptions:
        """The part that says how columns feed the model."""
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
        return {key: value for key, value in asdict(self).items() if key not in _HOW_NOT_WHAT}


@dataclass(frozen=True, kw_only=True)
class RejectLimit:
    """How many rows may be rejected; exactly one of the two is set.

    Attributes:
        count: At most so many rows.
        share: At most this share of the rows read, 0 to 1.
    """

    count: int | None = None
    share: float | None = None

    def exceeded_by(self, rejected: int, read: int, *, finished: bool) -> bool:
        """Tell whether the limit is exceeded; a share is known only when all is read."""
        if self.count is not None:
            return rejected > self.count
        return finished and self.share is not None and rejected > self.share * read

    @property
    def is_zero(self) -> bool:
        """Whether no row may be rejected."""
        return not self.count and not self.share


def reject_limit(text: str) -> RejectLimit:
    """Parse `--max-rejects`: a count, or a percentage.

    Raises:
        UsageError: if it is neither.
    """
    try:
        if text.endswith("%"):
            percent = float(text[:-1])
            if 0 <= percent <= 100:
                return RejectLimit(share=percent / 100)
        elif int(text) >= 0:
            return RejectLimit(count=int(text))
    except ValueError:
        pass
    raise UsageError(
        f"--max-rejects {text!r} is neither a count nor a percentage",
        cure="Give for example --max-rejects 10 or --max-rejects 1%.",
    )
