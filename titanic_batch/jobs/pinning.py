"""A job that names its model's SHA-256 is scored by that model and no other."""

from __future__ import annotations

from titanic_batch.errors import UntrustedModelError
from titanic_batch.jobs.settings import ModelChoice


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
