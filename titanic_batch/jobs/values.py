"""What single keys of a job file take: types that pydantic checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from titanic_batch.errors import UsageError
from titanic_batch.jobs.dates import parse_zone, render, today
from titanic_batch.jobs.durations import parse_duration
from titanic_batch.jobs.limits import parse_share
from titanic_batch.jobs.pings import LONGEST_WAIT_S
from titanic_batch.scoring.reject_limit import reject_limit

_HASH = re.compile(r"[0-9a-fA-F]{64}")


def refused_by(check: Callable[[Any], object], *, says_why: bool = False) -> AfterValidator:
    """Return a validator for what raises UsageError; its words, or else the key's description."""

    def validate(value: Any) -> Any:
        try:
            check(value)
        except UsageError as exc:
            raise ValueError(str(exc) if says_why else "") from exc
        return value

    return AfterValidator(validate)


def _path(text: str) -> None:
    if text in ("", "-"):
        raise UsageError("a job reads and writes files", cure="Give a path.")
    zone = parse_zone("UTC")
    if "\0" in render(text, today(zone)):
        raise UsageError("a path holds no NUL character")


def _hash(text: str) -> None:
    if not _HASH.fullmatch(text):
        raise UsageError("no SHA-256")


def _plain_path(text: str) -> None:
    if text in ("", "-") or "\0" in text:
        raise UsageError("it is written to a file", cure="Give a path.")


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


def _short_wait(text: str) -> None:
    if not 0 < parse_duration(text) <= LONGEST_WAIT_S:
        raise UsageError("too long")


Template = Annotated[str, refused_by(_path, says_why=True)]
Name = Annotated[str, Field(min_length=1)]
Duration = Annotated[str, refused_by(parse_duration)]
RejectCount = Annotated[str | int, refused_by(lambda given: reject_limit(str(given)))]
Share = Annotated[str, refused_by(parse_share)]
Drift = Annotated[float, Field(gt=0)]
Suffix = Annotated[str, refused_by(_suffix)] | Literal[False]
Zone = Annotated[str, refused_by(parse_zone, says_why=True)]
Hash = Annotated[str, refused_by(_hash)]
Count = Annotated[int, Field(ge=1)]
PlainPath = Annotated[str, refused_by(_plain_path, says_why=True)]
Address = Annotated[str, refused_by(_address)]
ShortWait = Annotated[str, refused_by(_short_wait)]
