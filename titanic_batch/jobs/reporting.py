"""A run that is seen: its health check is told of it, its metrics are written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from titanic_batch.errors import InterruptedRunError, TitanicBatchError, worst_exit_code
from titanic_batch.jobs.drift import drift_of
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.metrics import WRITING_METRICS, Figures, write_textfile
from titanic_batch.jobs.pings import Pings
from titanic_batch.jobs.running import NightOutcome
from titanic_batch.stores import require_writable


@dataclass(kw_only=True)
class Report:
    """A run of one night or of several, as it goes.

    Attributes:
        outcomes: How each night ended; whoever runs them adds them.
        error: Why the metrics could not be written, once the run has ended.
    """

    outcomes: list[NightOutcome] = field(default_factory=list)
    error: TitanicBatchError | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of the whole run."""
        errors = [error for outcome in self.outcomes for error in outcome.errors]
        return worst_exit_code(errors if self.error is None else [*errors, self.error])

    @property
    def nothing_to_do(self) -> bool:
        """Whether each date was published before, or its optional input has not arrived."""
        return bool(self.outcomes) and all(
            outcome.status in ("skipped", "absent") for outcome in self.outcomes
        )


@contextmanager
def reported(job: Job, *, warn: Callable[[str], object]) -> Iterator[Report]:
    """Report the run inside to the job's health check and metrics.

    What is published stays published, whatever becomes of the metrics: their error is the
    report's.

    Args:
        job: What is run.
        warn: Is told of a health check that does not answer.

    Raises:
        FileAccessError: if the metrics cannot be written, before anything is scored.
    """
    pings = Pings(job.notify) if job.notify is not None else None
    report = Report()
    started = time.monotonic()
    code = TitanicBatchError.exit_code
    if pings is not None:
        pings.start()
    try:
        if job.textfile is not None:
            require_writable(job.textfile, WRITING_METRICS)
        yield report
        code = report.exit_code
    except (TitanicBatchError, InterruptedRunError) as exc:
        code = exc.exit_code
        raise
    finally:
        if job.textfile is not None:
            try:
                write_textfile(job.textfile, _figures(job, report, code, started))
            except TitanicBatchError as exc:
                report.error = exc
                code = code or exc.exit_code
        if pings is not None and (fault := pings.end(code)) is not None:
            warn(fault)


def _figures(job: Job, report: Report, code: int, started: float) -> Figures:
    manifests = [
        file.manifest
        for outcome in report.outcomes
        for file in outcome.files
        if file.manifest is not None
    ]
    rows: Counter[str] = Counter()
    for manifest in manifests:
        for kind in ("read", "scored", "rejected"):
            rows[kind] += manifest.rows[kind]
    drift: dict[tuple[str, str], float] = {}
    for outcome in report.outcomes[-1:]:
        for file in outcome.files:
            for column, against, value in drift_of(file.manifest):
                drift[column, against] = max(value, drift.get((column, against), 0.0))
    return Figures(
        job=job.name,
        exit_code=code,
        finished_at=time.time(),
        seconds=time.monotonic() - started,
        nights=Counter(outcome.status for outcome in report.outcomes),
        rows=rows,
        models=frozenset((manifest.model.tag, manifest.model.sha256) for manifest in manifests),
        drift=drift,
    )
