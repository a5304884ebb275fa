"""Run records made up for pages: any number of dates and columns, with any names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from titanic_batch.jobs.run_history import Damaged
from titanic_batch.jobs.run_records import ErrorInfo, RunRecord, ScoredBy
from titanic_batch.publish.manifest import RejectInfo, RowCounts, ToolInfo

FIRST = date(2026, 9, 1)
SHARES = [0.1] * 10
DRIFTED = [0.02] * 5 + [0.18] * 5
#: What a page must not let through: markup, ends of elements, quotes, marks of direction.
HOSTILE = (
    "<script>alert(1)</script>",
    "</style></svg></title>",
    "\"'><img src=x onerror=alert(1)>",
    "a\u202egnp.exe\u2066\u200f",
    "{{ 7 * 7 }}{% raw %}",
    "&amp;\x00\x1b[31m\n\ud800",
    "n" * 300,
)


def column(shares: list[float] = SHARES, rows: int = 400) -> dict[str, Any]:
    """Return a profile's column of ten ranges and no nulls."""
    counts = [round(share * rows) for share in shares]
    return {
        "bins": {"edges": [float(edge) for edge in range(1, 10)]},
        "counts": [*counts, 0],
        "training": [*SHARES, 0.0],
    }


def scores(rows: int = 400) -> dict[str, Any]:
    return {**column(rows=rows), "bins": {"edges": [edge / 10 for edge in range(1, 10)]}}


def published(day: date = FIRST, **changes: Any) -> RunRecord:
    """Return the record of a date on which all went well."""
    record = RunRecord(
        tool=ToolInfo(name="titanic-batch", version="0.1.0"),
        job="nightly",
        job_file="/srv/jobs/nightly.toml",
        date=str(day),
        status="published",
        exit_code=0,
        started_at=f"{day}T02:00:00.000Z",
        finished_at=f"{day}T02:00:01.500Z",
        seconds=1.5,
        run_id=f"{day:%Y%m%d}".rjust(32, "0"),
        input=f"/srv/in/{day}.csv",
        input_sha256="1" * 64,
        output=f"/srv/scored/{day}.parquet",
        output_sha256="2" * 64,
        files=1,
        rows=RowCounts(read=400, scored=400, rejected=0),
        model=ScoredBy(ref="titanic_model:latest", tag="titanic_model:abc", sha256="3" * 64),
        nulls={"Age": 20},
        profile={"Age": column(), "Fare": column(), "": scores()},
        libraries={"python": "3.11.7"},
    )
    return replace(record, **changes)


def failed(day: date = FIRST, **changes: Any) -> RunRecord:
    nothing: dict[str, Any] = {
        "run_id": None,
        "model": None,
        "rows": None,
        "profile": {},
        "nulls": {},
    }
    error = ErrorInfo(
        what="60 of 411 rows read were rejected, allowed are 1%:\n  row 1",
        where=f"/srv/in/{day}.csv",
        cure="See the rejects.",
    )
    given = {**nothing, "status": "failed", "exit_code": 65, "error": error, **changes}
    return published(day, **given)


def absent(day: date = FIRST) -> RunRecord:
    return failed(day, status="absent", exit_code=0, error=None)


def days(count: int) -> list[date]:
    return [FIRST + timedelta(days=number) for number in range(count)]


def month() -> list[RunRecord]:
    """Return thirty dates: two failed, one without input, and a column that drifts at the end."""
    records = []
    for number, day in enumerate(days(30)):
        if number in (8, 21):
            records.append(failed(day))
        elif number == 12:
            records.append(absent(day))
        else:
            shares = DRIFTED if number > 24 else SHARES
            profile = {"Age": column(), "Fare": column(shares), "": scores()}
            rejected = 3 if number in (5, 29) else 0
            records.append(
                published(
                    day,
                    profile=profile,
                    rows=RowCounts(
                        read=400 + number, scored=400 + number - rejected, rejected=rejected
                    ),
                    rejects=RejectInfo(
                        path=f"/srv/scored/{day}.parquet.rejects.csv" if rejected else None,
                        by_reason={"unknown-category": rejected} if rejected else {},
                    ),
                )
            )
    return records


def hostile(dates: int, columns: int) -> list[RunRecord]:
    """Return records in which every text is somebody else's."""
    bad = " ".join(HOSTILE)
    names = [f"{HOSTILE[number % len(HOSTILE)]}{number}" for number in range(columns)]
    profile = {
        **{
            name: column(DRIFTED if number % 3 == 0 else SHARES)
            for number, name in enumerate(names)
        },
        "values": {
            "bins": {"values": list(HOSTILE)},
            "counts": [50] * len(HOSTILE) + [1, 0],
            "training": [1 / len(HOSTILE)] * len(HOSTILE) + [0.0, 0.0],
        },
        "": {"bins": {"values": list(HOSTILE)}, "counts": [50] * len(HOSTILE) + [1, 0]},
    }
    told = {
        "job": bad,
        "job_file": f"/srv/{bad}.toml".replace("\x00", ""),
        "input": f"/srv/{bad}.csv",
        "output": f"/srv/{bad}.parquet",
        "model": ScoredBy(ref=bad, tag=bad, sha256=bad),
        "warnings": tuple(f"{text} {number}" for number in range(40) for text in HOSTILE),
        "rejects": RejectInfo(path=bad, by_reason=dict.fromkeys(HOSTILE, 3)),
        "rows": RowCounts(read=400, scored=379, rejected=21),
        "unknown_categories": {name: dict.fromkeys(HOSTILE, 2) for name in names[:50]},
        "nulls": dict.fromkeys(names, 100),
        "guards": tuple(
            {"guard": bad, "column": name, "verdict": "warning", "value": 1.0, "said": bad}
            for name in names
        ),
        "libraries": {bad: bad},
    }
    error = ErrorInfo(what=bad, where=bad, cure=bad)
    return [
        failed(
            day, **{key: told[key] for key in ("job", "job_file", "input", "output")}, error=error
        )
        if number % 10 == 3
        else published(day, **{**told, "profile": profile if dates - number < 100 else {}})
        for number, day in enumerate(days(dates))
    ]


def damaged() -> tuple[Damaged, ...]:
    return tuple(Damaged(path=text, reason=text) for text in HOSTILE)


def write_records(folder: Path, records: Iterable[RunRecord]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        (folder / f"{record.date}.json").write_text(json.dumps(record.to_json()), encoding="utf-8")
    return folder
