"""Talk to a running service."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from titanic_batch.documents import NotADocumentError, parse_json, read_bounded
from titanic_batch.errors import FileAccessError, UsageError
from titanic_batch.interrupts import interruptible

_TIMEOUT_S = 60.0
_SHOWN = 200

#: A longer answer is nobody's who was asked for the scores of some records.
_MOST_BYTES = 64 << 20


class ServiceClient:
    """Sends records to a service over one connection; it asks no proxy.

    Args:
        url: Where the service is ("http://127.0.0.1:3000").

    Raises:
        UsageError: if `url` is no http or https address.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        try:
            parts = urlsplit(self.url)
            port = parts.port
        except ValueError as exc:
            raise _no_url(url) from exc
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _no_url(url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(parts.hostname, port, timeout=_TIMEOUT_S)
        self._path = parts.path

    def predict(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one record, or the object with its `error`.

        Raises:
            FileAccessError: if the service cannot be reached, or answers with neither.
        """
        document = self._post("/predict", record, (200, 400))
        if not isinstance(document, dict):
            raise self._strange(document)
        return document

    def predict_batch(self, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the answers to several records, in their order.

        Raises:
            FileAccessError: if the service cannot be reached, or answers with anything else.
        """
        document = self._post("/predict_batch", list(records), (200,))
        fits = isinstance(document, list) and len(document) == len(records)
        if not fits or not all(isinstance(answer, dict) for answer in document):
            raise self._strange(document)
        answers: list[dict[str, Any]] = document
        return answers

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, route: str, document: Any, expected: tuple[int, ...]) -> Any:
        body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
        headers = {"Content-Type": "application/json"}
        try:
            with interruptible():
                response = self._answer_to(route, body, headers)
                text = read_bounded(response, _MOST_BYTES)
        except NotADocumentError as exc:
            raise self._strange(exc) from exc
        except (OSError, http.client.HTTPException) as exc:
            reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
            raise FileAccessError(
                f"the service cannot be reached: {reason}",
                where=self.url,
                hint="Start it: `bentoml serve titanic_batch.service:TitanicService`.",
            ) from exc
        if response.status not in expected:
            raise self._strange(text.decode(errors="replace"), response.status)
        try:
            return parse_json(text)
        except NotADocumentError as exc:
            raise self._strange(text.decode(errors="replace")) from exc

    def _answer_to(
        self, route: str, body: bytes, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        """Send a request; once more where the service has closed a connection that was idle."""
        try:
            self._connection.request("POST", self._path + route, body, headers)
            return self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection.close()
            self._connection.request("POST", self._path + route, body, headers)
            return self._connection.getresponse()

    def _strange(self, answer: object, status: int = 200) -> FileAccessError:
        shown = " ".join(str(answer).split())[:_SHOWN]
        return FileAccessError(
            f"this is not the answer of a scoring service ({status}: {shown})",
            where=self.url,
            hint="See the service's own log, or correct --url.",
        )


def _no_url(url: str) -> UsageError:
    return UsageError(
        "this is not the address of a service", where=url, hint="Give --url http://HOST:PORT."
    )
