"""Size a run without reading its inputs: their bytes, their chunks, and the workers for them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from titanic_batch.scoring.inputs import FilePair
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.sources.formats import JSON_LINES, STDIN
from titanic_batch.stores import entry_at

#: A file is cut into so many chunks at the least, for workers to share and to end together ...
_FEWEST_CHUNKS = 16
#: ... but into none smaller than this: each costs some time of its own.
_SMALLEST_CHUNK_BYTES = 1 << 20
_PLAIN = (".csv", ".tsv", ".txt", *JSON_LINES)
#: About how much a compressed or columnar file unfolds to.
_UNFOLDS = 4
#: Inputs smaller than this, all together, are scored in this process.
_SMALL_INPUT_BYTES = 8 << 20
#: So many files are worth workers, however small each is.
_MANY_FILES = 100


def input_bytes(pairs: Sequence[FilePair]) -> int | None:
    """Return the size of all inputs; None where one is standard input."""
    if any(pair.input == STDIN for pair in pairs):
        return None
    return sum(_size(pair.input) for pair in pairs)


def unfolded_bytes(pairs: Sequence[FilePair]) -> float:
    """Return about how many bytes of CSV the inputs are; infinity for standard input."""
    return sum(_unfolded(pair.input) for pair in pairs)


def chunk_bytes(path: str, options: ScoreOptions) -> int:
    """Return how much of an input goes into a chunk, at most `options.chunk_bytes`.

    It depends on the input and the options only: any number of workers writes the same bytes.
    """
    even = max(_unfolded(path) / _FEWEST_CHUNKS, _SMALLEST_CHUNK_BYTES)
    return int(min(options.chunk_bytes, even))


def _unfolded(path: str) -> float:
    if path == STDIN:
        return math.inf
    return _size(path) * (1 if path.lower().endswith(_PLAIN) else _UNFOLDS)


def _size(path: str) -> int:
    found = entry_at(path)
    return found.size if found is not None else 0  # it is missed when it is opened


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
