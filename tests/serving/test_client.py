"""What a client makes of answers that no scoring service would give."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from titanic_batch.errors import FileAccessError
from titanic_batch.serving import client
from titanic_batch.serving.client import ServiceClient


@contextmanager
def serving(body: bytes, length: str) -> Iterator[str]:
    """Answer every request with these bytes, whatever their length is said to be."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *args: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_answer_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_MOST_BYTES", 1 << 20)
    with serving(b" " * (2 << 20), str(2 << 20)) as url:
        asked = ServiceClient(url)
        with pytest.raises(FileAccessError, match="larger than 1 MB"):
            asked.predict({})
        asked.close()


def test_a_length_beyond_all_numbers_is_no_crash() -> None:
    with serving(b"[", "9" * 30) as url:
        asked = ServiceClient(url)
        with pytest.raises(FileAccessError, match="not the answer of a scoring service"):
            asked.predict({})
        asked.close()
