"""Have `tests.cli.warm` run a command line; as a program, in place of the installed command."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence


def run(
    server: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: str,
    streams: Sequence[int],
) -> int:
    """Run a command line on three descriptors and return its exit code."""
    order = {"arguments": list(arguments), "environment": dict(environment), "folder": folder}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(server)
        socket.send_fds(connection, [b"{"], streams)
        connection.sendall(json.dumps(order).encode()[1:])
        connection.shutdown(socket.SHUT_WR)
        return int(connection.recv(16))


if __name__ == "__main__":
    sys.exit(
        run(
            sys.argv[1],
            sys.argv[2:],
            environment=os.environ,
            folder=os.getcwd(),  # noqa: PTH109  # pathlib takes longer to import than all else
            streams=(0, 1, 2),
        )
    )
