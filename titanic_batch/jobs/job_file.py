"""Read a job file: TOML, with nothing in it that is not known."""

from __future__ import annotations

import glob
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from titanic_batch.documents import NotADocumentError, open_regular, read_bounded
from titanic_batch.errors import TitanicBatchError, UntrustedModelError, UsageError, os_errors
from titanic_batch.jobs.dates import parse_zone
from titanic_batch.jobs.durations import parse_duration
from titanic_batch.jobs.limits import Limit, Limits, parse_share
from titanic_batch.jobs.pings import HealthCheck
from titanic_batch.models.trust.write_access import Exposure, exposure_of
from titanic_batch.printable import shell_quoted
from titanic_batch.scoring.options import reject_limit

if TYPE_CHECKING:
    from titanic_batch.jobs.tables import GuardsTable, NotifyTable

T = TypeVar("T")
_ALL_COLUMNS = "*"
_MOST_BYTES = 16 << 20


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a job file says; paths as they stand there.

    Attributes:
        path: The job file, absolute.
        name: The job's name.
        zone: Where its day begins.
        model: The model's reference; None where the file names none.
        sha256: The hash that the model must have, in lower case; None for any trusted one.
        input: Template of the input's path.
        input_optional: Whether the input may be absent.
        marker: Template of the file that says that the input is whole; None for no such file.
        min_age_s: How long ago an input must have been written.
        output: Template of the output's path.
        rejects: Template of the rejects file's path; None for beside the output.
        options: All other options, as `titanic_batch.score` takes them.
        limits: What is judged before a night is published.
        metrics: Where the figures of the last run go.
        notify: Which health check is told of each run.
    """

    path: Path
    name: str
    zone: tzinfo
    model: str | None
    sha256: str | None
    input: str
    input_optional: bool
    marker: str | None
    min_age_s: float
    output: str
    rejects: str | None
    options: dict[str, Any]
    limits: Limits
    metrics: Path | None
    notify: HealthCheck | None

    @property
    def folder(self) -> Path:
        """Where its relative paths begin."""
        return self.path.parent


def read_job(path: str | Path) -> Job:
    """Read and check a job file; nothing that it names is looked at.

    Raises:
        UsageError: if there is no such file, or it is no faultless job file.
        OutputError: if it cannot be read.
        UntrustedModelError: if it names a hash to trust, and others can change it.
    """
    from pydantic import ValidationError

    from titanic_batch.jobs.messages import job_file_error
    from titanic_batch.jobs.tables import JobDocument

    file = Path(path)
    document, exposure = _read(file)
    try:
        checked = JobDocument.model_validate(document)
    except ValidationError as exc:
        raise job_file_error(file, document, exc) from exc
    if checked.model.sha256 and exposure is not None:
        raise UntrustedModelError(
            f"{exposure.why}, so its model.sha256 does not count",
            where=str(file),
            cure=f"Look through it, then run `{exposure.command}`.",
        )
    if checked.model.sha256 and checked.model.ref is None:
        raise UsageError(
            "it is the hash of no model", where=f"{file}, model.sha256", cure="Add model.ref."
        )
    if checked.input.marker is not None and glob.has_magic(os.path.dirname(checked.input.path)):  # noqa: PTH120
        raise UsageError(
            "a marker stands in one folder, and input.path may be in several",
            where=f"{file}, input.marker",
            cure="Give input.path wildcards in its last part only.",
        )
    score = checked.score.model_dump(exclude_none=True)
    rejects = score.pop("rejects", None)
    absolute = Path(os.path.abspath(file))  # noqa: PTH100  # a link's own folder is meant
    return Job(
        path=absolute,
        name=checked.job.name or file.stem,
        zone=parse_zone(checked.job.timezone),
        model=checked.model.ref,
        sha256=checked.model.sha256.lower() if checked.model.sha256 else None,
        input=checked.input.path,
        input_optional=checked.input.optional,
        marker=checked.input.marker,
        min_age_s=parse_duration(checked.input.min_age) if checked.input.min_age else 0.0,
        output=checked.output.path,
        rejects=rejects,
        options={**score, **_column_options(checked.columns, file)},
        limits=_limits(checked.guards),
        metrics=_placed(checked.metrics.textfile, absolute) if checked.metrics else None,
        notify=_health_check(checked.notify) if checked.notify else None,
    )


def _placed(path: str, job: Path) -> Path:
    return Path(os.path.normpath(job.parent / Path(path).expanduser()))


def _limits(table: GuardsTable) -> Limits:
    return Limits(
        min_rows=_limit(table.min_rows, int),
        max_rejects=_limit(table.max_rejects, lambda given: reject_limit(str(given))),
        max_row_change=_limit(table.max_row_change, parse_share),
        max_null_rate={
            column: _limit(given, parse_share) for column, given in table.max_null_rate.items()
        },
        max_drift_from_training=_limit(table.max_drift_from_training, float),
        max_drift_from_last=_limit(table.max_drift_from_last, float),
    )


def _limit(given: Any, read: Callable[[Any], T]) -> Limit[T]:
    """Return a limit as [guards] holds it: a plain value fails."""
    if given is None:
        return Limit()
    warn, fail = getattr(given, "warn", None), getattr(given, "fail", given)
    return Limit(
        warn=None if warn is None else read(warn), fail=None if fail is None else read(fail)
    )


def _health_check(table: NotifyTable) -> HealthCheck:
    def suffix(given: str | Literal[False]) -> str | None:
        return None if given is False else given

    return HealthCheck(
        url=table.url,
        start=suffix(table.start),
        success=suffix(table.success),
        failure=suffix(table.failure),
        timeout_s=parse_duration(table.timeout),
    )


def _read(file: Path) -> tuple[dict[str, Any], Exposure | None]:
    """Return what is in the file, and how others can change it."""
    try:
        with os_errors(file, "reading the job file"), open_regular(file) as opened:
            exposure = exposure_of(file, os.fstat(opened.fileno()))
            data = read_bounded(opened, _MOST_BYTES)
    except TitanicBatchError as exc:
        if isinstance(exc.__cause__, FileNotFoundError | NotADirectoryError):
            raise UsageError("there is no such job file", where=str(file)) from exc
        raise
    except NotADocumentError as exc:
        if file.is_dir():
            raise UsageError(
                "this is a folder, not a job file",
                where=str(file),
                cure=f"`titanic-batch jobs list {shell_quoted(str(file))}` lists the jobs in it.",
            ) from exc
        raise UsageError(f"this is no job file: {exc}", where=str(file)) from exc
    try:
        return tomllib.loads(data.decode("utf-8")), exposure
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        raise UsageError("it is not UTF-8 text", where=f"{file}, line {line}") from exc
    except RecursionError as exc:
        raise UsageError("it is not TOML: nested too deeply", where=str(file)) from exc
    except ValueError as exc:  # not always a TOMLDecodeError: numbers and dates raise their own
        raise UsageError(f"it is not TOML: {exc}", where=str(file)) from exc


def _column_options(columns: dict[str, Any], file: Path) -> dict[str, Any]:
    """Return the columns' tables as the options that they stand for.

    Raises:
        UsageError: if two columns are fed by one, or `*` has another key than `unknown`.
    """
    every = columns.get(_ALL_COLUMNS)
    if every is not None and every.model_fields_set - {"unknown"}:
        raise UsageError(
            "for all columns at once there is only the key unknown",
            where=f'{file}, columns."*"',
            cure="Give the others in [columns.NAME].",
        )
    rename: dict[str, str] = {}
    for name, table in columns.items():
        if table.rename is None:
            continue
        if table.rename in rename:
            raise UsageError(
                f"{table.rename} feeds {rename[table.rename]} already",
                where=f"{file}, columns.{name}.rename",
            )
        rename[table.rename] = name
    given = columns.items()
    options = {
        "rename": rename,
        "fill": {name: table.fill for name, table in given if table.fill is not None},
        "allow_null": tuple(name for name, table in given if table.allow_null),
        "unknown": {name: table.unknown for name, table in given if table.unknown is not None},
        "map": {name: table.map for name, table in given if table.map is not None},
    }
    return {key: value for key, value in options.items() if value}
