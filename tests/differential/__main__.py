"""Random models, against the model asked directly: `python -m tests.differential --count 100`.

Prints one line of JSON for each file that was scored with `--json`, else the failures and a table.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.differential.trial import Outcome, run_trial


def outcomes(seeds: list[int], root: Path, *, workers: bool) -> Iterator[Outcome]:
    """Run trials in a store of their own."""
    os.environ["BENTOML_DO_NOT_TRACK"] = "true"
    for name, place in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("BENTOML_HOME", "bentoml")):
        os.environ[name] = str(root / place)
    for seed in seeds:
        folder = root / f"{seed}"
        folder.mkdir()
        yield from run_trial(seed, folder, workers=workers)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; one trial without --count")
    parser.add_argument("--count", type=int, help="how many trials")
    parser.add_argument("--workers", action="store_true", help="some runs with two workers")
    parser.add_argument("--json", action="store_true", help="a line for each file scored")
    parser.add_argument("--keep", type=Path, help="an empty folder where the files stay")
    parser.add_argument("--all", action="store_true", help="print refusals and rows told of, too")
    chosen = parser.parse_args()
    # What libraries print, from Python or from C, goes to stderr: lines of JSON stay whole.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(text: str) -> None:
        out.write(f"{text}\n")
        out.flush()

    first = random.SystemRandom().randrange(10**9) if chosen.seed is None else chosen.seed
    count = chosen.count or (100 if chosen.seed is None else 1)
    with tempfile.TemporaryDirectory(prefix="differential-") as folder:
        root = chosen.keep.resolve() if chosen.keep else Path(folder)
        root.mkdir(exist_ok=True)
        found = []
        for outcome in outcomes(list(range(first, first + count)), root, workers=chosen.workers):
            found.append(outcome)
            if chosen.json:
                say(outcome.to_json())
            elif outcome.failed or (chosen.all and outcome.verdict != "right"):
                say(f"{outcome}\n")
    if not chosen.json:
        say(summary(found))
    return 1 if any(outcome.failed for outcome in found) else 0


def summary(found: list[Outcome]) -> str:
    """Return how many files ended how, and the share of rows that were compared."""
    verdicts = Counter(outcome.verdict for outcome in found)
    rows = sum(outcome.rows for outcome in found)
    compared = sum(outcome.compared for outcome in found)
    lines = [", ".join(f"{verdict} {count}" for verdict, count in verdicts.most_common())]
    lines.append(f"rows compared: {compared:,} of {rows:,} ({compared / max(rows, 1):.0%})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
