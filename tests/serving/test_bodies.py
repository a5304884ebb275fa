"""How much of a request is read, in this process: what a server would need gigabytes to show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from bentoml.exceptions import BentoMLException

from titanic_batch.serving.bodies import MAX_BODY_BYTES, BodyCheck
from titanic_batch.serving.hosting import max_body_bytes


def ask(pieces: Iterator[bytes], *headers: tuple[bytes, bytes], limit: int) -> tuple[int, Any, int]:
    """Send a body in pieces; return status, answer, and how many pieces were asked for."""
    asked, sent = 0, []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": list(headers)}
    asyncio.run(BodyCheck(app, {"/predict": dict}, limit)(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"]), asked


def endless() -> Iterator[bytes]:
    while True:
        yield b" " * 10


def test_an_endless_body_is_given_up_at_the_limit() -> None:
    status, answer, asked = ask(endless(), limit=95)
    assert (status, asked) == (413, 10)
    assert answer["error"].startswith("the request has more than 95 bytes")


@pytest.mark.parametrize("stated", [b"96", b"9" * 19, b"9" * 5000])
def test_a_stated_length_is_enough_to_refuse_it(stated: bytes) -> None:
    status, _, asked = ask(endless(), (b"content-length", stated), limit=95)
    assert (status, asked) == (413, 0)


@pytest.mark.parametrize("stated", [b"2", b"0", b"-1", b"x", b""])
def test_a_stated_length_is_not_believed(stated: bytes) -> None:
    assert ask(endless(), (b"content-length", stated), limit=95)[0] == 413


def test_a_body_of_the_limit_passes_in_pieces() -> None:
    pieces = [b'{"a": "', b"x" * 86, b'"}']
    assert ask(iter(pieces), limit=95)[:2] == (200, {"a": "x" * 86})


def test_the_environment_says_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TITANIC_BATCH_MAX_BODY", raising=False)
    assert max_body_bytes() == MAX_BODY_BYTES == 16 * 1024 * 1024
    monkeypatch.setenv("TITANIC_BATCH_MAX_BODY", "4MB")
    assert max_body_bytes() == 4 * 1024 * 1024
    for wrong in ("0", "-1", "much", "9GB"):
        monkeypatch.setenv("TITANIC_BATCH_MAX_BODY", wrong)
        with pytest.raises(BentoMLException, match="TITANIC_BATCH_MAX_BODY"):
            max_body_bytes()
