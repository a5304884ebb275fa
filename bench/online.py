"""What a running service costs: `python -m bench.online --url http://127.0.0.1:3000`.

Sends sample passengers from this machine, one connection per client, for a few seconds each.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.parquet as pq

_PASSENGERS = Path(__file__).parents[1] / "sample_data" / "passengers.parquet"
_SECONDS = 5.0


def main() -> None:
    """Print a table: what is sent, by how many clients, rows per second, latency."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:3000")
    url = parser.parse_args().url
    records = pq.read_table(_PASSENGERS).to_pylist()
    print("| request | clients | rows/s | median | 99 % |\n|---|---|---|---|---|")
    for rows in (1, 100, 1000):
        for clients in (1, 8):
            sent: Any = records[0] if rows == 1 else (records * 3)[:rows]
            with ThreadPoolExecutor(clients) as threads:
                begin = time.monotonic()
                took = list(threads.map(_ask, [url] * clients, [sent] * clients))
                seconds = time.monotonic() - begin
            times = sorted(value for values in took for value in values)
            slow = times[min(int(len(times) * 0.99), len(times) - 1)]
            name = "/predict" if rows == 1 else f"/predict_batch of {rows:,}"
            print(
                f"| {name} | {clients} | {rows * len(times) / seconds:,.0f} | "
                f"{statistics.median(times) * 1000:.0f} ms | {slow * 1000:.0f} ms |",
                flush=True,
            )


def _ask(url: str, sent: Any) -> list[float]:
    """Send the same request over and over; return how long each took, in seconds."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    body = json.dumps(sent).encode()
    route = "/predict_batch" if isinstance(sent, list) else "/predict"
    took: list[float] = []
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        begin = time.monotonic()
        connection.request("POST", route, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200, response.status
        took.append(time.monotonic() - begin)
    connection.close()
    return took


if __name__ == "__main__":
    main()
