"""Figures of a job's last run as a Prometheus textfile, for node_exporter's textfile collector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from titanic_batch.printable import as_utf8
from titanic_batch.stores import store_of, write_file
from titanic_batch.stores.base import Name

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

#: What an error says was being done.
WRITING_METRICS = "writing the metrics"
_MOST_BYTES = 64 << 20
_LAST_SUCCESS = "titanic_batch_last_success_timestamp_seconds"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The figures of a job's run.

    Attributes:
        job: The job's name.
        exit_code: The run's.
        finished_at: Seconds since 1970, UTC.
        seconds: Wall time.
        nights: How many nights ended how.
        rows: Rows `read`, `scored`, `rejected`, of all nights that are published.
        models: Tag and SHA-256 of what scored them.
        drift: The last night's drift, by column and what it was held against.
    """

    job: str
    exit_code: int
    finished_at: float
    seconds: float
    nights: Counter[str]
    rows: Counter[str]
    models: frozenset[tuple[str, str]] = frozenset()
    drift: dict[tuple[str, str], float] = field(default_factory=dict)


def write_textfile(path: Name, figures: Figures) -> None:
    """Write the figures, in one step; a failed run keeps the last success of the file before.

    Raises:
        FileAccessError: if the system refuses.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    succeeded_at = figures.finished_at if figures.exit_code == 0 else _last_success(path, figures)

    class Collector:
        def collect(self) -> Iterator[GaugeMetricFamily]:
            return _families(figures, succeeded_at)

    registry = CollectorRegistry()
    registry.register(Collector())
    write_file(path, generate_latest(registry), WRITING_METRICS)


def _families(figures: Figures, succeeded_at: float) -> Iterator[GaugeMetricFamily]:
    from prometheus_client.core import GaugeMetricFamily

    def family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"titanic_batch_{name}", text, labels=["job", *labels])

    job = figures.job
    for name, text, value in (
        ("run_success", "1 if the last run succeeded, 0 if it failed.", figures.exit_code == 0),
        ("run_exit_code", "Exit code of the last run.", figures.exit_code),
        ("run_seconds", "Wall time of the last run.", figures.seconds),
        ("run_timestamp_seconds", "When the last run ended.", figures.finished_at),
        (
            _LAST_SUCCESS.removeprefix("titanic_batch_"),
            "When a run last succeeded; 0 for never.",
            succeeded_at,
        ),
    ):
        single = family(name, text)
        single.add_metric([job], float(value))
        yield single
    nights = family("run_nights", "Nights of the last run, by how they ended.", "status")
    for status in ("published", "skipped", "absent", "failed"):
        nights.add_metric([job, status], figures.nights[status])
    rows = family("run_rows", "Rows of the last run's published nights.", "outcome")
    for outcome in ("read", "scored", "rejected"):
        rows.add_metric([job, outcome], figures.rows[outcome])
    models = family("model_info", "What scored the last run's nights.", "tag", "sha256")
    for tag, sha256 in sorted(figures.models):
        models.add_metric([job, as_utf8(tag), sha256], 1)
    drift = family(
        "drift_psi", "Population stability index of the last night.", "column", "against"
    )
    for (column, against), value in sorted(figures.drift.items()):
        drift.add_metric([job, as_utf8(column), against], value)
    yield from (nights, rows, models, drift)


def _last_success(path: Name, figures: Figures) -> float:
    """Return when the file says that the job last succeeded; 0 where it does not say."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        data = store_of(path).read(path, limit=_MOST_BYTES, follow=True) or b""
        families = list(text_string_to_metric_families(data.decode("utf-8")))
    except (OSError, ValueError):
        return 0.0
    return next(
        (
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == _LAST_SUCCESS and sample.labels.get("job") == figures.job
        ),
        0.0,
    )
