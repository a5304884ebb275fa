"""NightGuard: judges a night by its job's limits before it is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from titanic_batch.alignment.names import nearest
from titanic_batch.errors import OutputLockedError, UsageError
from titanic_batch.jobs.history import Seen
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.judging import ALL_OTHERS, Finding, judge
from titanic_batch.jobs.last_night import LookBack
from titanic_batch.jobs.night import Night
from titanic_batch.jobs.settings import ModelChoice, require_hash
from titanic_batch.models import VerifiedModel
from titanic_batch.printable import shell_quoted
from titanic_batch.publish.manifest import JobInfo, read_manifest
from titanic_batch.publish.paths import output_paths
from titanic_batch.schema import TrainingSchema
from titanic_batch.scoring.guarding import GuardDecision, GuardsError, PublishRequest
from titanic_batch.scoring.profiles import profile_document

#: How the warnings of guards begin.
OF_GUARDS = "guards: "
_ANEW = "the output for {day} was published before and removed since: it is published anew"


@dataclass(frozen=True, kw_only=True)
class NightGuard:
    """Judges each file of a night; a `titanic_batch.scoring.guarding.Guard`.

    Attributes:
        job: Whose limits.
        choice: The model that the job names, perhaps pinned.
        night: Which night.
        back: What came before it, where a limit asks for it.
        lenient: Whether what fails only warns.
        force: Whether what is published is published anew; its manifest is kept then.
        seen: What stood at each output when the run began.
    """

    job: Job
    choice: ModelChoice
    night: Night
    back: LookBack = field(default_factory=LookBack)
    lenient: bool = False
    force: bool = False
    seen: Mapping[str, Seen] = field(default_factory=dict)

    @property
    def profiles(self) -> bool:
        """Whether what is in each bin is to be counted."""
        return self.job.guards.need_profile

    def check(self, model: VerifiedModel, schema: TrainingSchema) -> None:
        """Refuse another model than the pinned one, and limits of columns that it does not have.

        Raises:
            UntrustedModelError: if the reference came to mean another one since it was looked at.
            UsageError: if there is such a limit.
        """
        require_hash(self.choice, model.sha256)
        check_columns(self.job, schema)

    def __call__(self, request: PublishRequest) -> GuardDecision:
        """Let a file through with what the manifest says of it.

        Raises:
            GuardsError: if a limit that fails is exceeded.
            OutputLockedError: if another run has published it since this one began.
        """
        seen = self._require_as_seen(request.output)
        findings = list(judge(request, self.job.guards, self.back.last))
        failures = [finding.said for finding in findings if finding.verdict == "failure"]
        if failures and not self.lenient:
            raise GuardsError(
                f"{OF_GUARDS}{'; '.join([*failures, *self.back.passed_over])}",
                where=request.input,
                hint="What was published before is kept. If the input is right, publish it with "
                f"`titanic-batch run {shell_quoted(str(self.job.path))} --date {self.night.day} "
                "--ignore-guards`, or change [guards] there.",
                findings=tuple(vars(finding) for finding in findings),
                profile=profile_document(request.plan, request.profile, request.schema),
            )
        return GuardDecision(
            job=JobInfo(
                name=self.job.name,
                date=str(self.night.day),
                guards=tuple(vars(finding) for finding in findings),
            ),
            warnings=(
                *(f"{OF_GUARDS}{said}" for said in self.back.passed_over),
                *_warnings(findings),
                *([_ANEW.format(day=self.night.day)] if seen.removed else []),
            ),
            keeps_replaced=self.force or seen.removed,
        )

    def _require_as_seen(self, output: str | None) -> Seen:
        """Refuse to publish over what another run has published meanwhile; the lock is held."""
        seen = self.seen.get(output) if output is not None else None
        if seen is None or output is None:
            return Seen(run_id=None, removed=False)
        manifest = read_manifest(output_paths(output).manifest)
        if (manifest.run_id if manifest is not None else None) != seen.run_id:
            raise OutputLockedError(
                "another run has published this output meanwhile",
                where=output,
                hint="What it published stays.",
            )
        return seen


def check_columns(job: Job, schema: TrainingSchema) -> None:
    """Refuse limits of columns that a model does not have.

    Raises:
        UsageError: if there is one.
    """
    for name in job.guards.max_null_rate:
        if name != ALL_OTHERS and name not in schema.names:
            near = nearest(name, schema.names, 1)
            raise UsageError(
                f"the model has no column {name}",
                where=f"{job.path}, guards.max_null_rate",
                hint=f"Did you mean {near[0]}?" if near else f"It has: {', '.join(schema.names)}.",
            )


def _warnings(findings: list[Finding]) -> tuple[str, ...]:
    """Return what the manifest warns of: each limit exceeded, and what was not judged and why."""
    exceeded = [f.said for f in findings if f.verdict in ("warning", "failure")]
    silent: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        if finding.verdict == "not judged":
            columns = silent.setdefault((finding.guard, finding.said), [])
            if finding.column is not None:
                columns.append(finding.column or "the score")
    for (guard, why), columns in silent.items():
        of = f" of {', '.join(columns)}" if columns else ""
        exceeded.append(f"{guard}{of} not judged: {why}")
    return tuple(f"{OF_GUARDS}{said}" for said in exceeded)
