"""The table: each promise, and the cases that try it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tests.differential import faults as differential
from tests.faults import interrupts, kills, refusals, together, whole
from tests.faults.lab import Case, Lab
from tests.predict.compiled import faults as compiled


class Cases(Protocol):
    """Makes the cases of a promise: the short form, or with `full` the long one."""

    def __call__(self, lab: Lab, *, full: bool) -> Iterator[Case]: ...


@dataclass(frozen=True)
class Promise:
    """What is promised, in a few words, and how it is tried.

    Attributes:
        text: What is promised.
        cases: Makes the cases.
        in_short: Whether there is a short form here; what has none is tried another way.
    """

    text: str
    cases: Cases
    in_short: bool = True

    @property
    def name(self) -> str:
        return self.cases.__name__  # type: ignore[attr-defined,no-any-return]


PROMISES = (
    Promise("SIGKILL at each step: old or new output, rerun identical", kills.killed_at_each_step),
    Promise("SIGKILL at random moments: the same", kills.killed_at_random),
    Promise(
        "SIGKILL at each system call (strace): the same", refusals.syscall_killed, in_short=False
    ),
    Promise("parent killed: workers end by themselves", kills.parent_killed),
    Promise("worker killed: 71, one message, no hang", kills.worker_killed),
    Promise("forkserver killed: 0 or 71, no hang", kills.forkserver_killed),
    Promise(
        "SIGTERM, SIGINT before each step: 143/130, nothing left",
        interrupts.interrupted_at_each_step,
    ),
    Promise("SIGTERM, SIGINT wherever one is heard: the same", interrupts.interrupted_where_heard),
    Promise("SIGTERM, SIGINT at random moments: the same", interrupts.interrupted_at_random),
    Promise("SIGTERM, SIGINT with workers: no orphans", interrupts.interrupted_with_workers),
    Promise("SIGTERM, SIGINT end a run over several files", interrupts.several_files_interrupted),
    Promise("EIO, ENOSPC at each step: 74, old output intact", refusals.step_refused),
    Promise(
        "EIO, ENOSPC from each system call (strace): the same",
        refusals.syscall_refused,
        in_short=False,
    ),
    Promise("disk full at 30 points: 74, old output intact", refusals.disk_full),
    Promise("file size limit at 30 points: the same", refusals.file_too_large),
    Promise("spool or stdout full: 74, nothing printed in part", refusals.spool_full),
    Promise("places that cannot be written: 74 or 2, nothing made", refusals.bad_places),
    Promise("40 starts at once: 0 or 75, never two at work", together.simultaneous_starts),
    Promise("stdout closed early: 141, no traceback", together.closed_stdout),
    Promise(
        "grids and sweeps of which `make test` takes some: all of their cases",
        whole.whole_grids,
        in_short=False,
    ),
    Promise(
        "random models, saved in each way, CSV and Parquet: scored as the models themselves say",
        differential.random_models,
        in_short=False,
    ),
    Promise(
        "SIGKILL, input, model, code or option changed, run again: as if undisturbed",
        differential.killed_and_something_changed,
        in_short=False,
    ),
    Promise(
        "random models, compiled: as scikit-learn says, at least 90 % of them",
        compiled.random_plans,
        in_short=False,
    ),
)
