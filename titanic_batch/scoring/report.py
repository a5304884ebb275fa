"""Build the manifest of a run from what it met."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from titanic_batch import __version__
from titanic_batch.alignment.column_mappings import AlignmentPlan
from titanic_batch.alignment.counts import AlignmentCounts
from titanic_batch.chunk.profile import Profile
from titanic_batch.chunk.task import ScoredChunk
from titanic_batch.models import VerifiedModel
from titanic_batch.predict.base import ModelDescription
from titanic_batch.printable import as_utf8
from titanic_batch.publish.manifest import (
    MANIFEST_VERSION,
    TOOL,
    FileInfo,
    Manifest,
    ModelInfo,
    PredictorInfo,
    RejectInfo,
    RowCounts,
    ToolInfo,
)
from titanic_batch.schema import schema_sha256
from titanic_batch.scoring.aligning import alignment_entries
from titanic_batch.scoring.choosing import PredictorChoice
from titanic_batch.scoring.guarding import GuardDecision
from titanic_batch.scoring.null_texts import null_text_warnings
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.sources.partition import Partition

_LIBRARIES = ("scikit-learn", "pandas", "pyarrow", "numpy", "joblib", "bentoml", "skops")
#: A column of free text that was allowed everything must not swell the manifest.
_MOST_UNKNOWN_VALUES = 100
_LONGEST_VALUE = 200


@dataclass(kw_only=True)
class RunTotals:
    """The counts of a file's rows and cells, added up over its chunks."""

    read: int = 0
    scored: int = 0
    rejected: int = 0
    cached: int = 0
    by_estimator: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    other_faults: Counter[str] = field(default_factory=Counter)
    counts: AlignmentCounts = field(default_factory=AlignmentCounts)
    profile: Profile = field(default_factory=Profile)
    trimmed: Counter[str] = field(default_factory=Counter)

    def add(self, result: ScoredChunk) -> None:
        """Add a chunk's result."""
        self.read += result.rows_read
        self.scored += result.rows_scored
        self.rejected += len(result.rejects)
        self.cached += result.rows_cached
        self.by_estimator += result.rows_by_estimator
        self.by_reason.update(reject.reason for reject in result.rejects)
        self.other_faults.update(result.other_faults)
        self.counts.add(result.counts)
        self.trimmed.update(result.trimmed)
        if result.profile is not None:
            self.profile.add(result.profile)


@cache
def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that score, as far as installed."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """The part that is the same in all manifests of a run.

    Attributes:
        options: The manifest's `options`.
        model: The manifest's `model`.
        warnings: What loading the model brought up.
        libraries: The manifest's `libraries`.
        predictor: What predicts.
    """

    options: dict[str, Any]
    model: ModelInfo
    warnings: tuple[str, ...]
    libraries: dict[str, str]
    predictor: PredictorChoice

    @property
    def fingerprint(self) -> str:
        """Stands for the model, its schema and the options, by which a killed run is resumed.

        What else its predictions depend on, the rows and the code, is compared where they are kept
        (`chunk/kept.py`): this is the parent of workers, in which none of it need be loaded.
        """
        model = {name: self.model[name] for name in ("sha256", "schema_sha256")}
        document = json.dumps([model, self.options], sort_keys=True)
        return hashlib.sha256(document.encode()).hexdigest()[:32]


def run_info(
    options: ScoreOptions,
    model: VerifiedModel,
    description: ModelDescription,
    predictor: PredictorChoice,
) -> RunInfo:
    """Return what the manifests of a run have in common."""
    return RunInfo(
        predictor=predictor,
        options=options.published(),
        model=model_info(model, description),
        warnings=description.warnings,
        libraries={**library_versions(), **description.libraries},
    )


def output_metadata(model: VerifiedModel) -> dict[str, str]:
    """Return what a Parquet output says of itself, whoever has lost its manifest."""
    return {
        "titanic_batch.model": as_utf8(model.tag),
        "titanic_batch.model_sha256": model.sha256,
        "titanic_batch.tool": f"{TOOL} {__version__}",
    }


def model_info(model: VerifiedModel, description: ModelDescription) -> ModelInfo:
    """Return the manifest's `model`."""
    schema = description.schema
    return ModelInfo(
        ref=model.ref,
        tag=model.tag,
        sha256=model.sha256,
        schema_sha256=schema_sha256(schema),
        schema_origin=schema.origin,
        loader=model.loader,
        path=str(model.path),
        libraries=model.libraries,
        target=schema.target,
        classes=tuple(description.info.classes) if description.info.classes else None,
    )


