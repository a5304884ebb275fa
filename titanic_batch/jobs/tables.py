"""The tables and keys of a job file. Each description says what its key takes, in errors too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from titanic_batch.jobs.values import (
    Address,
    Count,
    Drift,
    Duration,
    Hash,
    Name,
    PlainPath,
    RejectCount,
    Share,
    ShortWait,
    Suffix,
    Template,
    Zone,
    refused_by,
)
from titanic_batch.scoring.option_fields import Option
from titanic_batch.scoring.options import OPTIONS

T = TypeVar("T")


class Table(BaseModel):
    """A table that knows its keys, and takes no value for another (`"1"` is no 1)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class JobTable(Table):
    """[job]: what it is called, and where its day begins."""

    name: Name | None = Field(default=None, description="a name; by default the file's")
    timezone: Zone = Field(
        default="UTC",
        validate_default=True,
        description='the name of a time zone, such as "Europe/Paris"',
    )


class ModelTable(Table):
    """[model]: what scores."""

    ref: Name | None = Field(default=None, description='a model, such as "titanic_model:latest"')
    sha256: Hash | None = Field(
        default=None,
        description="the 64 hexadecimal digits that `titanic-batch models show REF` prints",
    )


class InputTable(Table):
    """[input]: what is scored."""

    path: Template = Field(description="a path, a folder or a glob, as text")
    optional: bool = Field(default=False, description="true or false")
    marker: Template | None = Field(
        default=None, description='a file in the input\'s folder, such as "_SUCCESS"'
    )
    min_age: Duration | None = Field(default=None, description='a duration, such as "5m"')


class OutputTable(Table):
    """[output]: where the scores go."""

    path: Template = Field(description="a path, as text")


def _key(option: Option) -> tuple[Any, Any]:
    """Return the type and the description of an option's key, as pydantic takes them."""
    kind = option.kind
    taken = Template if kind.key is Path else kind.key
    if option.table == "columns" and kind.key is bool:
        return bool, Field(default=False, description=kind.takes)
    checks = (Field(**kind.bounds), *(refused_by(check) for check in [kind.check] if check))
    return Annotated[taken, *checks] | None, Field(default=None, description=kind.takes)


def _keys(table: str) -> dict[str, Any]:
    return {option.name: _key(option) for option in OPTIONS if option.table == table}


if TYPE_CHECKING:  # their keys are the options', which mypy can't know
    ScoreTable = Table
    ColumnTable = Table
else:
    ScoreTable = create_model(
        "ScoreTable",
        __base__=Table,
        __doc__="[score]: the options of `titanic-batch score`, with underscores for dashes.",
        **_keys("score"),
    )
    ColumnTable = create_model(
        "ColumnTable",
        __base__=Table,
        __doc__="[columns.NAME]: how one column of the model is fed.",
        **_keys("columns"),
    )


class Limit(Table, Generic[T]):
    """A limit that warns, and one that fails."""

    warn: T | None = Field(default=None, description="beyond it, the night is published")
    fail: T | None = Field(default=None, description="beyond it, it is not")


class RowLimit(Limit[Count]):
    """A limit of rows."""


class RejectsLimit(Limit[RejectCount]):
    """A limit of rejected rows."""


class ShareLimit(Limit[Share]):
    """A limit of a share."""


class DriftLimit(Limit[Drift]):
    """A limit of drift."""


def limit_of(given: T | Limit[T] | None) -> Limit[T] | None:
    """Return a limit as [guards] holds it; None where it limits nothing. A plain value fails."""
    limit = given if isinstance(given, Limit) else Limit(fail=given)
    return None if limit.warn is None and limit.fail is None else limit


class GuardsTable(Table):
    """[guards]: what is judged before a night is published; a plain value is one that fails."""

    min_rows: Count | RowLimit | None = Field(
        default=None, description="a count of rows, or { warn = 400, fail = 300 }"
    )
    max_rejects: RejectCount | RejectsLimit | None = Field(
        default=None, description='a count or a share ("1%"), or { warn = "1%", fail = "5%" }'
    )
    max_row_change: Share | ShareLimit | None = Field(
        default=None, description='a share, such as "30%", or { warn = "10%", fail = "30%" }'
    )
    max_null_rate: dict[str, Share | ShareLimit] = Field(
        default_factory=dict,
        description='a table of columns ("*" for all others) and shares, such as { Age = "30%" }',
    )
    max_drift_from_training: Drift | DriftLimit | None = Field(
        default=None,
        description="a population stability index, such as 0.25, or { warn = 0.1, fail = 0.25 }",
    )
    max_drift_from_last: Drift | DriftLimit | None = Field(
        default=None,
        description="a population stability index, such as 0.25, or { warn = 0.1, fail = 0.25 }",
    )

    @property
    def need_profile(self) -> bool:
        """Whether judging them takes counts by bin."""
        return any(map(limit_of, (self.max_drift_from_training, self.max_drift_from_last)))

    @property
    def need_last_night(self) -> bool:
        """Whether judging them takes the last night."""
        return any(map(limit_of, (self.max_row_change, self.max_drift_from_last)))


class MetricsTable(Table):
    """[metrics]: figures of the last run."""

    textfile: PlainPath = Field(
        description='a path, such as "/var/lib/node_exporter/titanic_batch.prom"'
    )


class NotifyTable(Table):
    """[notify]: a health check that is told of each run."""

    url: Address = Field(description='an address, such as "https://hc-ping.com/UUID"')
    start: Suffix = Field(
        default="/start", description='what follows the url, such as "/start", or false'
    )
    success: Suffix = Field(default="", description='what follows the url, such as "", or false')
    failure: Suffix = Field(
        default="/{exit_code}",
        description='what follows the url, such as "/fail" or "/{exit_code}", or false',
    )
    timeout: ShortWait = Field(
        default="5s", validate_default=True, description='a duration up to "10s"'
    )


class ReportTable(Table):
    """[report]: a page to look at, made after each run."""

    path: PlainPath = Field(description='a path, such as "../scored/report.html"')


#: Each table of a job file by its name; a column's is the one under `columns`.
TABLES: dict[str, type[Table]] = {
    "job": JobTable,
    "model": ModelTable,
    "input": InputTable,
    "output": OutputTable,
    "score": ScoreTable,
    "columns": ColumnTable,
    "guards": GuardsTable,
    "metrics": MetricsTable,
    "notify": NotifyTable,
    "report": ReportTable,
}
