"""Dates, ranges, time zones and templates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from titanic_batch.errors import UsageError
from titanic_batch.jobs.dates import (
    any_date_glob,
    distinguishes_days,
    has_date,
    parse_date,
    parse_range,
    parse_zone,
    render,
    today,
)

DAY = date(2026, 1, 2)


class TestRender:
    @pytest.mark.parametrize(
        ("template", "path"),
        [
            ("in.csv", "in.csv"),
            ("in/{date:%Y-%m-%d}/*.csv", "in/2026-01-02/*.csv"),
            ("{date}.csv", "2026-01-02.csv"),
            ("{date:%Y/%m/%d}.csv", "2026/01/02.csv"),
            ("{date:%Y}/{date:%j}.csv", "2026/002.csv"),
            ("{date:%G-W%V}.csv", "2026-W01.csv"),
            ("{{{date:%y}}}100%.csv", "{26}100%.csv"),
            ("{date:%Y%%}.csv", "2026%.csv"),
        ],
    )
    def test_fills_dates_in(self, template: str, path: str) -> None:
        assert render(template, DAY) == path

    @pytest.mark.parametrize(
        ("template", "word"),
        [
            ("{day}.csv", "{day}"),
            ("{}.csv", "{}"),
            ("{date!r}.csv", "{date!r}"),
            ("{date.year}.csv", "{date.year}"),
            ("{date:%H}.csv", "%H"),
            ("{date:%-d}.csv", "%-"),
            ("{date:%b}.csv", "%b"),
            ("{date:%}.csv", "%"),
            ("{date:YYYY}.csv", "no part of the date"),
            ("{date:%%}.csv", "no part of the date"),
            ("{date:{x}}.csv", "no part of the date"),
            ("{date:%Y{x}}.csv", "not a date format"),
            ("{date", "not a template"),
            ("date}", "not a template"),
        ],
    )
    def test_refuses_what_it_does_not_know(self, template: str, word: str) -> None:
        with pytest.raises(UsageError, match=r"\{date:%Y-%m-%d") as caught:
            render(template, DAY)
        assert word in str(caught.value)

    @given(st.dates(min_value=date(1000, 1, 1)))
    def test_the_glob_for_any_day_meets_every_day(self, day: date) -> None:
        template = "[x]/{date:%G-W%V-%u %y %U%W%w}/{date}_{date:%j%%}.csv"
        assert fnmatch(render(template, day), any_date_glob(template))

    def test_the_glob_for_any_day_meets_no_other_names(self) -> None:
        assert not fnmatch("weekly-2026-W47.csv", any_date_glob("{date}.csv"))


class TestParse:
    def test_reads_a_date(self) -> None:
        assert parse_date("2024-02-29") == date(2024, 2, 29)

    @pytest.mark.parametrize(
        "text", ["2026-02-29", "2026-13-01", "2026-00-01", "0000-01-01", "2026-11-31"]
    )
    def test_refuses_days_that_do_not_exist(self, text: str) -> None:
        with pytest.raises(UsageError, match=f"there is no day {text}"):
            parse_date(text)

    @pytest.mark.parametrize(
        "text", ["", "20261122", "2026-W47-7", "22.11.2026", "2026-1-2", "2026-11-22T00:00"]
    )
    def test_refuses_dates_written_otherwise(self, text: str) -> None:
        with pytest.raises(UsageError, match="Write it as 2026-11-22"):
            parse_date(text)

    def test_a_range_holds_both_its_ends(self) -> None:
        assert parse_range("2026-02-27..2026-03-01") == [
            date(2026, 2, 27),
            date(2026, 2, 28),
            date(2026, 3, 1),
        ]
        assert parse_range("2026-01-02..2026-01-02") == [DAY]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("2026-01-02", "not a range"),
            ("2026-01-02..", "not a date"),
            ("..2026-01-02", "not a date"),
            ("2026-01-03..2026-01-02", "ends before it begins"),
            ("2026-01-03..2026-01-32", "no day 2026-01-32"),
            ("0206-01-01..2026-01-01", "nights"),
        ],
    )
    def test_refuses_what_is_no_range(self, text: str, said: str) -> None:
        with pytest.raises(UsageError, match=said):
            parse_range(text)


class TestTheEndsOfTime:
    @pytest.mark.parametrize(
        ("day", "path"),
        [
            ("0001-01-01", "0001-01-01 01 001 0001-01-1 00-01-1.csv"),
            ("0999-12-31", "0999-12-31 99 365 0999-01-2 52-52-2.csv"),
            ("9999-12-31", "9999-12-31 99 365 9999-52-5 52-52-5.csv"),
        ],
    )
    def test_years_have_four_digits(self, day: str, path: str) -> None:
        template = "{date} {date:%y} {date:%j} {date:%G-%V-%u} {date:%U-%W-%w}.csv"
        given = parse_date(day)
        assert render(template, given).startswith(path[:17])
        assert given.isocalendar().week == int(render("{date:%V}", given))
        assert fnmatch(render(template, given), any_date_glob(template))

    def test_ranges_reach_them(self) -> None:
        assert parse_range("0001-01-01..0001-01-03")[0] == date.min
        assert parse_range("9999-12-30..9999-12-31")[-1] == date.max

    @given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from("YGymdjUVWuw%"))
    def test_all_others_are_as_the_system_writes_them(self, day: date, letter: str) -> None:
        template = f"{{date:%d%{letter}}}"
        assert render(template, day) == day.strftime(f"%d%{letter}")

    @given(st.dates(), st.dates())
    def test_two_days_have_two_paths_where_a_template_tells_them_apart(
        self, one: date, other: date
    ) -> None:
        for form in ("%Y-%m-%d", "%Y%j", "%G-%V-%u", "%Y-%U-%w", "%Y/%W/%u", "%d.%m.%Y"):
            template = f"{{date:{form}}}"
            assert distinguishes_days(template)
            assert (render(template, one) == render(template, other)) == (one == other)

    @pytest.mark.parametrize(
        "template",
        ["latest.csv", "{date:%Y-%m}", "{date:%G-W%V}", "{date:%m-%d}", "{date:%Y%%m%d}"],
    )
    def test_a_template_of_weeks_or_months_does_not(self, template: str) -> None:
        assert not distinguishes_days(template)
        assert has_date(template) == ("{" in template)


class TestToday:
    MOMENT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("zone", "day"),
        [
            ("UTC", 22),
            ("Europe/Paris", 23),
            ("America/New_York", 22),
            ("Pacific/Kiritimati", 23),
            ("Asia/Kathmandu", 23),
        ],
    )
    def test_is_the_day_in_the_zone(self, zone: str, day: int) -> None:
        assert today(parse_zone(zone), self.MOMENT) == date(2026, 11, day)

    def test_every_minute_of_the_days_when_clocks_change_belongs_to_its_day(self) -> None:
        # Central Europe: 29 March 2026 has 23 hours, 25 October 25.
        zone = parse_zone("Europe/Berlin")
        for day, starts, hours in (
            (date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
            (date(2026, 10, 25), datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
        ):
            ends = starts + timedelta(hours=hours)
            minutes = [starts + timedelta(minutes=count) for count in range(hours * 60)]
            assert {today(zone, minute) for minute in minutes} == {day}
            assert today(zone, starts - timedelta(seconds=1)) == day - timedelta(days=1)
            assert today(zone, ends) == day + timedelta(days=1)

    def test_a_range_over_such_a_day_has_every_night_once(self) -> None:
        nights = parse_range("2026-03-28..2026-03-30")
        assert [night.day for night in nights] == [28, 29, 30]

    @pytest.mark.parametrize("name", ["Europe/Pariss", "Mars/Base", "", "../UTC", "/etc", "Europe"])
    def test_refuses_zones_that_do_not_exist(self, name: str) -> None:
        with pytest.raises(UsageError, match="there is no time zone"):
            parse_zone(name)

    def test_names_the_nearest_zone(self) -> None:
        with pytest.raises(UsageError, match=r"Did you mean Europe/Paris\?"):
            parse_zone("Europe/Pariss")
