"""Look at a request's body before BentoML does, which answers broken JSON with 500."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

_NAMES: dict[type, str] = {dict: "object", list: "list"}


class BodyCheck:
    """ASGI middleware: what is no JSON of the kind that a route takes is answered with 400.

    Args:
        app: What comes next.
        routes: Path, and what its JSON must be: dict or list.
    """

    def __init__(self, app: App, routes: Mapping[str, type]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a bad body; pass everything else on."""
        expected = self._routes.get(scope.get("path", ""))
        if expected is None or scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(message.get("body", b"") for message in messages)
        fault = content_fault(_content_type(scope)) or body_fault(body, expected)
        if fault:
            await _answer(fault, send)
            return
        left = iter(messages)

        async def replay() -> Message:
            message = next(left, None)
            return message if message is not None else await receive()

        await self._app(scope, replay, send)


def content_fault(content_type: str) -> str:
    """Return what is wrong with a request's content type; "" where nothing is."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in ("", "application/json"):
        return ""
    return f"the request is {media_type}, not JSON: send the header Content-Type: application/json"


def body_fault(body: bytes, expected: type) -> str:
    """Return what is wrong with a request's body; "" where nothing is.

    Args:
        body: As it came.
        expected: What the JSON must be: dict or list.
    """
    try:
        document = json.loads(body, object_pairs_hook=_object)
    except RecursionError:
        return "the request nests lists or objects too deeply"
    except _NamedTwiceError as exc:
        return f"the request names {exc} twice in one object"
    except ValueError as exc:  # no JSON, no UTF-8, a number of thousands of digits
        return f"the request is no JSON: {exc}"
    if isinstance(document, expected):
        return ""
    return f"the request must be a JSON {_NAMES[expected]}"


class _NamedTwiceError(ValueError):
    """An object has two values of one name."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object; a name that comes twice is refused, as a header that repeats one is."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NamedTwiceError(twice)
    return found


def _content_type(scope: Message) -> str:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return bytes(value).decode("latin-1")
    return ""


async def _answer(fault: str, send: Send) -> None:
    document = {"error": fault, "reason": "bad-request", "column": ""}
    body = json.dumps(document).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    status = HTTPStatus.BAD_REQUEST.value
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
