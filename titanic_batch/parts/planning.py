"""`parts plan`: cut and hash an input once, and fix by what it is scored."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from titanic_batch import __version__
from titanic_batch.documents import NotADocumentError
from titanic_batch.errors import (
    DataError,
    InputMissingError,
    ModelError,
    UntrustedModelError,
    memory_errors,
)
from titanic_batch.interrupts import stop_if_interrupted
from titanic_batch.models.reference import STORE
from titanic_batch.parts.folder import PartsFolder
from titanic_batch.parts.inputs import WholeInput
from titanic_batch.parts.output import check_output, output_folder, spare_model
from titanic_batch.parts.plan import (
    PartsPlan,
    PlannedFile,
    PlannedInput,
    PlannedModel,
    check_place,
    planned,
    write_plan,
)
from titanic_batch.parts.setting import Setting, open_setting
from titanic_batch.predict.compiled.plan_cache import plan_folder, plan_name, plan_of
from titanic_batch.predict.compiled.plan_file import PlanFileError
from titanic_batch.publish.directory import refuse_foreign_folder
from titanic_batch.scoring.api import make_options
from titanic_batch.scoring.choosing import PredictorChoice, kept_predictor
from titanic_batch.scoring.model import open_chosen_model
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import check_reading
from titanic_batch.scoring.reject_limit import reject_limit
from titanic_batch.scoring.skipping import PART_BYTES
from titanic_batch.sources.spans import changed
from titanic_batch.stores import entry_at, store_of, write_file

if TYPE_CHECKING:
    from titanic_batch.engine.base import Engine
    from titanic_batch.models import VerifiedModel

_PREDICTOR = "predictor.plan"
_FILES = ("pickle", "skops")


def make_plan(
    input: str, output: str, path: Path, options: ScoreOptions, part_bytes: int
) -> PartsPlan:
    """Cut an input into parts, and write the plan of scoring them.

    Raises:
        TitanicBatchError: as scoring the input would, as far as that is known before any row is
            scored.
        UsageError: if a part of the input could not be read on its own.
    """
    stop_if_interrupted()
    reject_limit(options.max_rejects)
    check_reading(options)
    check_place(path)
    folder = output_folder(output)
    whole = WholeInput(os.path.abspath(input), options, part_bytes)  # noqa: PTH100  # it may be a glob
    check_output(folder, whole, options)
    model = open_chosen_model(options)
    spare_model(folder, model)
    with memory_errors(), open_setting(whole, model, options, part_bytes) as (_, found):
        setting, predictor = _portable(found)
        parts_folder = PartsFolder(output=folder, fingerprint=setting.fingerprint)
        parts_folder.check_parent()
        refuse_foreign_folder(str(folder), overwrite=options.overwrite)
        parts = tuple(
            planned(setting.name_of(index, part), part)
            for index, part in enumerate(whole.cut(setting.schema))
        )
    plan = PartsPlan(
        made_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        tool_version=__version__,
        input=PlannedInput(**vars(whole.info()), empty_lines=whole.empty_lines),
        files=tuple(PlannedFile(path=one, bytes=_size(one)) for one in whole.paths),
        output=str(folder),
        overwrite=options.overwrite,
        options=setting.info.options,
        model=PlannedModel(ref=model.ref, opened=_exact(model), sha256=model.sha256),
        plan_sha256=setting.choice.plan.sha256 if setting.choice.plan is not None else None,
        reason=setting.choice.reason,
        libraries=setting.info.libraries,
        fingerprint=setting.fingerprint,
        parts=parts,
    )
    if plan.rows == 0 and not options.allow_empty:
        raise InputMissingError(
            "the input has a header and no data rows",
            where=input,
            hint="If that is right, publish an empty output with --allow-empty.",
        )
    if predictor is not None:
        parts_folder.open()
        write_file(
            parts_folder.path / _PREDICTOR, predictor, "writing the scoring plan", mode=0o600
        )
    write_plan(path, plan)
    return plan


def _portable(setting: Setting) -> tuple[Setting, bytes | None]:
    """Return the setting with a predictor that other machines can have, and the plan's bytes."""
    plan = setting.choice.plan
    if plan is None:
        return setting, None
    data = setting.choice.made
    if not data:
        path = plan_folder() / plan_name(setting.model.sha256, setting.model.schema)
        with contextlib.suppress(OSError, NotADocumentError):
            data = store_of(path).read(path) or b""
    if hashlib.sha256(data).hexdigest() == plan.sha256:
        return setting, data
    choice = PredictorChoice(plan=None, reason="its plan is gone")
    return replace(setting, choice=choice, info=replace(setting.info, predictor=choice)), None


