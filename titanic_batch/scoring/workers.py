"""How many workers a run gets, and whether it gets any."""

from __future__ import annotations

import math
from collections.abc import Sequence

from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.sizes import chunk_bytes, unfolded_bytes

#: Inputs smaller than this, all together, are scored in this process.
_SMALL_INPUT_BYTES = 8 << 20
#: So many files are worth workers, however small each is.
_MANY_FILES = 100


def needs_workers(pairs: Sequence[FilePair], options: ScoreOptions) -> bool:
    """Return whether the inputs are large or many enough for workers, as far as their sizes say."""
    if options.workers == 1:
        return False
    return len(pairs) >= _MANY_FILES or unfolded_bytes(pairs) >= _SMALL_INPUT_BYTES


def worker_count(pairs: Sequence[FilePair], options: ScoreOptions) -> int:
    """Return how many workers a run gets; 1 means none but this process."""
    if not needs_workers(pairs, options):
        return 1
    wanted = options.workers or _usable_cpus()
    if len(pairs) >= wanted:
        return wanted
    chunks = sum(unfolded_bytes([pair]) / chunk_bytes(pair.input, options) for pair in pairs)
    return max(math.ceil(min(wanted, chunks)), len(pairs))


def _usable_cpus() -> int:
    """Return the CPUs that this process may use, a container's quota considered."""
    import joblib  # it imports numpy, which must not delay the forkserver's start

    return int(joblib.cpu_count())
