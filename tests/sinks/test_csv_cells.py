"""A text cell of a CSV output reads back as it was, whatever stands in it."""

from __future__ import annotations

import csv
import io

import pyarrow as pa

from titanic_batch.sinks.csv_sink import CsvEncoder


def test_text_reads_back_as_it_was() -> None:
    cells = ["plain", "a, b", 'say "x"', '"', 'both, "x"', "two\nlines", "ü", " "]
    text = CsvEncoder().encode(pa.table({"cell": cells, "next": cells[::-1]})).decode()
    found = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert [list(pair) for pair in zip(cells, cells[::-1], strict=True)] == found
