"""What a run that was killed can be resumed from, and when it can't."""

from __future__ import annotations

import hashlib
import json

from titanic_batch.scoring.report import RunInfo


def run_fingerprint(facts: RunInfo) -> str:
    """Return what stands for the model, its schema and the options of a run, in 32 hex digits.

    What else its predictions depend on, the rows and the code, is told where they are kept
    (`predict/cache.py`): this is the parent of workers, in which none of it need be loaded.
    """
    model = {name: facts.model[name] for name in ("sha256", "schema_sha256")}
    document = json.dumps([model, facts.options], sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()[:32]
