"""The folder that parts are published in."""

from __future__ import annotations

import os
from pathlib import Path

from titanic_batch.errors import UsageError
from titanic_batch.models import VerifiedModel
from titanic_batch.parts.inputs import WholeInput
from titanic_batch.publish.directory import published_in
from titanic_batch.publish.manifest import Manifest
from titanic_batch.scoring.inputs import STDOUT, refuse_types
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.skipping import PART_BYTES, differing_options, is_model_of
from titanic_batch.sources.formats import input_format
from titanic_batch.stores import is_folder, store_of

#: The longest name beside the folder: its rejects, staged.
_LONGEST = ".failed.rejects.csv"


def output_folder(output: str) -> Path:
    """Return the folder that an OUTPUT names; where it is a symlink, what that leads to.

    Raises:
        UsageError: if it names no folder, or its name is too long.
    """
    if output == STDOUT:
        raise UsageError(
            "parts are published in a folder, not on standard output",
            hint="Name a folder, which ends in /.",
        )
    is_named_so = output.endswith(os.sep) or is_folder(output)
    if not is_named_so and input_format(output) is not None:
        raise UsageError(
            "parts are published in a folder, and this is the name of a file",
            where=output,
            hint=f"Name a folder, which ends in /: {output}/",
        )
    folder = Path(store_of(output).resolve(output))
    store_of(folder).check_name(folder, _LONGEST)
    return folder


def check_output(folder: Path, whole: WholeInput, options: ScoreOptions) -> None:
    """Refuse an output that would take the place of its input, or has two places for rejects.

    Raises:
        UsageError: if it does.
    """
    if options.rejects is not None:
        raise UsageError(
            "--rejects has no meaning with parts: rejected rows are in _rejects.csv in the output",
            hint="Leave it out.",
        )
    refuse_types(options.output_format, options)
    for path in whole.paths:
        if _is_in(path, folder):
            raise UsageError(
                "the output folder holds the input", where=path, hint="Name another output folder."
            )


def spare_model(folder: Path, model: VerifiedModel) -> None:
    """Refuse to write over the model; raises UsageError."""
    if _is_in(str(model.path), folder):
        raise UsageError("the model itself would be written over", where=str(model.path))


def already_published(
    folder: Path, whole: WholeInput, model: VerifiedModel, options: ScoreOptions, part_bytes: int
) -> Manifest | None:
    """Return the manifest of parts that scoring again would only repeat; they are all intact."""
    manifest = published_in(str(folder))
    if manifest is None or manifest.options.get(PART_BYTES) != part_bytes:
        return None
    if set(differing_options(manifest, options)) - {PART_BYTES}:
        return None
    return manifest if is_model_of(manifest, model) and whole.is_of(manifest) else None


def _is_in(path: str, folder: Path) -> bool:
    return Path(store_of(path).resolve(path)).is_relative_to(folder)
