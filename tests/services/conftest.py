"""Tests that need a server, a browser or an engine: `make test-services` runs them."""

from __future__ import annotations

import os

if "TEST_SERVICES" not in os.environ:
    collect_ignore_glob = ["test_*.py"]
