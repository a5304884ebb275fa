"""What a kept column can be declared to hold; apart, for every start of the program asks it."""

from __future__ import annotations

from typing import Literal, get_args

ColumnType = Literal["integer", "number", "boolean", "date", "timestamp", "text"]
COLUMN_TYPES: tuple[ColumnType, ...] = get_args(ColumnType)