def _exact(model: VerifiedModel) -> str:
    """Return the reference that means this very model from now on."""
    if model.loader == STORE:
        return model.tag
    return os.path.abspath(model.ref) if model.loader in _FILES else model.ref  # noqa: PTH100


def _size(path: str) -> int:
    found = entry_at(path)
    return found.size if found is not None else 0


@dataclass(frozen=True, kw_only=True)
class Reopened:
    """A plan that is being carried out.

    Attributes:
        setting: What its parts share; it is what it was when the plan was made.
        input: The files that are read of it.
        folder: Where finished parts lie.
        engine: What scores.
    """

    setting: Setting
    input: WholeInput
    folder: PartsFolder
    engine: Engine


@contextmanager
def reopened(
    plan: PartsPlan, *, path: str | None = None, workers: int | None = None
) -> Iterator[Reopened]:
    """Open what a plan names, and see that it is what it was.

    Args:
        plan: The plan.
        path: The one file of the input that is read; None for the first.
        workers: How many score.

    Raises:
        DataError: if the input or the model is another by now.
        ModelError: if it cannot be used, or the libraries are others.
        InputMissingError: if the input is gone.
    """
    told = {name: value for name, value in plan.options.items() if name != PART_BYTES}
    options = make_options(**told, workers=workers)
    part_bytes = plan.options[PART_BYTES]
    file = next(file for file in plan.files if path in (None, file.path))
    whole = WholeInput(plan.input.path, options, part_bytes, [file.path])
    if _size(file.path) != file.bytes:
        raise _at(changed(), file.path)
    model = _model_of(plan, options)
    folder = PartsFolder(output=Path(plan.output), fingerprint=plan.fingerprint)
    choice = _predictor_of(plan, model, folder)
    with memory_errors(), open_setting(whole, model, options, part_bytes, kept=choice) as opened:
        engine, setting = opened
        _require_libraries(plan, setting)
        if setting.fingerprint != plan.fingerprint:
            raise DataError(
                "the model's training schema has changed since the plan was made",
                where=plan.model.ref,
                hint="Make the plan again.",
            )
        yield Reopened(setting=setting, input=whole, folder=folder, engine=engine)


def _at(error: DataError, where: str) -> DataError:
    error.where = where
    return error


def _model_of(plan: PartsPlan, options: ScoreOptions) -> VerifiedModel:
    """Open the model of a plan, which vouches for its hash and no other."""
    known = plan.model
    other = DataError(
        "the model has changed since the plan was made",
        where=known.ref,
        hint="Make the plan again, or put the model back.",
    )
    try:
        model = open_chosen_model(replace(options, model=known.opened, trust=(known.sha256,)))
    except UntrustedModelError as exc:
        raise other from exc
    if model.sha256 != known.sha256:
        raise other
    return replace(model, ref=known.ref)


def _predictor_of(plan: PartsPlan, model: VerifiedModel, folder: PartsFolder) -> PredictorChoice:
    """Return what predicts by a plan: what predicted when it was made, to the bit."""
    if plan.plan_sha256 is None:
        return PredictorChoice(plan=None, reason=plan.reason)
    kept = kept_predictor(model.sha256, model.schema)
    if kept.plan is not None and kept.plan.sha256 == plan.plan_sha256:
        return kept
    try:
        data = store_of(folder.path).read(folder.path / _PREDICTOR) or b""
        if hashlib.sha256(data).hexdigest() == plan.plan_sha256:
            found = plan_of(data, plan_name(model.sha256, model.schema))
            return PredictorChoice(plan=found, reason="")
    except (OSError, NotADocumentError, PlanFileError):
        pass
    raise ModelError(
        "the scoring plan that the parts are scored by is not there any more",
        where=str(folder.path / _PREDICTOR),
        hint="Make the plan again.",
    )


def _require_libraries(plan: PartsPlan, setting: Setting) -> None:
    then = {"titanic-batch": plan.tool_version, **plan.libraries}
    now = {"titanic-batch": __version__, **setting.info.libraries}
    differing = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    if differing:
        said = ", ".join(
            f"{name} is {now.get(name) or 'missing'} here and was {then.get(name) or 'missing'}"
            for name in differing
        )
        raise ModelError(
            f"the libraries are others than where the plan was made: {said}",
            hint="Install the same ones, or make the plan again here.",
        )
