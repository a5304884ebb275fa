"""What a run that was killed can be resumed from, and when it can't."""

from __future__ import annotations

import hashlib
import json
import os

from titanic_batch import __version__
from titanic_batch.scoring.report import RunFacts, library_versions


def run_fingerprint(facts: RunFacts) -> str:
    """Return what stands for the model, its schema, the options and the versions of a run."""
    model = {name: facts.model[name] for name in ("sha256", "schema_sha256")}
    return _digest([__version__, library_versions(), model, facts.options])


def file_fingerprint(run: str, input: str) -> str:
    """Return what stands for one input of a run, as far as can be known before it is read.

    Args:
        run: Of the run.
        input: The input; its content is looked at chunk by chunk later on.

    Returns:
        32 hex digits.
    """
    try:
        found = os.stat(input)  # noqa: PTH116  # "-" is standard input
        seen = [os.path.abspath(input), found.st_size, found.st_mtime_ns]  # noqa: PTH100
    except OSError:
        seen = [input]
    return _digest([run, seen])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
