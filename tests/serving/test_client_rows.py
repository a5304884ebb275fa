"""What parity sends: a file's rows as a client would, numbers as JSON has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.alignment.planning import category, column, plan
from titanic_batch.alignment.number_format import NumberFormat
from titanic_batch.chunk.task import FileContext
from titanic_batch.serving.client_rows import records_of
from titanic_batch.sources.opening import open_source


def test_numbers_are_sent_as_numbers_however_the_file_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('title\nfare;class;name;alone\n"1.234,5"; 3 ;1.234,5;true\n1.23;;a;NA\n')
    declared: dict[str, Any] = {"delimiter": ";", "skip_lines": 1, "trim": True}
    source = open_source(str(path), chunk_bytes=1 << 20, max_record_bytes=1 << 20, **declared)
    columns = [column("fare"), category("class", 1, 3), column("alone", binary=True)]
    alignment = plan(columns, source.schema.names, numbers=NumberFormat(",", "."))
    context = FileContext(input=str(path), parser=source.parser, alignment=alignment)
    (chunk,) = source.chunks()
    sent = [record for _, record in records_of(context, chunk)]
    source.close()
    assert sent[0] == {"fare": 1234.5, "class": 3, "name": "1.234,5", "alone": "true"}
    assert sent[1] == {"fare": "no number", "class": None, "name": "a", "alone": "NA"}
    assert alignment.column_mappings[0].numbers.plain(pa.array(["1.23"]))[0].as_py() == "no number"
