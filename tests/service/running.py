"""Run the real server on a loopback port, and talk to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BENTOML = Path(sys.executable).with_name("bentoml")
SERVICE = "titanic_batch.service:TitanicService"

PASSENGER = {
    "Pclass": 1,
    "Sex": "female",
    "Age": 29,
    "SibSp": 0,
    "Parch": 0,
    "Fare": 100.5,
    "Embarked": "S",
}

_READY_TIMEOUT_S = 90.0
_STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running service."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(
        self,
        route: str,
        body: bytes | str | object,
        content_type: str = "application/json",
        **headers: str,
    ) -> Answer:
        """Send a body as it is, or anything else as JSON."""
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        sent = data if isinstance(data, bytes) else data.encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", route, sent, {"Content-Type": content_type, **named})

    def get(self, route: str, **headers: str) -> Answer:
        return self.ask("GET", route, None, headers)

    def ask(
        self,
        method: str,
        route: str,
        body: bytes | Iterable[bytes] | None,
        headers: dict[str, str],
    ) -> Answer:
        """Send a request; a body in pieces is sent in chunks, without its length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, route, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, text, headers)
        finally:
            connection.close()


@contextmanager
def running(
    environment: Mapping[str, str],
    folder: Path,
    *,
    what: Sequence[str] = (SERVICE,),
    program: Path = BENTOML,
    log: Path,
) -> Iterator[Running]:
    """Run `bentoml serve` from `folder` until the end of the block."""
    process, service = start(environment, folder, what=what, program=program, log=log)
    try:
        yield service
    finally:
        stop(process.pid)
        process.wait(_STOP_TIMEOUT_S)


def start(
    environment: Mapping[str, str],
    folder: Path,
    *,
    what: Sequence[str] = (SERVICE,),
    program: Path = BENTOML,
    log: Path,
) -> tuple[subprocess.Popen[bytes], Running]:
    """Start `bentoml serve` in a process group of its own and wait until it is ready."""
    port = free_port()
    with log.open("wb") as said:
        process = subprocess.Popen(
            [str(program), "serve", *what, "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    service = Running(port=port, log=log)
    try:
        _wait_until_ready(process, service)
    except BaseException:
        stop(process.pid)
        raise
    return process, service


def stop(pid: int) -> None:
    """Ask a service's process group to end."""
    try:
        os.killpg(pid, signal.SIGTERM)
    except ProcessLookupError:
        return


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], service: Running) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, service.log.read_text()
        try:
            if service.get("/readyz").status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    raise AssertionError(service.log.read_text())
