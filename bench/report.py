"""Results as tables for people and as one JSON document for programs."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

from bench.cases import short_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.machine import Machine
    from bench.measure import Memory
    from bench.run import Result

JSON_VERSION = 1
MB = 1_000_000


def machine_lines(machine: Machine) -> list[str]:
    libraries = ", ".join(f"{name} {number}" for name, number in machine.libraries.items())
    memory = f"{machine.memory_bytes / 1e9:.0f} GB"
    return [
        f"{machine.cpus} CPUs ({machine.cpu}), {memory}, {machine.system}",
        f"Python {machine.python}, {libraries}",
    ]


def times_table(results: Iterable[Result]) -> Table:
    """Return one row per case and tool; wall and CPU are medians."""
    table = Table(
        title="Whole processes, start-up included",
        caption="Medians; ratio: wall time over that of the case's first tool",
    )
    for name in ("Case", "Tool"):
        table.add_column(name, no_wrap=True)
    for name in ("Runs", "Wall s", "min - max", "CPU s", "Peak MB", "Rows/s", "Ratio"):
        table.add_column(name, justify="right", no_wrap=True)
    for case, group in groupby(results, key=lambda result: result.case):
        same_case = list(group)
        for result in same_case:
            walls = [time.wall_s for time in result.times]
            table.add_row(
                case.name,
                result.contender.name,
                f"{len(walls)}",
                f"{result.wall_s:.2f}",
                f"{min(walls):.2f} - {max(walls):.2f}",
                f"{result.cpu_s:.2f}",
                _megabytes(result.memory),
                f"{case.rows / result.wall_s:,.0f}",
                f"{result.wall_s / same_case[0].wall_s:.2f}",
            )
        table.add_section()
    return table


def memory_table(results: Sequence[Result]) -> Table | None:
    """Return how peak memory grows with the rows; None if there is only one number of rows."""
    series: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        series.setdefault((result.case.model, result.contender.name), []).append(result)
    counts = sorted({result.case.rows for result in results})
    if len(counts) < 2:
        return None
    table = Table(
        title="Peak memory of all processes, in MB",
        caption="Shared pages counted once; growth: most rows over fewest",
    )
    for name in ("Model", "Tool"):
        table.add_column(name, no_wrap=True)
    for name in (*map(short_count, counts), "Growth"):
        table.add_column(name, justify="right", no_wrap=True)
    for (model, tool), found in series.items():
        memory = {result.case.rows: result.memory for result in found}
        least, most = memory.get(counts[0]), memory.get(counts[-1])
        growth = f"{most.peak_bytes / least.peak_bytes - 1:+.1%}" if least and most else "-"
        table.add_row(model, tool, *(_megabytes(memory.get(count)) for count in counts), growth)
    return table


def as_json(results: Iterable[Result], machine: Machine) -> dict[str, object]:
    """Return everything that was measured, each run's numbers too."""
    return {
        "bench_version": JSON_VERSION,
        "machine": asdict(machine),
        "results": [
            {
                "case": result.case.name,
                "model": result.case.model,
                "rows": result.case.rows,
                "tool": result.contender.name,
                "wall_s": result.wall_s,
                "cpu_s": result.cpu_s,
                "times": [asdict(time) for time in result.times],
                "memory": asdict(result.memory) if result.memory else None,
            }
            for result in results
        ],
    }


def _megabytes(memory: Memory | None) -> str:
    return f"{memory.peak_bytes / MB:,.0f}" if memory else "-"
