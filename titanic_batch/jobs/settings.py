"""Settings of a run of a job: flags override the job file, the file overrides the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from titanic_batch.errors import UntrustedModelError, UsageError
from titanic_batch.jobs.job_file import Job
from titanic_batch.jobs.night import Night
from titanic_batch.scoring.options import DEFAULT_MODEL, MODEL_VARIABLE, WORKERS_VARIABLE


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """The flags of `run`; None where a flag was not given.

    Attributes:
        model: The model's reference, as typed. The file's pin does not hold for it.
        trust: SHA-256 hashes to trust; the file's pin lets them pass as well.
        max_rejects: A count or a share of rows.
        workers: Worker processes.
    """

    model: str | None = None
    trust: Sequence[str] = ()
    max_rejects: str | None = None
    workers: int | None = None


@dataclass(frozen=True, kw_only=True)
class ModelChoice:
    """The model that scores a job.

    Attributes:
        ref: Its reference.
        pin: The hash that it must have, None for any trusted one.
        trust: SHA-256 hashes that are trusted, the pin among them.
    """

    ref: str
    pin: str | None
    trust: tuple[str, ...]


def choose_model(job: Job, overrides: Overrides | None = None) -> ModelChoice:
    """Return the model that a run of a job scores with; a file's path is relative to the job's."""
    chosen = overrides or Overrides()
    trust = tuple(chosen.trust)
    if chosen.model is not None:
        return ModelChoice(ref=chosen.model, pin=None, trust=trust)
    if job.model.ref is None:
        ref = os.environ.get(MODEL_VARIABLE) or DEFAULT_MODEL
        return ModelChoice(ref=ref, pin=None, trust=trust)
    pin = job.model.sha256
    pins = (pin,) if pin is not None else ()
    return ModelChoice(ref=_placed(job.model.ref, job), pin=pin, trust=(*pins, *trust))


def require_pinned(choice: ModelChoice) -> None:
    """Refuse a model that is not the pinned one; nothing of it is unpickled.

    Raises:
        UntrustedModelError: if the reference now leads to a model with another hash.
        ModelError: if there is no such model.
        UsageError: if a hash of `trust` is malformed.
    """
    if choice.pin is None:
        return
    from titanic_batch.models.opening import inspect_model

    require_hash(choice, inspect_model(choice.ref).sha256)


def require_hash(choice: ModelChoice, sha256: str) -> None:
    """Refuse a hash that is neither pinned nor given by `--trust`.

    Raises:
        UntrustedModelError: if it is neither.
        UsageError: if a hash of `trust` is malformed.
    """
    if choice.pin is None:
        return
    from titanic_batch.models.trust.gate import parse_hashes

    if sha256 not in parse_hashes(choice.trust, where="--trust"):
        raise UntrustedModelError(
            f"this is not the job file's model: its SHA-256 is {sha256}, and "
            f"model.sha256 says {choice.pin}",
            where=choice.ref,
            hint=f"If it is the right one, put its hash into the file, or pass --trust {sha256}.",
        )


def score_keywords(job: Job, night: Night, *, overrides: Overrides | None = None) -> dict[str, Any]:
    """Return the keywords of `titanic_batch.score` for one night.

    Raises:
        UsageError: if the environment, where it is asked, holds nonsense.
    """
    chosen = overrides or Overrides()
    choice = choose_model(job, chosen)
    keywords = job.options
    if chosen.max_rejects is not None:
        keywords["max_rejects"] = chosen.max_rejects
    workers = chosen.workers or keywords.get("workers") or _workers_of_environment()
    return {
        **keywords,
        "model": choice.ref,
        "trust": choice.trust,
        "workers": workers,
        "rejects": night.rejects,
        "skip_published": False,  # what is published, `jobs.history` knows
    }


def _placed(ref: str, job: Job) -> str:
    from titanic_batch.models.loaders.base import registered_schemes
    from titanic_batch.models.reference import FILE_ENDINGS, parse_reference

    reference = parse_reference(ref, registered_schemes())
    return job.absolute(ref) if reference.loader in FILE_ENDINGS.values() else ref


def _workers_of_environment() -> int | None:
    text = os.environ.get(WORKERS_VARIABLE, "")
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{text!r} is not a number of workers", where=WORKERS_VARIABLE)
    return int(text)
