"""Publish, and be killed on the way: `python -m tests.publish.dying OUTPUT DATA REJECTS STEP`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.publish.disk import Call, wrap
from tests.publish.publishing import REJECTS, publish


def main() -> None:
    output, data, rejects, step = sys.argv[1:]
    done: list[Call] = []

    def die(call: Call) -> None:
        done.append(call)
        if len(done) == int(step):
            os.kill(os.getpid(), signal.SIGKILL)

    wrap(pytest.MonkeyPatch(), die)
    publish(Path(output), data.encode(), REJECTS[: int(rejects)])


if __name__ == "__main__":
    main()
