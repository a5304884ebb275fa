"""Find what changed in a job since a file was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from titanic_batch.errors import TitanicBatchError
from titanic_batch.jobs.settings import ModelChoice, require_hash
from titanic_batch.publish.manifest import Manifest
from titanic_batch.scoring.skipping import differing_options, input_sha256, is_model_of

if TYPE_CHECKING:
    from titanic_batch.models import VerifiedModel
    from titanic_batch.scoring.options import ScoreOptions

#: A hash is told apart by its beginning; the manifest has the whole of it.
_SHOWN_HASH = 12


class ModelNow:
    """The model that a reference means now; it is opened when it is first asked for."""

    def __init__(self, choice: ModelChoice, options: ScoreOptions) -> None:
        self._choice = choice
        self._options = options
        self._opened: VerifiedModel | TitanicBatchError | None = None

    def open(self) -> VerifiedModel:
        """Return it; raises what opening it raises."""
        if self._opened is None:
            try:
                self._opened = self._open()
            except TitanicBatchError as exc:
                self._opened = exc
        if isinstance(self._opened, TitanicBatchError):
            raise self._opened
        return self._opened

    def _open(self) -> VerifiedModel:
        from titanic_batch.scoring.model import open_chosen_model

        model = open_chosen_model(self._options)
        require_hash(self._choice, model.sha256)
        return model


def differences(
    manifest: Manifest, input: str, options: ScoreOptions, model: ModelNow
) -> list[str]:
    """Return what of a job is another now than when a file was published, in words."""
    found = _other_model(manifest, model)
    if others := differing_options(manifest, options):
        found.append(f"these options have changed: {', '.join(others)}")
    now = input_sha256(input)
    if now is not None and now != manifest.input.sha256:
        found.append(
            f"its input has changed since: SHA-256 {manifest.input.sha256} then, {now} now"
        )
    return found


def _other_model(manifest: Manifest, model: ModelNow) -> list[str]:
    known = manifest.model
    try:
        opened = model.open()
    except TitanicBatchError as exc:
        return [f"{known.tag} scored it, and the job's model cannot be used: {exc.message}"]
    if is_model_of(manifest, opened):
        return []
    if known.sha256 == opened.sha256:
        return [f"{known.tag} scored it, whose training schema has changed since"]
    return [
        f"{known.tag} scored it (SHA-256 {known.sha256[:_SHOWN_HASH]}), and the job's "
        f"model is now {opened.tag} ({opened.sha256[:_SHOWN_HASH]})"
    ]
