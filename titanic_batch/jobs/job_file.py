"""Read a job file: TOML, with nothing in it that is not known."""

from __future__ import annotations

import glob
import os
import tomllib
from datetime import tzinfo
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, ValidationError

from titanic_batch.documents import NotADocumentError, open_regular, read_bounded
from titanic_batch.errors import TitanicBatchError, UntrustedModelError, UsageError, os_errors
from titanic_batch.jobs.messages import job_file_error
from titanic_batch.jobs.tables import (
    ColumnTable,
    GuardsTable,
    InputTable,
    JobTable,
    MetricsTable,
    ModelTable,
    NotifyTable,
    OutputTable,
    ReportTable,
    ScoreTable,
    Table,
)
from titanic_batch.models.trust.write_access import Exposure, exposure_of
from titanic_batch.printable import shell_quoted
from titanic_batch.scoring.options import OPTIONS
from titanic_batch.stores import is_folder, store_of

_ALL_COLUMNS = "*"
_MOST_BYTES = 16 << 20


class Job(Table):
    """A whole job file."""

    job: JobTable = Field(default_factory=JobTable, description="a table: [job]")
    model: ModelTable = Field(default_factory=ModelTable, description="a table: [model]")
    input: InputTable = Field(description="a table: [input]")
    output: OutputTable = Field(description="a table: [output]")
    score: ScoreTable = Field(default_factory=ScoreTable, description="a table: [score]")
    columns: dict[str, ColumnTable] = Field(
        default_factory=dict, description="tables: [columns.NAME]"
    )
    guards: GuardsTable = Field(default_factory=GuardsTable, description="a table: [guards]")
    metrics: MetricsTable | None = Field(default=None, description="a table: [metrics]")
    notify: NotifyTable | None = Field(default=None, description="a table: [notify]")
    report: ReportTable | None = Field(default=None, description="a table: [report]")

    _path: Path = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Keep where the file is, which is told beside what stands in it."""
        self._path = context["path"]

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return self._path

    @property
    def folder(self) -> Path:
        """The folder that its relative paths start from."""
        return self.path.parent

    @property
    def name(self) -> str:
        """The job's name."""
        return self.job.name or self.path.stem

    @property
    def zone(self) -> tzinfo:
        """The time zone of its days."""
        return self.job.timezone

    @property
    def rejects(self) -> str | None:
        """Template of the rejects file's path; None for beside the output."""
        path: str | None = getattr(self.score, "rejects")  # noqa: B009  # an option's key
        return path

    def absolute(self, name: str) -> str:
        """Return a name that is relative to the job file as absolute; `~` is the home."""
        return store_of(name).absolute(name, str(self.folder))

    @property
    def textfile(self) -> str | None:
        """The file for the metrics of the last run."""
        return None if self.metrics is None else self.absolute(self.metrics.textfile)

    @property
    def report_path(self) -> str | None:
        """The page that is made after each run."""
        return None if self.report is None else self.absolute(self.report.path)

    @property
    def options(self) -> dict[str, Any]:
        """The options of [score] and [columns.NAME], as `titanic_batch.score` takes them."""
        found = self.score.model_dump(exclude_none=True, exclude={"rejects"})
        for option in OPTIONS:
            if option.table == "columns":
                keys = {name: getattr(table, option.name) for name, table in self.columns.items()}
                given = option.kind.gather({n: key for n, key in keys.items() if key is not None})
                found |= {option.name: given} if given else {}
        return found


def read_job(path: str | Path) -> Job:
    """Read and check a job file; nothing that it names is looked at.

    Raises:
        UsageError: if there is no such file, or it is no faultless job file.
        FileAccessError: if it cannot be read.
        UntrustedModelError: if it names a hash to trust, and others can change it.
    """
    file = Path(path)
    document, exposure = _read(file)
    absolute = Path(os.path.abspath(file))  # noqa: PTH100  # a link's own folder is meant
    try:
        job = Job.model_validate(document, context={"path": absolute})
    except ValidationError as exc:
        raise job_file_error(file, document, exc) from exc
    if job.model.sha256 and exposure is not None:
        raise UntrustedModelError(
            f"{exposure.why}, so its model.sha256 does not count",
            where=str(file),
            hint=f"Look through it, then run `{exposure.command}`.",
        )
    if job.model.sha256 and job.model.ref is None:
        raise UsageError(
            "there is no model.ref that it belongs to",
            where=f"{file}, model.sha256",
            hint="Add model.ref.",
        )
    if job.input.marker is not None and glob.has_magic(os.path.dirname(job.input.path)):  # noqa: PTH120
        raise UsageError(
            "a marker stands in one folder, and input.path may be in several",
            where=f"{file}, input.marker",
            hint="Give input.path wildcards in its last part only.",
        )
    _check_columns(job.columns, file)
    return job


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
        if is_folder(file):
            raise UsageError(
                "this is a folder, not a job file",
                where=str(file),
                hint=f"`titanic-batch jobs list {shell_quoted(str(file))}` lists the jobs in it.",
            ) from exc
        raise UsageError(f"this is not a job file: {exc}", where=str(file)) from exc
    try:
        return tomllib.loads(data.decode("utf-8")), exposure
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        raise UsageError("it is not UTF-8 text", where=f"{file}, line {line}") from exc
    except RecursionError as exc:
        raise UsageError("it is not TOML: nested too deeply", where=str(file)) from exc
    except ValueError as exc:  # not always a TOMLDecodeError: numbers and dates raise their own
        raise UsageError(f"it is not TOML: {exc}", where=str(file)) from exc


def _check_columns(columns: dict[str, Any], file: Path) -> None:
    """Refuse two columns that are fed by one, and other keys than `unknown` for `*`.

    Raises:
        UsageError: for the first of them.
    """
    every = columns.get(_ALL_COLUMNS)
    if every is not None and every.model_fields_set - {"unknown"}:
        raise UsageError(
            "for all columns at once there is only the key unknown",
            where=f'{file}, columns."*"',
            hint="Give the others in [columns.NAME].",
        )
    fed: dict[str, str] = {}
    for name, table in columns.items():
        if table.rename is None:
            continue
        if table.rename in fed:
            raise UsageError(
                f"{table.rename} feeds {fed[table.rename]} already",
                where=f"{file}, columns.{name}.rename",
            )
        fed[table.rename] = name
