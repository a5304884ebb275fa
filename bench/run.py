"""Run a case: check that the outputs agree, then time the contenders in turn."""

from __future__ import annotations

import os
import shutil
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.cases import Case, Contender, Job
from bench.measure import Memory, Time, measure_memory, measure_time
from bench.prepare import check_agreement, input_file, input_pieces, saved_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one contender of a case took."""

    case: Case
    contender: Contender
    times: tuple[Time, ...]
    memory: Memory | None

    @property
    def wall_s(self) -> float:
        return statistics.median(time.wall_s for time in self.times)

    @property
    def cpu_s(self) -> float:
        return statistics.median(time.cpu_s for time in self.times)


def run_case(case: Case, work: Path, *, repeat: int, say: Callable[[str], None]) -> list[Result]:
    """Return one result per contender, in the case's order.

    Each contender runs once to warm up. That run is the one in which memory is watched, and its
    output is the one that is compared. Then the contenders take turns (A B A B ...), so that a
    busy spell of the machine hits all of them.

    Raises:
        CommandFailedError: a contender failed.
        OutputsDisagreeError: a contender's scores are not the first one's.
    """
    jobs = _jobs(case, work, say)
    memories = {}
    for contender, job in jobs.items():
        say(f"{case.name}: {contender.name}, memory")
        _start_afresh(job)
        memories[contender] = measure_memory(contender.command(job), env=_environment())
    first, *others = jobs.values()
    for other in others:
        check_agreement(first.output, other.output, rows=case.rows)
    times: dict[Contender, list[Time]] = {contender: [] for contender in jobs}
    turns = min(repeat, case.most_turns or repeat)
    for turn in range(1, turns + 1):
        for contender, job in jobs.items():
            say(f"{case.name}: {contender.name}, time, {turn} of {turns}")
            _start_afresh(job)
            if contender.prepare is not None:
                contender.prepare(job, case.rows, _environment())
            times[contender].append(measure_time(contender.command(job), env=_environment()))
    for job in jobs.values():
        shutil.rmtree(job.output.parent)
    return [Result(case=case, contender=c, times=tuple(times[c]), memory=memories[c]) for c in jobs]


def _jobs(case: Case, work: Path, say: Callable[[str], None]) -> dict[Contender, Job]:
    say(f"{case.name}: input and model")
    source = input_file(work, rows=case.rows, suffix=case.input_suffix)
    pieces = input_pieces(source, files=case.files) if case.files > 1 else source
    model = saved_model(work, name=case.model)
    jobs = {}
    for contender in case.contenders:
        given = source if contender.takes_one_file else pieces
        name = "scored" if given.is_dir() else "scored.parquet"
        output = work / f"{case.name}-{contender.name}" / name
        jobs[contender] = Job(input=given, output=output, model=model)
    return jobs


def _start_afresh(job: Job) -> None:
    """Give every run an empty output folder, and no earlier run's pages to write to disk."""
    shutil.rmtree(job.output.parent, ignore_errors=True)
    job.output.parent.mkdir()
    os.sync()


def _environment() -> dict[str, str]:
    """Return the environment without the user's own settings of titanic-batch.

    Modules are kept compiled, as they are where a program runs every night.
    """
    own = ("TITANIC_BATCH_", "PYTHONDONTWRITEBYTECODE")
    return {k: v for k, v in os.environ.items() if not k.startswith(own)}
