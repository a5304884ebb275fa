"""A headless Chromium, spoken to over pipes in its DevTools protocol."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_LONGEST_S = 150.0
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
          "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
          "--disable-dev-shm-usage", "--remote-debugging-pipe")  # fmt: skip


class Tab:
    """One page that is looked at.

    Attributes:
        requests: The addresses that it has asked for.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self.requests: list[str] = []
        self._out = os.fdopen(writing, "wb", buffering=0)
        self._in = os.fdopen(reading, "rb", buffering=0)
        self._rest = b""
        self._calls = 0
        self._session: str | None = None
        self._loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method and return its result; events that come meanwhile are noted."""
        self._calls += 1
        message: dict[str, Any] = {"id": self._calls, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._calls:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, path: Path) -> None:
        """Load a file, and wait until all of it is there."""
        self.requests.clear()
        self._loaded = False
        self.call("Page.navigate", url=path.resolve().as_uri())
        while not self._loaded:
            self._next()

    def resize(self, width: int, *, theme: str = "light") -> None:
        self.call("Emulation.setDeviceMetricsOverride",
                  width=width, height=900, deviceScaleFactor=1, mobile=False)  # fmt: skip
        feature = {"name": "prefers-color-scheme", "value": theme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def evaluate(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def close(self) -> None:
        self._out.close()
        self._in.close()

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = self._in.read(1 << 20)
            assert data, "the browser has ended"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        event: dict[str, Any] = json.loads(message)
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])
        if event.get("method") == "Page.loadEventFired":
            self._loaded = True
        return event


@contextmanager
def open_tab(home: Path) -> Iterator[Tab]:
    """Start a browser that keeps what it keeps in a folder."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    assert program is not None, "there is no chromium: `make test-services` installs it"
    to_browser, from_us = os.pipe()
    from_browser, to_us = os.pipe()
    command = f'exec "$@" 3<&{to_browser} 4>&{to_us}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", command, "bash", program, *_FLAGS, f"--user-data-dir={home}/profile"],
        env={**os.environ, "HOME": str(home)},
        pass_fds=(to_browser, to_us),
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(to_us)
    longest = threading.Timer(_LONGEST_S, process.kill)
    longest.start()
    try:
        tab = Tab(from_browser, from_us)
        yield tab
        tab.close()
    finally:
        longest.cancel()
        process.terminate()
        process.wait(30)
