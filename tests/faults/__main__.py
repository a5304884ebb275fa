"""The fault suite: `python -m tests.faults [--short] [PROMISE...]` prints a table."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.lab import Lab
from tests.faults.promises import PROMISES, Promise


@dataclass
class Result:
    """How the cases of a promise went."""

    promise: Promise
    cases: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run(promise: Promise, lab: Lab, *, full: bool) -> Result:
    result = Result(promise)
    start = time.monotonic()
    try:
        for case in promise.cases(lab, full=full):
            result.cases += 1
            try:
                case.check()
            except Exception as error:  # noqa: BLE001  # a failure is a line of the table
                result.failures.append(f"{case.name}: {type(error).__name__}: {error}")
    except Exception as error:  # noqa: BLE001  # so is a promise whose cases can't be made
        result.failures.append(f"making the cases: {type(error).__name__}: {error}")
    result.seconds = time.monotonic() - start
    sys.stderr.write(
        f"{promise.name}: {result.cases} cases, {len(result.failures)} failures, "
        f"{result.seconds:.0f} s\n"
    )
    return result


def main() -> int:
    wanted = set(sys.argv[1:])
    full = "--short" not in wanted
    wanted.discard("--short")
    chosen = [promise for promise in PROMISES if not wanted or promise.name in wanted]
    if wanted - {promise.name for promise in chosen}:
        sys.stderr.write(f"promises are: {', '.join(promise.name for promise in PROMISES)}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        lab = Lab(Path(folder))
        try:
            with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as pool:
                results = list(pool.map(lambda promise: run(promise, lab, full=full), chosen))
        finally:
            lab.close()
    width = max(len(result.promise.text) for result in results)
    lines = [f"{'promise':<{width}}  {'cases':>6}  {'failures':>8}"]
    lines += [
        f"{result.promise.text:<{width}}  {result.cases:>6}  {len(result.failures):>8}"
        for result in results
    ]
    cases = sum(result.cases for result in results)
    failures = sum(len(result.failures) for result in results)
    lines.append(f"{'all':<{width}}  {cases:>6}  {failures:>8}")
    sys.stdout.write("\n".join(lines) + "\n")
    for result in results:
        for failure in result.failures:
            sys.stdout.write(f"\nFAILED {result.promise.name}: {failure}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
