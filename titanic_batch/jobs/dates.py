"""Dates: those that a user gives, today in a time zone, and templates such as {date:%Y-%m-%d}."""

from __future__ import annotations

import difflib
import glob
import re
import zoneinfo
from datetime import UTC, date, datetime, timedelta, tzinfo
from string import Formatter

from titanic_batch.errors import UsageError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DEFAULT_FORMAT = "%Y-%m-%d"
_DIGIT = "[0-9]"
#: What a format may hold, and a glob for what it becomes. A date has no time of day, and names of
#: months and days would depend on the machine's language.
_DIRECTIVES = {
    "Y": _DIGIT * 4,
    "G": _DIGIT * 4,
    "y": _DIGIT * 2,
    "m": _DIGIT * 2,
    "d": _DIGIT * 2,
    "j": _DIGIT * 3,
    "U": _DIGIT * 2,
    "V": _DIGIT * 2,
    "W": _DIGIT * 2,
    "u": _DIGIT,
    "w": _DIGIT,
    "%": "%",
}
#: Directives that name a day together: one of each.
_WAYS_TO_NAME_A_DAY = (("Yy", "m", "d"), ("Yy", "j"), ("G", "V", "uw"), ("Yy", "UW", "uw"))
_LONGEST_RANGE_DAYS = 3_660


def parse_date(text: str) -> date:
    """Return a date written as 2026-11-22.

    Raises:
        UsageError: if it is written otherwise, or there is no such day.
    """
    if not _DATE.fullmatch(text):
        raise UsageError(f"{text!r} is not a date", hint="Write it as 2026-11-22.")
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise UsageError(f"there is no day {text}", hint=f"Correct it: {exc}.") from exc


def parse_range(text: str) -> list[date]:
    """Return the dates of A..B, both included, in order.

    Raises:
        UsageError: if it is no range, ends before it begins, or spans more than ten years.
    """
    first, dots, last = text.partition("..")
    if not dots:
        raise UsageError(
            f"{text!r} is not a range of dates", hint="Write it as 2026-11-16..2026-11-22."
        )
    start, end = parse_date(first), parse_date(last)
    days = (end - start).days + 1
    if days < 1:
        raise UsageError(f"{text} ends before it begins", hint=f"Write it as {end}..{start}.")
    if days > _LONGEST_RANGE_DAYS:
        raise UsageError(
            f"{text} is {days:,} nights", hint="Check the years, or split it into shorter ranges."
        )
    return [start + timedelta(days=count) for count in range(days)]


def parse_zone(name: str) -> tzinfo:
    """Return a time zone by its name in the IANA database.

    Raises:
        UsageError: if there is none of that name.
    """
    if name == "UTC":  # known even where no database is installed
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as exc:
        known = sorted(zoneinfo.available_timezones())
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else "A name is for example Europe/Paris."
        if not known:
            hint = "This machine has no time zone database: install its tzdata package."
        raise UsageError(f"there is no time zone {name!r}", hint=hint) from exc


def today(zone: tzinfo, now: datetime | None = None) -> date:
    """Return the day that it is in a time zone, now or at another moment."""
    return (now or datetime.now(UTC)).astimezone(zone).date()


def render(template: str, day: date) -> str:
    """Return a template with its dates filled in.

    Raises:
        UsageError: if it is malformed, or holds another field than `date`.
    """
    return "".join(
        literal + re.sub(r"%(.)", lambda found: _spell(found[1], day), form)
        for literal, form in _parts(template)
    )


def _spell(directive: str, day: date) -> str:
    """Return what a directive becomes; years have four digits, whatever the system's strftime."""
    if directive == "Y":
        return f"{day.year:04d}"
    if directive == "G":
        return f"{day.isocalendar().year:04d}"
    return day.strftime(f"%{directive}")


def has_date(template: str) -> bool:
    """Return whether a template has a date in it.

    Raises:
        UsageError: if it is malformed, or holds another field than `date`.
    """
    return any(form for _, form in _parts(template))


def distinguishes_days(template: str) -> bool:
    """Return whether a template gives each day a path of its own; one of weeks or months does not.

    Raises:
        UsageError: if it is malformed, or holds another field than `date`.
    """
    held = {letter for _, form in _parts(template) for letter in re.findall(r"%(.)", form)}
    return any(all(held & set(choice) for choice in way) for way in _WAYS_TO_NAME_A_DAY)


def any_date_glob(template: str) -> str:
    """Return a glob for what a template becomes on any day.

    Raises:
        UsageError: if it is malformed, or holds another field than `date`.
    """
    parts = (glob.escape(literal) + _glob_of(form) for literal, form in _parts(template))
    return "".join(parts).replace("**", "*")  # which would mean folders of any depth


def fixed_folder(template: str) -> str:
    """Return the folder in a template that is the same on any day: `out` of `out/{date}.csv`.

    Raises:
        UsageError: if it is malformed, or holds another field than `date`.
    """
    fixed = ""
    for literal, form in _parts(template):
        fixed += literal
        if form:
            break
    return fixed.rpartition("/")[0] or ("/" if fixed.startswith("/") else ".")


def _parts(template: str) -> list[tuple[str, str]]:
    """Return a template as pairs of a literal text and the date format after it, "" for none."""
    try:
        fields = list(Formatter().parse(template))
    except ValueError as exc:
        raise UsageError(
            f"{template!r} is not a template: {exc}",
            hint="A date is written {date:%Y-%m-%d}; a brace itself is written twice.",
        ) from exc
    return [
        (literal, "" if name is None else _checked(name, spec or "", conversion))
        for literal, name, spec, conversion in fields
    ]


def _checked(name: str, spec: str, conversion: str | None) -> str:
    if name != "date" or conversion:
        written = f"{{{name}{'!' + conversion if conversion else ''}}}"
        raise UsageError(
            f"a template has no field {written}", hint="Its only field is {date:%Y-%m-%d}."
        )
    form = spec or _DEFAULT_FORMAT
    directives = re.findall(r"%(.?)", form, re.DOTALL)
    wrong = [f"%{letter}" for letter in directives if letter not in _DIRECTIVES]
    if wrong or "{" in form or not set(directives) - {"%"}:
        what = f"{wrong[0]} is not known" if wrong else "it names no part of the date"
        raise UsageError(
            f"{{date:{form}}} is not a date format: {what}",
            hint="Write for example {date:%Y-%m-%d}, with any of "
            f"{' '.join(f'%{letter}' for letter in _DIRECTIVES)}.",
        )
    return form


def _glob_of(form: str) -> str:
    pieces = re.split(r"%(.)", form)
    return "".join(
        _DIRECTIVES[piece] if index % 2 else glob.escape(piece)
        for index, piece in enumerate(pieces)
    )