def predictor_info(choice: PredictorChoice, totals: RunTotals) -> PredictorInfo:
    """Return the manifest's `predictor`."""
    plan = choice.plan
    return PredictorInfo(
        kind="scikit-learn" if plan is None else "compiled",
        reason=choice.reason or None,
        plan_sha256=None if plan is None else plan.sha256,
        rows_by_estimator=totals.scored if plan is None else totals.by_estimator,
    )


def build_manifest(
    *,
    run_id: str,
    started_at: datetime,
    info: RunInfo,
    alignment: AlignmentPlan,
    partition: Partition,
    added: Partition,
    totals: RunTotals,
    input: FileInfo,
    output: FileInfo,
    rejects_path: str | None,
    decision: GuardDecision | None = None,
    profile: dict[str, dict[str, Any]] | None = None,
    warnings: tuple[str, ...] = (),
    empty_lines: int = 0,
    parts: tuple[dict[str, Any], ...] | None = None,
) -> Manifest:
    """Return the manifest of a run that is about to publish.

    `added` is what of the partition the input itself does not hold.
    """
    finished_at = datetime.now(UTC)
    seconds = (finished_at - started_at).total_seconds()
    return Manifest(
        manifest_version=MANIFEST_VERSION,
        run_id=run_id,
        status="published",
        started_at=_iso(started_at),
        finished_at=_iso(finished_at),
        seconds=round(seconds, 3),
        rows_per_second=round(totals.read / seconds, 1) if seconds > 0 else 0.0,
        tool=ToolInfo(name=TOOL, version=__version__),
        libraries=info.libraries,
        options=info.options,
        model=info.model,
        input=input,
        output=output,
        rows=RowCounts(read=totals.read, scored=totals.scored, rejected=totals.rejected),
        rows_recalled=totals.cached,
        predictor=predictor_info(info.predictor, totals),
        rejects=RejectInfo(
            path=rejects_path,
            by_reason=dict(sorted(totals.by_reason.items())),
            other_faults=dict(sorted(totals.other_faults.items())),
        ),
        alignment=alignment_entries(alignment, totals.counts, added),
        unknown_categories={
            column: _listed(values)
            for column, values in sorted(totals.counts.scored_unknown.items())
        },
        nulls=dict(sorted(totals.counts.nulls.items())),
        null_tokens=plain_counts(totals.counts.null_tokens),
        trimmed=dict(sorted(totals.trimmed.items())),
        empty_lines=empty_lines,
        warnings=(
            *info.warnings,
            *null_text_warnings(alignment, totals.counts),
            *warnings,
            *_warnings(totals),
            *(decision.warnings if decision is not None else ()),
        ),
        partition=dict(partition),
        job=decision.job if decision is not None else None,
        profile=profile,
        parts=parts,
    )


def plain_counts(by_column: dict[str, Counter[str]]) -> dict[str, dict[str, int]]:
    """Return counts of texts, by column, the most frequent first."""
    return {column: dict(texts.most_common()) for column, texts in sorted(by_column.items())}


def _listed(values: Counter[str]) -> dict[str, int]:
    """Return the most frequent values; of one that is a whole text, its beginning."""
    listed: Counter[str] = Counter()
    for value, count in values.most_common(_MOST_UNKNOWN_VALUES):
        is_long = len(value) > _LONGEST_VALUE
        listed[f"{value[:_LONGEST_VALUE]}..." if is_long else value] += count
    return dict(listed)


def _warnings(totals: RunTotals) -> list[str]:
    warnings = []
    for column, values in sorted(totals.counts.scored_unknown.items()):
        if len(values) > _MOST_UNKNOWN_VALUES:
            warnings.append(
                f"{column} had {len(values)} values that the model never saw; "
                f"the {_MOST_UNKNOWN_VALUES} most frequent are listed"
            )
    return warnings


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
