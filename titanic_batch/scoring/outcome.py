"""FileOutcome: how one file of a run ended. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from titanic_batch.errors import TitanicBatchError
from titanic_batch.publish.manifest import Manifest, RowCounts
from titanic_batch.scoring.inputs import FilePair


@dataclass(frozen=True, kw_only=True)
class FileOutcome:
    """The outcome of one file: a manifest, or an error.

    Attributes:
        pair: The input and its output.
        manifest: What is published.
        error: Why nothing was.
        skipped: It was published before.
        notes: What of the run is another than when it was.
        rows: The rows that were looked at, also of a file that failed; None where there were none.
        by_reason: How many of them were rejected, by their first fault.
        model_errors: What the model said of rows on which it raised. It may quote cells, so neither
            logs nor manifests hold it.
    """

    pair: FilePair
    manifest: Manifest | None
    error: TitanicBatchError | None
    skipped: bool = False
    notes: tuple[str, ...] = ()
    rows: RowCounts | None = None
    by_reason: Mapping[str, int] = field(default_factory=dict, compare=False)
    model_errors: tuple[str, ...] = ()
