"""A small clean file with everything that is hard about CSV, and the model columns it feeds."""

from __future__ import annotations

import csv
import io

from titanic_batch.schema import ColumnSchema, TrainingSchema

NAMES = [
    "PassengerId", "Pclass", "Name", "Sex", "Age", "SibSp", "Parch", "Ticket", "Fare", "Cabin",
    "Embarked",
]  # fmt: skip
HEADER = (",".join(NAMES) + "\n").encode()

#: Quoted commas, doubled quotes, a quoted newline, quotes that need not be, nulls, non-ASCII text.
RECORDS = [
    record.encode() + b"\n"
    for record in (
        '892,1,"Chisholm, Mr. Roderick",male,,0,0,112051,0,,S',
        '893,2,"Schmidt, Mr. August",male,26,0,0,248659,13,,S',
        "894,1,Miss. Laura Mabel,female,30,0,0,PC 17485,56.9292,E36,C",
        '897,3,"Panula,\nMr. Jaako Arnold",male,14,4,1,3101295,39.6875,,S',
        '902,3,"Coutts, Mrs. William (Winnie ""Minnie"" T)",female,36,0,2,C.A. 37671,15.9,,S',
        '903,1,"Silvey",female,39,1,0,"13507",55.9,E44,Q',
        '904,3,"Åström, Mr. ""Eino""",male,20,1,0,STON/O 2. 3101285,7.925,"",S',
        "905,3,Shorney,male,,0,0,374910,,,",
        '906,2,"""Wells"", Mrs. Addie",female,29,0,2,29103,23,B82 B84,"S"',
        '910,1,"",male,25.5,1,0,"11,967",91.0792,B49,C',
    )
]
FILE = HEADER + b"".join(RECORDS)

#: The columns that no model column is fed from: their text is kept, and nothing checks it.
TEXT_COLUMNS = frozenset({"PassengerId", "Name", "Ticket", "Cabin"})

SCHEMA = TrainingSchema(
    columns=(
        ColumnSchema(name="Pclass", kind="category", dtype="int64", categories=(1, 2, 3)),
        ColumnSchema(name="Sex", kind="category", dtype="str", categories=("female", "male")),
        ColumnSchema(name="Age", kind="number", dtype="float64", accepts_null=True),
        ColumnSchema(name="SibSp", kind="integer", dtype="int64"),
        ColumnSchema(name="Parch", kind="integer", dtype="int64"),
        ColumnSchema(name="Fare", kind="number", dtype="float64", accepts_null=True),
        ColumnSchema(
            name="Embarked", kind="category", dtype="str", categories=("C", "Q", "S"),
            accepts_null=True,
        ),
    ),
    named=False,  # a bare array is made faster than a frame, and there are thousands to make
)  # fmt: skip

Row = tuple[str | None, ...]


def rows_of(records: list[bytes]) -> list[Row]:
    """Return the cells of clean records, by Python's csv."""
    text = b"".join(records).decode()
    return [
        tuple(cell or None for cell in row)
        for row in csv.reader(io.StringIO(text, newline=""), strict=True)
    ]


ROWS = rows_of(RECORDS)


def states(data: bytes) -> list[str]:
    """Return, for each offset, what stands there: `text` inside quotes, or `structure`.

    What is put in at a `text` offset becomes a part of the cell.
    """
    found = []
    quoted = closed = False
    for byte in data:
        found.append("text" if quoted and not closed else "structure")
        if byte == ord('"'):
            if not quoted:
                quoted = True
            else:
                closed = not closed
        elif closed:
            quoted = closed = False
    return [*found, "structure"]
