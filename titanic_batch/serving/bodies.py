"""Look at a request's body before BentoML does, which answers broken JSON with 500.

What passes is read by BentoML a second time. Whatever the two readers would take differently is
refused here: other encodings than UTF-8, NaN, numbers of thousands of digits, deep nesting.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

#: A request's body may have this many bytes.
MAX_BODY_BYTES = 16 << 20

_MOST_DIGITS = 1000
_DEEPEST = 100

_NAMES: dict[type, str] = {dict: "object", list: "list"}


class BodyCheck:
    """ASGI middleware: what is no JSON of the kind that a route takes is answered with 400.

    Args:
        app: What comes next.
        routes: Path, and what its JSON must be: dict or list.
        max_bytes: A longer body is answered with 413, and not kept.
    """

    def __init__(
        self, app: App, routes: Mapping[str, type], max_bytes: int = MAX_BODY_BYTES
    ) -> None:
        self._app = app
        self._routes = routes
        self._max_bytes = max_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a bad body; pass everything else on."""
        expected = self._routes.get(scope.get("path", ""))
        if expected is None or scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        fault = content_fault(header(scope, b"content-type"), header(scope, b"content-encoding"))
        if fault:
            await _answer(HTTPStatus.BAD_REQUEST, fault, send)
            return
        stated = header(scope, b"content-length")
        if stated.isdecimal() and int(stated[:20]) > self._max_bytes:
            await self._refuse_length(send)
            return
        messages, length = [], 0  # a body that comes in chunks states no length
        more = True
        while more:
            messages.append(await receive())
            length += len(messages[-1].get("body", b""))
            if length > self._max_bytes:
                await self._refuse_length(send)
                return
            more = messages[-1].get("more_body", False)
        body = b"".join(message.get("body", b"") for message in messages)
        if fault := body_fault(body, expected):
            await _answer(HTTPStatus.BAD_REQUEST, fault, send)
            return
        left = iter(messages)

        async def replay() -> Message:
            message = next(left, None)
            return message if message is not None else await receive()

        await self._app(scope, replay, send)

    async def _refuse_length(self, send: Send) -> None:
        fault = f"the request has more than {self._max_bytes:,} bytes: send fewer records at a time"
        await _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, fault, send)


def content_fault(content_type: str, content_encoding: str = "") -> str:
    """Return what is wrong with a request's headers; "" where nothing is."""
    coding = content_encoding.strip().lower()
    if coding not in ("", "identity"):
        return f"the request is compressed ({coding[:40]}): send it as it is"
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("", "application/json"):
        return (
            f"the request is {media_type[:80]}, not JSON: send the header "
            "Content-Type: application/json"
        )
    return ""


def body_fault(body: bytes, expected: type) -> str:
    """Return what is wrong with a request's body; "" where nothing is.

    Args:
        body: As it came.
        expected: What the JSON must be: dict or list.
    """
    try:
        document = json.loads(
            body.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_int=_integer,
        )
    except RecursionError:
        return "the request nests lists or objects too deeply"
    except _FaultError as exc:
        return f"the request {exc}"
    except UnicodeDecodeError as exc:
        return f"the request is not UTF-8 at byte {exc.start}"
    except ValueError as exc:
        return f"the request is not JSON: {exc}"
    if not isinstance(document, expected):
        return f"the request must be a JSON {_NAMES[expected]}"
    if _is_deep(document):
        return "the request nests lists or objects too deeply"
    return ""


def header(scope: Message, name: bytes) -> str:
    """Return a request's header, the first of its name; "" where there is none."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return ""


class _FaultError(ValueError):
    """JSON as far as its grammar goes, but nothing that is accepted."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; a name that comes twice is refused, as a header that repeats one is."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        (twice, _), *_ = Counter(names).most_common(1)
        raise _FaultError(f"names {twice} twice in one object")
    return found


def _no_constant(text: str) -> float:
    raise _FaultError(f"holds {text}, which is not JSON: send null for a value that is missing")


def _integer(text: str) -> int:
    digits = len(text.lstrip("-"))
    if digits > _MOST_DIGITS:
        raise _FaultError(f"holds a number of {digits:,} digits: at most {_MOST_DIGITS:,} are read")
    return int(text)


def _is_deep(document: Any) -> bool:
    """Return whether lists and objects are nested more deeply than any record could be."""
    level = _containers([document])
    for _ in range(_DEEPEST):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in _containers(outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]


async def _answer(status: HTTPStatus, fault: str, send: Send) -> None:
    document = {"error": fault, "reason": "bad-request", "column": ""}
    body = json.dumps(document).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
