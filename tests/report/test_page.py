"""The page: what it says at a glance, and what no name, count or clock can do to it."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.report import records as made
from tests.report.html_page import Page
from titanic_batch.jobs.run_history import Damaged
from titanic_batch.jobs.run_records import RunRecord
from titanic_batch.publish.manifest import RowCounts
from titanic_batch.report.page import make_page
from titanic_batch.report.reading import Story, read_story

STYLE = Path("titanic_batch/report/page.css")


def page_of(*records: RunRecord, damaged: tuple[Damaged, ...] = ()) -> Page:
    return Page(make_page(Story(records=records, damaged=damaged)))


class TestAtAGlance:
    def test_a_month_with_its_faults(self) -> None:
        text = page_of(*made.month()).text
        order = [
            "nightly 2026-09-30",
            "▲ Published; 3 things need a look",
            "30 dates: 27 published, 2 failed, 1 without an input",
            "397 rows scored",
            "426 rows scored",
        ]
        assert [said for said in order if said in text] == [*order[:3], order[4]]
        looks = text[text.index("What needs a look") : text.index("Rows by date")]
        assert "✕ Failed (65) for 2026-09-09, 2026-09-22" in looks
        assert "/srv/in/2026-09-22.csv: 60 of 411 rows read were rejected, allowed are 1%." in looks
        assert "titanic-batch run /srv/jobs/nightly.toml --date 2026-09-09" in looks
        assert "Fare has drifted from training" in looks
        assert "a large drift by custom, above 0.1 since 2026-09-26" in looks
        assert "3 of 429 rows were rejected unknown-category 3." in looks
        columns = text[text.index("Columns, the most drifted first") :]
        assert columns.index("Fare") < columns.index("Age")
        assert "4.7%" in columns

    def test_a_good_date_needs_no_look(self) -> None:
        text = page_of(made.published()).text
        assert "✓ Published" in text
        assert "What needs a look ✓ Nothing." in text
        assert "Rows by date" not in text

    def test_a_failed_or_absent_last_date_is_the_verdict(self) -> None:
        good = made.published(date(2026, 9, 1))
        text = page_of(good, made.failed(date(2026, 9, 2))).text
        assert "✕ Failed (65); 1 thing needs a look" in text
        assert "Scores on 2026-09-01" in text  # what is known last stays in sight
        assert "\N{EN DASH} No input" in page_of(good, made.absent(date(2026, 9, 2))).text

    def test_a_date_of_which_some_files_failed_says_how_many(self) -> None:
        rows = RowCounts(read=9, scored=6, rejected=3)
        text = page_of(made.failed(files=3, files_failed=1, rows=rows)).text
        assert "✕ Failed (65) for 2026-09-01, 1 of 3 files" in text
        assert "9 rows were looked at; 2 of 3 files are published" in text
        whole = page_of(made.failed(files=1, files_failed=1, rows=rows)).text
        assert "9 rows were looked at; none of them is published" in whole

    def test_dates_on_which_nobody_ran_it_are_seen(self) -> None:
        records = [made.published(day) for day in made.days(21)]
        del records[9:11]
        text = page_of(*records).text
        assert "✕ Not run for 2026-09-10 to 2026-09-11" in text
        assert "run /srv/jobs/nightly.toml --backfill 2026-09-10..2026-09-11" in text
        workdays = [made.published(day) for day in made.days(28) if day.weekday() < 5]
        assert "Not run" not in page_of(*workdays).text

    def test_a_date_that_only_repeats_another_counts_once(self) -> None:
        monday = made.published(date(2026, 9, 7))
        tuesday = replace(monday, date="2026-09-08", status="skipped")
        text = page_of(monday, tuesday).text
        assert "2 dates: 1 published, 1 with nothing to do" in text

    def test_another_model_is_told(self) -> None:
        records = [made.published(day) for day in made.days(4)]
        assert records[0].model is not None
        new = replace(records[0].model, tag="titanic_model:new", sha256="4" * 64)
        records[2:] = [replace(record, model=new) for record in records[2:]]
        assert "● Another model scores since 2026-09-03" in page_of(*records).text

    def test_many_more_nulls_than_in_training_need_a_look(self) -> None:
        record = made.published(nulls={"Age": 200})
        text = page_of(record).text
        assert "Age is null in 50.0% of the rows In training it was in 0.0%." in text

    def test_without_training_the_first_date_is_the_measure(self) -> None:
        def column(shares: list[float]) -> dict[str, Any]:
            return {**made.column(shares), "training": None}

        first = made.published(profile={"Fare": column(made.SHARES)})
        last = made.published(date(2026, 9, 2), profile={"Fare": column(made.DRIFTED)})
        assert "Fare has drifted from 2026-09-01" in page_of(first, last).text
        assert "not known" in page_of(first).text

    def test_few_rows_show_no_drift(self) -> None:
        few = {"Fare": made.column(made.DRIFTED, rows=50)}
        text = page_of(made.published(profile=few, rows=RowCounts(read=50, scored=50, rejected=0)))
        assert "drifted from" not in text.text


class TestForm:
    def test_loads_and_runs_nothing(self) -> None:
        month = make_page(Story(records=tuple(made.month())))
        Page(month)
        assert "<script" not in month
        assert not re.search(r"url\(|@import|https?:", month)

    def test_is_small(self) -> None:
        shares = {f"column_{number}": made.column() for number in range(11)}
        profile = {**shares, "": made.scores()}
        story = Story(records=tuple(made.published(day, profile=profile) for day in made.days(90)))
        assert len(make_page(story).encode()) < 100_000

    def test_is_for_screen_readers_and_keyboards(self) -> None:
        month = make_page(Story(records=tuple(made.month())))
        assert '<html lang="en">' in month
        assert month.count('role="img" aria-label="') == 2
        assert month.count("<table") == month.count("<caption>") == month.count("<thead")
        assert re.findall(r"<th(?![^>]*scope=)(?!ead)[^>]*>", month) == []
        assert month.count("<h1>") == 1
        assert "<details><summary>The dates as a table</summary>" in month
        assert "2026-09-09" in month

    @pytest.mark.parametrize("theme", [0, 1])
    def test_has_contrast(self, theme: int) -> None:
        colours = dict(re.findall(r"--(\w+):(#[0-9a-f]+)", re.findall(
            r":root\{([^}]*)\}", STYLE.read_text("utf-8"))[theme]))  # fmt: skip
        for ground in ("bg", "card"):
            for name in ("fg", "muted", "warn", "bad", "ok"):
                assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        for name in ("bar", "exp"):
            assert contrast(colours[name], colours["bg"]) >= 3, name

    def test_is_the_same_bytes_whatever_clock_zone_and_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pages = []
        for zone, folder in (("Asia/Tokyo", "a"), ("America/Lima", "b/c")):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            place = made.write_records(tmp_path / folder, made.month())
            monkeypatch.chdir(place)
            pages.append(make_page(read_story(".")))
        monkeypatch.undo()
        time.tzset()
        assert pages[0] == pages[1]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, as WCAG 2.2 has it."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


class TestHostile:
    @pytest.mark.parametrize(("dates", "columns"), [(1, 500), (10_000, 500)])
    def test_names_and_numbers_leave_it_whole(self, dates: int, columns: int) -> None:
        page = make_page(Story(
            records=tuple(made.hostile(dates, columns)), damaged=made.damaged()
        ))  # fmt: skip
        assert len(page.encode("utf-8")) < 1_000_000
        read = Page(page)
        assert "<script>alert(1)</script>" in read.text  # as a text
        assert "{{ 7 * 7 }}" in read.text
        assert "\\u202egnp" in read.text
        assert not re.search("[\x00\x1b\u200f\u202e\u2066\ud800]", page)

    @pytest.mark.parametrize("letter", ["<", "\u202e"])
    def test_long_names_and_warnings_leave_it_small(self, letter: str) -> None:
        names = [f"{letter * 300}{number}" for number in range(500)]
        record = made.published(
            job=letter * 300,
            profile={name: made.column(made.DRIFTED) for name in names},
            nulls=dict.fromkeys(names, 300),
            warnings=tuple(", ".join(names) for _ in range(30)),
        )
        guards = [{"guard": "g", "column": name, "verdict": "warning", "value": 1.0,
                   "said": ", ".join(names)} for name in names]  # fmt: skip
        page = make_page(Story(records=(replace(record, guards=tuple(guards)),)))
        Page(page)
        assert len(page.encode()) < 1_000_000

    @pytest.mark.parametrize(
        "told",
        [
            {"bins": {}, "counts": [1, 2]},
            {"bins": {"edges": [1.0]}, "counts": [1, 2, 3, 4]},
            {"bins": {"edges": ["x"]}, "counts": [1, 2, 3]},
            {"bins": {"edges": [1e400]}, "counts": [1, 2, 3]},
            {"bins": {"edges": []}, "counts": [200, 0], "training": [1.0, 0.0]},
            {"bins": {"values": []}, "counts": [0, 0]},
            {"bins": {"values": [[1]]}, "counts": [200, 0, 0], "training": [-1.0, 2.0, 0.0]},
            {"bins": {"edges": [1.0]}, "counts": [200, 0, 0], "training": [0.0, 0.0, 0.0]},
            {"bins": {"edges": [1.0]}, "counts": [200, 2**62, 1], "training": [1e308, 1e308, 0]},
        ],
    )
    def test_an_edited_profile_is_passed_over(self, told: dict[str, Any]) -> None:
        page_of(made.published(profile={"Age": told, "": told}))
