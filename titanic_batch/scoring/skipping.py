"""Find outputs that were already published from the same input, model and options."""

from __future__ import annotations

import json
from typing import Any

from titanic_batch.models import VerifiedModel
from titanic_batch.publish.manifest import Manifest
from titanic_batch.publish.ownership import published
from titanic_batch.schema import schema_sha256
from titanic_batch.scoring.finding import InputFile
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.sources.formats import STDIN
from titanic_batch.stores import store_of
from titanic_batch.stores.base import hash_file

#: The manifest's option that only outputs in parts have.
PART_BYTES = "part_bytes"


def already_published(
    pair: FilePair, model: VerifiedModel, options: ScoreOptions
) -> Manifest | None:
    """Return the manifest of an output that scoring again would only repeat.

    The output must still be what its manifest says, and the input's and the model's bytes, the
    schema that came with the model, and the options that determine the output must be the same.
    Standard input can't be compared without reading it away.
    """
    if pair.input == STDIN or pair.output is None:
        return None
    manifest = published(pair.output)
    if manifest is None or differing_options(manifest, options):
        return None
    if not is_model_of(manifest, model) or not is_input_of(manifest, pair.file):
        return None
    return manifest


def is_model_of(manifest: Manifest, model: VerifiedModel) -> bool:
    """Return whether a model, and the schema that came with it, is what scored an output."""
    known = manifest.model
    if known.sha256 != model.sha256:
        return False
    return model.schema is None or known.schema_sha256 == schema_sha256(model.schema)


def differing_options(manifest: Manifest, options: ScoreOptions) -> list[str]:
    """Return the options that determine an output and are others now, by name.

    The reference is how the model was found; the model itself is compared by its hash. What an
    older version did not know was as it is by default.
    """
    then = {**_plain(ScoreOptions().published()), **manifest.options}
    now = _plain(options.published())
    return sorted(
        key for key in now.keys() | then.keys() if key != "model" and now.get(key) != then.get(key)
    )


def input_sha256(path: str) -> str | None:
    """Return the SHA-256 of an input; None where it cannot be read, or only once, as a pipe."""
    try:
        found = store_of(path).stat(path)
        if found is None or found.kind != "file":
            return None
        with store_of(path).open(path).file as file:
            return hash_file(file)
    except OSError:
        return None  # it is missed when it is opened, with a better message


def is_input_of(manifest: Manifest, file: InputFile) -> bool:
    """Return whether a file is what an output was scored from: its bytes, and its partition."""
    known, path = manifest.input, file.path
    if manifest.partition != dict(file.partition):
        return False
    try:
        found = store_of(path).stat(path)
        if found is None or found.size != known.bytes:
            return False
    except OSError:
        return False
    return input_sha256(path) == known.sha256


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as a manifest holds them, which has lists where they have tuples."""
    plain: dict[str, Any] = json.loads(json.dumps(options))
    return plain
