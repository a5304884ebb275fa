"""Make a story into HTML: the same bytes for the same records, whatever clock, zone and folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from titanic_batch.errors import UsageError
from titanic_batch.jobs.run_records import RunRecord
from titanic_batch.printable import printable
from titanic_batch.report.dates import GOOD, REPEATED, DateRow, State, counted, date_rows
from titanic_batch.report.drift import SCORE, ColumnDrift, column_drift
from titanic_batch.report.reading import Story

#: A page shows the latest dates; those before are counted.
_MOST_DATES = 90
_MOST_PICTURES = 60
_MOST_COLUMNS = 2_000
_MOST_ROWS = 50
_MOST_GUARDS = 20
_LONGEST_TEXT = 1_000
_LONGEST_NAME = 100
_TICKS = 5


def make_page(story: Story) -> str:
    """Return the page of a story, as HTML.

    Raises:
        UsageError: if the extra `report` is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError as exc:
        raise UsageError(
            "a report needs the package jinja2, which is not installed",
            hint="Install it: pip install 'titanic-batch[report]'.",
        ) from exc
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_plain,
    )
    environment.filters |= {
        "count": "{:,}".format,
        "share": _share,
        "moment": _moment,
        "short": lambda text: _shortened(text, _LONGEST_NAME),
    }
    own = files("titanic_batch.report")
    template = environment.from_string((own / "page.html.j2").read_text(encoding="utf-8"))
    style = (own / "page.css").read_text(encoding="utf-8")
    return template.render(style=Markup(style), **_view(story))  # noqa: S704  # ours


def _plain(value: Any) -> Any:
    """Return a value as it may stand on the page: no text that is not ours does what it likes."""
    return printable(_shortened(value, _LONGEST_TEXT)) if type(value) is str else value


def _shortened(text: str, most: int) -> str:
    """Return a text; of one that is longer, the beginning and the end."""
    return text if len(text) <= most else f"{text[: most * 3 // 4]} ... {text[-most // 4 :]}"


def _view(story: Story) -> dict[str, Any]:
    from titanic_batch.report import charts
    from titanic_batch.report.findings import find

    last = story.last
    shown = story.records[-_MOST_DATES:]
    rows = date_rows(shown)
    columns = column_drift(shown)
    score = next((column for column in columns if column.name == SCORE), None)
    others = [column for column in columns if column.name != SCORE]
    missing = [row.date for row in rows if row.record is None]
    found = find(story, columns, missing)
    state = next(row.state for row in reversed(rows) if row.record is last)
    looks = sum(one.state != "info" for one in found)
    return {
        "last": last,
        "title": last.job or last.output.rstrip("/").rpartition("/")[2],
        "state": state,
        "verdict": _verdict(last, state, looks),
        "looks": looks,
        "findings": found,
        "rows": rows,
        "counts": counted(rows),
        "earlier": _earlier(story.records[:-_MOST_DATES]),
        "is_series": len(rows) > 1,
        "date_chart": charts.date_bars(_bars(rows), _dates_summary(rows)),
        "score": score,
        "score_chart": _score_chart(score),
        "share_above": _share_above(score),
        "columns": [(column, _pictures(column)) for column in others[:_MOST_PICTURES]],
        "more_columns": others[_MOST_PICTURES:_MOST_COLUMNS],
        "left_columns": max(len(others) - _MOST_COLUMNS, 0),
        "reasons": _reasons(last, shown),
        "unknown": _unknown(last),
        "guards": _guards(last),
        "models": _models(story.records),
        "libraries": [(name, str(version)) for name, version in last.libraries.items()],
    }


def _verdict(last: RunRecord, state: State, looks: int) -> str:
    words = {"failed": f"Failed ({last.exit_code})", "absent": "No input"}.get(
        last.status, "Published"
    )
    if state is REPEATED:
        words = "Nothing was to do"
    if not looks:
        return words
    return f"{words}; {looks:,} thing{'s need' if looks > 1 else ' needs'} a look"


