"""Find outputs that were already published from the same input, model and options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from titanic_batch.models import VerifiedModel
from titanic_batch.publish.manifest import Manifest, manifest_from_json
from titanic_batch.publish.ownership import published
from titanic_batch.publish.staging import hash_file
from titanic_batch.schema import schema_sha256
from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.sources.formats import STDIN


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
    document = published(pair.output)
    if document is None or not _same_options(document, options):
        return None
    known = document.get("model") or {}
    if known.get("sha256") != model.sha256:
        return None
    if model.schema is not None and known.get("schema_sha256") != schema_sha256(model.schema):
        return None
    if not _same_input(document.get("input") or {}, Path(pair.input)):
        return None
    return manifest_from_json(document)


def _same_options(document: dict[str, Any], options: ScoreOptions) -> bool:
    # As JSON, for a manifest holds lists where the options hold tuples. The reference is how the
    # model was found; the model itself is compared by its hash.
    now = json.loads(json.dumps(options.published()))
    # An option that came later had its default then.
    then = json.loads(json.dumps(ScoreOptions().published())) | (document.get("options") or {})
    return {**now, "model": ""} == {**then, "model": ""}


def _same_input(known: dict[str, Any], path: Path) -> bool:
    try:
        with path.open("rb") as file:
            same_size = path.stat().st_size == known.get("bytes")
            return same_size and hash_file(file) == known.get("sha256")
    except OSError:
        return False  # it is missed when it is opened, with a better message
