"""Row groups are written beside the work of gathering them, and what goes wrong is said."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from titanic_batch.sinks import parquet_sink
from titanic_batch.sinks.base import Rows
from titanic_batch.sinks.parquet_sink import ParquetFormat

TABLE = pa.table({"a": list(range(1_000)), "b": ["x" * 50] * 1_000})


class Full(io.BytesIO):
    """A file that takes so many bytes, and no more."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.most:
            raise OSError(28, "No space left on device")
        return super().write(data)


def test_rows_that_go_to_another_process_are_all_that_goes() -> None:
    some = Rows(TABLE.slice(10, 5))
    pickled = pickle.dumps(some)
    assert pickle.loads(pickled) == some
    assert len(pickled) < 2_000


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_sink, "ROW_GROUP_ROWS", 250)


@pytest.mark.usefixtures("small_groups")
def test_rows_come_in_order_in_groups_of_the_size() -> None:
    file = io.BytesIO()
    sink = ParquetFormat(TABLE.schema, {"k": "v"}).open(file)
    for start in range(0, 1_000, 90):
        sink.write(Rows(TABLE.slice(start, 90)))
    sink.finish()
    sink.close()
    read = pq.ParquetFile(io.BytesIO(file.getvalue()))
    assert read.read().equals(TABLE)
    sizes = [read.metadata.row_group(at).num_rows for at in range(read.num_row_groups)]
    assert sizes == [270, 270, 270, 190]


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("most", [3, 600, 1_500])
def test_a_full_disk_is_said_by_the_next_call_or_the_last(most: int) -> None:
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012  # whichever call it is
        sink = ParquetFormat(TABLE.schema, {}).open(Full(most))
        try:
            for start in range(0, 1_000, 90):
                sink.write(Rows(TABLE.slice(start, 90)))
            sink.finish()
        finally:
            sink.close()
