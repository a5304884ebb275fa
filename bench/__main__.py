"""Time titanic-batch and a hand-written script on the same files, and print the tables.

python -m bench                              1 M and 3 M rows, logistic regression and boosting
python -m bench --quick                      does it work at all?
python -m bench --only boosting-3M --repeat 5 --work DIR --json bench.json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from bench.cases import OutputsDisagreeError, all_cases
from bench.machine import this_machine
from bench.measure import CommandFailedError
from bench.report import as_json, machine_lines, memory_table, times_table
from bench.run import Result, run_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.cases import Case

TABLE_WIDTH = 110


def main(argv: Sequence[str] | None = None) -> int:
    args = _parse(argv)
    rows = [100_000] if args.quick else args.rows
    repeat = 1 if args.quick else args.repeat
    cases = _chosen(all_cases(rows), args.only)
    progress = Console(stderr=True)
    results: list[Result] = []
    with _work_folder(args.work) as work:
        try:
            for case in cases:
                results += run_case(case, work, repeat=repeat, say=progress.print)
        except (CommandFailedError, OutputsDisagreeError) as error:
            progress.print(f"bench: {error}", markup=False, soft_wrap=True)
            return 1
    machine = this_machine()
    # A pipe has no width of its own; 80 columns would cut the table.
    out = Console() if sys.stdout.isatty() else Console(width=TABLE_WIDTH)
    for line in machine_lines(machine):
        out.print(line, highlight=False, soft_wrap=True)
    out.print(times_table(results))
    memory = memory_table(results)
    if memory:
        out.print(memory)
    if args.json:
        args.json.write_text(json.dumps(as_json(results, machine), indent=2) + "\n")
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Time titanic-batch and a hand-written script on the same files.",
    )
    parser.add_argument(
        "--rows",
        type=_row_counts,
        default="1000000,3000000",
        metavar="N,N",
        help="lengths of the inputs (default: %(default)s)",
    )
    parser.add_argument(
        "--repeat",
        type=_positive,
        default=3,
        metavar="N",
        help="timed runs of each tool (default: %(default)s)",
    )
    parser.add_argument("--only", metavar="NAME", help="only cases with NAME in their name")
    parser.add_argument("--quick", action="store_true", help="100,000 rows, once")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement there")
    parser.add_argument(
        "--work",
        type=Path,
        metavar="DIR",
        help="keep the inputs here (default: a temporary folder)",
    )
    return parser.parse_args(argv)


def _row_counts(text: str) -> list[int]:
    return [_positive(part) for part in text.split(",")]


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _chosen(cases: list[Case], only: str | None) -> list[Case]:
    chosen = [case for case in cases if not only or only in case.name]
    if not chosen:
        names = ", ".join(case.name for case in cases)
        sys.exit(f"bench: no case is called {only}; there are: {names}")
    return chosen


def _work_folder(kept: Path | None) -> contextlib.AbstractContextManager[Path]:
    if kept is None:
        return _temporary_folder()
    kept.mkdir(parents=True, exist_ok=True)
    return contextlib.nullcontext(kept)


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="titanic-batch-bench-") as name:
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main())