def _earlier(records: Sequence[RunRecord]) -> str:
    """Return how the dates ended that the page has no room for."""
    if not records:
        return ""
    counts = Counter(record.status for record in records)
    ended = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    return f"{len(records):,} dates before {records[-1].date} and on it are not shown: {ended}."


def _bars(rows: Sequence[DateRow]) -> list[Any]:
    from titanic_batch.report.charts import DateBar

    every = max(1, -(-(len(rows) - 1) // (_TICKS - 1)))
    return [
        DateBar(
            label=_date_label(row),
            tick=row.date[5:] if at % every == 0 else "",
            scored=row.scored,
            rejected=row.rejected,
            symbol="" if row.state is GOOD else row.state.symbol,
            state=row.state.kind,
        )
        for at, row in enumerate(rows)
    ]


def _date_label(row: DateRow) -> str:
    if not row.scored and not row.rejected:
        return f"{row.date}: {row.state.word}"
    return f"{row.date}: {row.scored:,} scored, {row.rejected:,} rejected; {row.state.word}"


def _dates_summary(rows: Sequence[DateRow]) -> str:
    return f"Rows scored and rejected from {rows[0].date} to {rows[-1].date}: {counted(rows)}"


def _score_chart(score: ColumnDrift | None) -> Any:
    from titanic_batch.report.charts import share_bars

    distribution = score.distribution if score is not None else None
    if distribution is None or distribution.edges is None:
        return ""
    total = sum(distribution.counts) or 1
    told = ", ".join(
        f"{label} {count / total:.0%}"
        for label, count in zip(distribution.labels, distribution.counts, strict=True)
    )
    return share_bars(distribution, f"Shares of the rows by score: {told}")


def _share_above(score: ColumnDrift | None) -> tuple[float, float | None] | None:
    """Return the share of scores above one half, and that in training, of a probability."""
    distribution = score.distribution if score is not None else None
    if distribution is None or distribution.edges is None or 0.5 not in distribution.edges:
        return None
    if not all(0 < edge < 1 for edge in distribution.edges):
        return None
    at = distribution.edges.index(0.5) + 1
    total = sum(distribution.counts) or 1
    expected = sum(distribution.expected[at:]) if distribution.expected is not None else None
    return sum(distribution.counts[at:]) / total, expected


def _pictures(column: ColumnDrift) -> tuple[Any, Any]:
    from titanic_batch.report.charts import picture_of_indexes, picture_of_shares

    if column.distribution is None:
        return "", ""
    return picture_of_indexes(column.indexes), picture_of_shares(column.distribution)


def _reasons(last: RunRecord, shown: Sequence[RunRecord]) -> list[tuple[str, int, int]]:
    """Return why rows were rejected: on the last date, and on all that are shown."""
    total: Counter[str] = Counter()
    for record in shown:
        total.update(record.rejects.by_reason)
    now = last.rejects.by_reason
    return [(reason, now.get(reason, 0), count) for reason, count in total.most_common(_MOST_ROWS)]


def _unknown(last: RunRecord) -> list[tuple[str, str, int]]:
    found = [
        (column, value, count)
        for column, values in last.unknown_categories.items()
        for value, count in values.items()
    ]
    return sorted(found, key=lambda one: -one[2])[:_MOST_ROWS]


def _guards(last: RunRecord) -> tuple[int, list[dict[str, Any]]]:
    """Return how many guards have passed, and what became of the others."""
    others = [finding for finding in last.guards if finding["verdict"] != "passed"]
    return len(last.guards) - len(others), others[:_MOST_GUARDS]


def _models(records: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """Return what scored when, the latest first."""
    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    for record in records:
        if record.model is None:
            continue
        is_repeated = record.run_id in seen
        if record.run_id is not None:
            seen.add(record.run_id)
        if not found or found[-1]["sha256"] != record.model.sha256:
            model = {"tag": record.model.tag, "sha256": record.model.sha256, "first": record.date}
            found.append({**model, "dates": 0, "rows": 0})
        found[-1]["last"] = record.date
        found[-1]["dates"] += 1
        if record.rows is not None and not is_repeated:
            found[-1]["rows"] += record.rows.scored
    return found[::-1][:_MOST_ROWS]


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
