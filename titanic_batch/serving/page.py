"""The service's own page: what it answers to. It loads nothing, from here or from elsewhere.

BentoML's own page loads scripts, among them one of a tag manager that counts its visitors.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import Any

from titanic_batch.serving.bodies import App, Message, Receive, Send, header

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark; }
pre { padding: 1rem; overflow-x: auto; border: 1px solid; border-radius: 4px; }
td, th { padding: 0.2rem 1rem 0.2rem 0; text-align: left; vertical-align: top; }
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

#: A browser loads nothing for what comes from here, but this page's own style.
_HEADERS = [
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]

#: Where BentoML keeps the scripts of its own pages.
_NOT_SERVED = ("/static_content", "/assets")

_HOST = re.compile(r"[\w.-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?", re.ASCII)

_ROUTES = {
    "POST /predict": "a JSON object: one record; 200 and an answer, or 400 and an error",
    "POST /predict_batch": "a list of them; 200, and an answer or an error for each, in order",
}
_LINKS = {
    "docs.json": "these routes as OpenAPI",
    "healthz": "whether the service lives",
    "readyz": "whether it can answer",
    "metrics": "what it has done, for Prometheus",
}


class OwnPage:
    """ASGI middleware: answers `GET /` itself, and lets a browser load nothing with any answer.

    Args:
        app: What comes next.
        tag: The model that answers.
        version: Of titanic-batch.
        example: A record, as JSON can hold it.
    """

    def __init__(self, app: App, *, tag: str, version: str, example: Mapping[str, Any]) -> None:
        self._app = app
        self._tag = tag
        self._version = version
        self._example = example

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer what is the page's; pass everything else on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        path = scope.get("path", "")
        if path in ("", "/") and scope["method"] in ("GET", "HEAD"):
            text = page(self._tag, self._version, self._example, host=header(scope, b"host"))
            await _answer(HTTPStatus.OK, b"text/html; charset=utf-8", text, scope, send_guarded)
        elif path.startswith(_NOT_SERVED):
            await _answer(HTTPStatus.NOT_FOUND, b"text/plain", "Not Found", scope, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)


def page(tag: str, version: str, example: Mapping[str, Any], *, host: str) -> str:
    """Return the page as HTML.

    Args:
        tag: The model that answers.
        version: Of titanic-batch.
        example: A record; {} where nobody knows the model's columns yet.
        host: What the browser calls this service.
    """
    address = host if _HOST.fullmatch(host) else "localhost:3000"
    record = json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
    asked = f"curl -s {address}/predict -H 'Content-Type: application/json' -d '{record}'"
    routes = "".join(
        f"<tr><td><code>{escape(route)}</code></td><td>{escape(takes)}</td></tr>\n"
        for route, takes in _ROUTES.items()
    )
    links = "".join(
        f'<tr><td><a href="{name}"><code>GET /{name}</code></a></td><td>{escape(what)}</td></tr>\n'
        for name, what in _LINKS.items()
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>titanic-batch {escape(version)}: {escape(tag)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>titanic-batch {escape(version)}</h1>
<p>Scores records with <code>{escape(tag)}</code>, as <code>titanic-batch score</code> scores the
rows of a file.</p>
<pre>{escape(asked)}</pre>
<table>
{routes}{links}</table>
</body>
</html>
"""


async def _answer(status: HTTPStatus, kind: bytes, text: str, scope: Message, send: Send) -> None:
    body = text.encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    sent = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent})
