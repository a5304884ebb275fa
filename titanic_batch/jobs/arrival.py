"""Check that a night's input has arrived: it is there, with its marker, and not just written."""

from __future__ import annotations

import time

from titanic_batch.errors import InputMissingError
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.night import Night
from titanic_batch.scoring.finding import find_inputs, is_several
from titanic_batch.stores import entry_at, store_of


def not_arrived(job: Job, night: Night) -> InputMissingError | None:
    """Return why a night's input cannot be taken yet; None if it can.

    A folder's or glob's input arrives as a whole: one file that is too young holds up all.
    """
    optional = "If it need not be there every night, set input.optional = true."
    if input_is_absent(night.input):
        return InputMissingError("the input is not there", where=night.input, hint=optional)
    if night.marker is not None and store_of(night.marker).stat(night.marker) is None:
        return InputMissingError(
            "the input has not arrived: its marker is not there",
            where=night.marker,
            hint="Run the job again once it is, or correct input.marker.",
        )
    if job.input.min_age:
        return _too_young(night.input, job.input.min_age)
    return None


def input_is_absent(input: str) -> bool:
    """Return whether there is no input, as opposed to one that cannot be read."""
    if is_several(input):
        try:
            find_inputs(input)
        except InputMissingError:
            return True
        return False
    try:
        return store_of(input).stat(input) is None
    except OSError:
        return False  # it is missed when it is opened, with a better message


def _too_young(input: str, min_age_s: float) -> InputMissingError | None:
    now = time.time()
    for file in find_inputs(input):
        found = entry_at(file.path)
        if found is None:
            continue  # it is missed when it is opened
        age_s = now - found.modified
        if age_s < min_age_s:
            return InputMissingError(
                f"the input has not arrived: it was written {max(age_s, 0):.0f} s ago, and "
                f"input.min_age asks for {min_age_s:.0f} s",
                where=file.path,
                hint="Run the job again later.",
            )
    return None
