"""How many workers a run gets, and whether it gets any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.sources.formats import STDIN

#: Inputs smaller than this, all together, are scored in this process.
_SMALL_INPUT_BYTES = 8 << 20
#: So many files are worth workers, however small each is.
_MANY_FILES = 100
#: About how much a compressed or columnar file unfolds to.
_UNFOLDS = 4


def needs_workers(pairs: Sequence[FilePair], options: ScoreOptions) -> bool:
    """Tell whether the inputs are large or many enough for workers, as far as their sizes say."""
    if options.workers == 1:
        return False
    size = _unfolded_bytes(pairs)
    return size is None or size >= _SMALL_INPUT_BYTES or len(pairs) >= _MANY_FILES


def worker_count(pairs: Sequence[FilePair], options: ScoreOptions) -> int:
    """Return how many workers a run gets; 1 means none but this process."""
    if not needs_workers(pairs, options):
        return 1
    wanted = options.workers or _usable_cpus()
    size = _unfolded_bytes(pairs)
    chunks = wanted if size is None else max(-(-size // options.chunk_bytes), len(pairs))
    return max(min(wanted, chunks), 1)


def input_bytes(pairs: Sequence[FilePair]) -> int | None:
    """Return the size of all inputs; None where one is standard input."""
    if any(pair.input == STDIN for pair in pairs):
        return None
    return sum(_size(pair.input) for pair in pairs)


def _usable_cpus() -> int:
    """Return the CPUs that this process may use, a container's quota considered."""
    import joblib  # it imports numpy, which must not delay the forkserver's start

    return int(joblib.cpu_count())


def _unfolded_bytes(pairs: Sequence[FilePair]) -> int | None:
    if input_bytes(pairs) is None:
        return None
    plain = (".csv", ".tsv")
    return sum(
        _size(pair.input) * (1 if pair.input.lower().endswith(plain) else _UNFOLDS)
        for pair in pairs
    )


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0  # it is missed when it is opened, with a better message
