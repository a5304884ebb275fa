"""Types of single keys in a job file, for pydantic."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import tzinfo
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainValidator

from titanic_batch.errors import UsageError
from titanic_batch.jobs.dates import parse_zone, render, today
from titanic_batch.jobs.pings import LONGEST_WAIT_S
from titanic_batch.scoring.reject_limit import RejectLimit, reject_limit

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(s|m|h|d)")
_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def parse_duration(text: str) -> float:
    """Return a duration, such as 90s, 5m, 2h or 1d, in seconds.

    Raises:
        UsageError: if it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is not a duration", hint="Write it as 90s, 5m, 2h or 1d.")
    return float(found[1]) * _UNITS_S[found[2]]


def refused_by(check: Callable[[Any], object], *, says_why: bool = False) -> AfterValidator:
    """Return a validator for what raises UsageError; its words, or else the key's description."""

    def validate(value: Any) -> Any:
        try:
            check(value)
        except UsageError as exc:
            raise ValueError(str(exc) if says_why else "") from exc
        return value

    return AfterValidator(validate)


def _read_by(
    parse: Callable[[Any], object], taken: Any = str, *, says_why: bool = False
) -> PlainValidator:
    """Return what makes a key's value of what the file holds; refuses as `refused_by` does."""
    types = get_args(taken) or (taken,)

    def validate(value: Any) -> Any:
        if type(value) not in types:
            raise ValueError("")
        try:
            return parse(value)
        except UsageError as exc:
            raise ValueError(str(exc) if says_why else "") from exc

    return PlainValidator(validate, json_schema_input_type=taken)


def _path(text: str) -> None:
    if text in ("", "-"):
        raise UsageError("a job reads and writes files", hint="Give a path.")
    zone = parse_zone("UTC")
    if "\0" in render(text, today(zone)):
        raise UsageError("a path holds no NUL character")


def _hash(text: str) -> str:
    if not _HASH.fullmatch(text):
        raise UsageError("no SHA-256")
    return text.lower()


def _plain_path(text: str) -> None:
    if text in ("", "-") or "\0" in text:
        raise UsageError("it is written to a file", hint="Give a path.")


def _address(text: str) -> None:
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if not known or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError("no address")


def _suffix(text: str) -> None:
    rest = text.replace("{exit_code}", "")
    if "{" in rest or "}" in rest or not text.isascii() or not text.isprintable() or " " in text:
        raise UsageError("no suffix")


def _short_wait(text: str) -> float:
    seconds = parse_duration(text)
    if not 0 < seconds <= LONGEST_WAIT_S:
        raise UsageError("too long")
    return seconds


def _share(text: str) -> float:
    """Return a share written as a percentage: 0.3 for `30%`."""
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else -1.0
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1_000:
        raise UsageError("no share")
    return share


Template = Annotated[str, refused_by(_path, says_why=True)]
Name = Annotated[str, Field(min_length=1)]
Duration = Annotated[float, _read_by(parse_duration)]
RejectCount = Annotated[RejectLimit, _read_by(lambda given: reject_limit(str(given)), str | int)]
Share = Annotated[float, _read_by(_share)]
Drift = Annotated[float, Field(gt=0)]
Suffix = Annotated[str, refused_by(_suffix)] | Literal[False]
Zone = Annotated[tzinfo, _read_by(parse_zone, says_why=True)]
Hash = Annotated[str, _read_by(_hash)]
Count = Annotated[int, Field(ge=1)]
PlainPath = Annotated[str, refused_by(_plain_path, says_why=True)]
Address = Annotated[str, refused_by(_address)]
ShortWait = Annotated[float, _read_by(_short_wait)]
