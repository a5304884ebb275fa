"""Open the model that options name, through the gate, as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from titanic_batch.models import open_model

if TYPE_CHECKING:
    from titanic_batch.models import VerifiedModel
    from titanic_batch.scoring.options import ScoreOptions


def open_chosen_model(options: ScoreOptions) -> VerifiedModel:
    """Find, hash and trust the model of a run; nothing of it is unpickled.

    Raises:
        ModelError, UntrustedModelError: as `titanic_batch.models.open_model` says.
    """
    return open_model(
        options.model,
        trust=options.trust,
        allow_version_mismatch=options.allow_version_mismatch,
        ignore_custom_objects=options.ignore_custom_objects,
    )
