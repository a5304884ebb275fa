"""The cell texts that are nulls: a frozen copy of the list in pandas.read_csv."""

from __future__ import annotations

#: Null to pandas.read_csv, besides the empty cell. Null to us, too, where no value is spelled so:
#: in columns of numbers and of booleans. In a column of text only those are that training has
#: shown to be, for None is a deck that someone chose, and NA a country.
READ_AS_NULL = (
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)

#: So usual that nobody needs to be told.
USUAL_NULLS = ("NA", "NaN", "null")
