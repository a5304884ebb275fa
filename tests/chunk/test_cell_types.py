"""A chunk that is read straight into types gives what its texts give, every count and byte."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from titanic_batch.alignment.number_format import NumberFormat
from titanic_batch.alignment.options import AlignmentOptions
from titanic_batch.alignment.plan import plan_alignment
from titanic_batch.chunk.cell_types import typed_parser
from titanic_batch.chunk.output import plan_output
from titanic_batch.chunk.prepare import finish, prepare
from titanic_batch.chunk.profile import plan_profile
from titanic_batch.chunk.task import FileContext
from titanic_batch.errors import DataError
from titanic_batch.predict.base import ModelInfo, Predictions
from titanic_batch.schema import ColumnSchema, TrainingSchema
from titanic_batch.sinks.csv_sink import CsvEncoder
from titanic_batch.sinks.parquet_sink import ArrowEncoder
from titanic_batch.sources.opening import open_source
from titanic_batch.sources.typed_csv import TypedCsvParser

NAMES = ("id", "fare", "sibs", "sex", "class", "alive", "deck")
SCHEMA = TrainingSchema(
    columns=(
        ColumnSchema(name="fare", kind="number", accepts_null=True, quantiles=(0.0, 7.0, 99.0)),
        ColumnSchema(name="sibs", kind="integer", dtype="int64", binary=True),
        ColumnSchema(name="sex", kind="category", dtype="object", categories=("f", "m", "é")),
        ColumnSchema(name="class", kind="category", dtype="int64", categories=(1, 2, 3)),
        ColumnSchema(name="alive", kind="boolean", dtype="bool"),
        ColumnSchema(name="deck", kind="text", accepts_null=True),
    )
)
INFO = ModelInfo(classes=(0, 1), has_probability=True, label_type=pa.int64())
CLEAN = ("7", "7.25", "1", "f", "3", "True", "C85")

USUAL = {
    "id": ["1", "007", "a,b", "x\ny", 'say "no"'],
    "fare": ["7.25", "0", "-3", "1e5", ".5", "1.", "-0", "71.2833", "9007199254740991"],
    "sibs": ["0", "1", "3.0", "2e0"],
    "sex": ["f", "m", "é"],
    "class": ["1", "2", "3", "3.0"],
    "alive": ["true", "False", "1", "0"],
    "deck": ["C85", "None", "É"],
}
NUMBERS = ["", " ", " 3", "3 ", "\t3", "+3", "1_000", "0x10", "1,5", "3.5", "1e400", "1e-400"]
NUMBERS += ["-", ".", "e", "1e", "1e+", "NaN", "nan", "-nan", "NA", "NULL", "null", "None", "inf"]
NUMBERS += ["-Infinity", "9007199254740993", "9007199254740992", "18446744073709551616"]
NUMBERS += ["1" * 400, "0" * 400 + "1", "\uff11", "-999", "true", *NAMES]
TEXTS = ["", "male", "F", " f", "f ", "x", "yes", "TRUE", "2024-01-01", "NA", "None", "nan", "-999"]
TEXTS += ["\0", "\ufeff3", "4", "1.5", "1e400", *NAMES]
ODD = st.tuples(st.integers(0, 5), st.sampled_from([1, 2]), st.sampled_from(NUMBERS)) | st.tuples(
    st.integers(0, 5), st.sampled_from([0, 3, 4, 5, 6]), st.sampled_from(TEXTS)
)


def context_of(
    parser: Any, inputs: pa.Schema, output_format: Any, keep: Any, options: Any
) -> FileContext:
    alignment = plan_alignment(
        SCHEMA, inputs, AlignmentOptions(**options), where="in.csv", text_cells=True
    )
    output = plan_output(
        inputs,
        alignment,
        INFO,
        keep=keep,
        text_format="csv",
        output_format=output_format,
        prediction_column="prediction",
        probability_column="probability",
    )
    return FileContext(
        input="in.csv",
        parser=parser,
        alignment=alignment,
        output=output,
        encoder=CsvEncoder() if output_format == "csv" else ArrowEncoder(),
        profile=plan_profile(alignment, SCHEMA, INFO),
    )


def outcome(context: FileContext, chunk: Any) -> dict[str, Any]:
    """Everything that becomes of a chunk."""
    try:
        prepared = prepare(context, chunk, coded=True)
    except DataError as exc:
        return {"error": str(exc)}
    predictions = None
    if prepared.features is not None:
        predictions = Predictions(
            np.arange(prepared.row_count) % 2, np.full((prepared.row_count, 2), 0.5)
        )
    aligned, parsed = prepared.aligned, prepared.parsed
    result = finish(prepared, predictions)
    return {
        "rows": None if prepared.rows is None else prepared.rows.tolist(),
        "read": [*range(parsed.cells.num_rows)] if parsed.rows is None else parsed.rows.tolist(),
        "faults": (parsed.faults, aligned.faults),
        "counts": asdict(aligned.counts),
        "features": [(one.dtype, repr(one.tolist())) for one in aligned.features],
        "typed": {name: (one.type, str(one.to_pylist())) for name, one in aligned.typed.items()},
        "result": (result.payload, result.rejects, result.other_faults, asdict(result.counts)),
        "profile": repr(result.profile),
    }


def written(records: list[list[str]], delimiter: str, newline: str, quotes: bool) -> str:
    def cell(text: str) -> str:
        if quotes or any(mark in text for mark in (delimiter, '"', "\n", "\r")):
            return '"' + text.replace('"', '""') + '"'
        return text

    return "".join(delimiter.join(map(cell, record)) + newline for record in records)


CELLS = {name: st.sampled_from(USUAL[name] * 5 + ["", "x"]) for name in NAMES}
LINES = st.sampled_from(["\n", "\r\n", " \n", ",,,,,,\n", ",".join(NAMES) + "\n", "\ufeff"])
DAMAGE = st.sampled_from(["\n", "\r\n", ",", '"', "\r", "\0", "a,b\n", "\ufeff"])


@settings(max_examples=250, deadline=None)
@given(
    rows=st.lists(st.tuples(*CELLS.values()), min_size=1, max_size=6),
    odd=st.lists(ODD, max_size=2),
    damage=st.none() | st.tuples(st.integers(0, 200), DAMAGE),
    line=st.none() | st.tuples(st.integers(0, 5), LINES),
    order=st.permutations(range(7)),
    delimiter=st.sampled_from(",;\t "),
    newline=st.sampled_from(["\n", "\r\n"]),
    quotes=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"]),
    wrong=st.booleans(),
    dialect=st.sampled_from([{}, {}, {"skip_lines": 1}, {"trim": True}, {"escape": "\\"}]),
    output=st.sampled_from(
        [("parquet", "all"), ("parquet", ["id", "sex"]), ("csv", "all"), ("csv", "none")]
    ),
    options=st.sampled_from(
        [
            {},
            {"fill": {"fare": 7.0, "sex": "f"}},
            {"allow_null": ["sibs", "sex", "class"], "unknown": {"sex": "allow"}},
            {"null_tokens": ("-999", "x")},
            {"numbers": NumberFormat(decimal=",")},
            {"unknown": {"class": "allow"}, "mapping": {"sex": {"f": "m", "x": "f"}}},
        ]
    ),
)
def test_both_ways_give_the_same(  # noqa: PLR0917
    rows: Any,
    odd: Any,
    damage: Any,
    line: Any,
    order: list[int],
    delimiter: str,
    newline: str,
    quotes: bool,
    encoding: str,
    wrong: bool,
    dialect: Any,
    output: tuple[Literal["csv", "parquet"], Any],
    options: dict[str, Any],
) -> None:
    if delimiter == " ":  # with --trim, it would be no delimiter
        dialect = {}
    records = [list(row) for row in rows]
    for row, column, text in odd:
        records[row % len(records)][column] = text
    arranged = [[record[at] for at in order] for record in [list(NAMES), *records]]
    head = written(arranged[:1], delimiter, newline, quotes)
    lines = [written([record], delimiter, newline, quotes) for record in arranged[1:]]
    if line is not None:
        lines.insert(line[0] % (len(lines) + 1), line[1].replace(",", delimiter))
    body = "".join(lines)
    if damage is not None:
        at = damage[0] % (len(body) + 1)
        body = body[:at] + damage[1] + body[at:]
    title = "a title" + newline if "skip_lines" in dialect else ""
    data = (title + head + body).encode(encoding, "replace")
    declared = "utf-8" if wrong and encoding == "latin-1" else encoding
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "in.csv")
        path.write_bytes(data)
        source = open_source(
            str(path),
            chunk_bytes=1 << 20,
            max_record_bytes=1 << 20,
            delimiter=delimiter,
            encoding=declared,
            allow_no_final_newline=True,
            **dialect,
        )
        try:
            chunks = list(source.chunks())
        except DataError:
            return  # a quote is never closed
        finally:
            source.close()
    texts = context_of(source.parser, source.schema, *output, options)
    assert texts.output is not None
    parser = typed_parser(source.parser, texts.alignment, texts.output)
    is_text = output == ("csv", "all") or "null_tokens" in options or "numbers" in options
    is_other = "trim" in dialect or "escape" in dialect
    assert isinstance(parser, TypedCsvParser) == (not is_text and not is_other)
    typed = context_of(parser, source.schema, *output, options)
    for chunk in chunks:
        assert outcome(typed, chunk) == outcome(texts, chunk)


def read(*records: tuple[str, ...], names: tuple[str, ...] = NAMES) -> pa.Table:
    """Return what the reader of types makes of records; an empty table where it leaves them."""
    body = written([list(record) for record in records], ",", "\n", False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "in.csv")
        path.write_text(",".join(names) + "\n" + body)
        source = open_source(str(path), chunk_bytes=1 << 20, max_record_bytes=1 << 20)
        (chunk,) = source.chunks()
        source.close()
    context = context_of(source.parser, source.schema, "parquet", "all", {})
    assert context.output is not None
    parser = typed_parser(source.parser, context.alignment, context.output)
    return parser.parse(chunk).cells


def test_clean_cells_are_read_into_types() -> None:
    kinds = {field.name: str(field.type) for field in read(CLEAN, CLEAN).schema}
    text, few = "string", "dictionary<values=string, indices=int32, ordered=0>"
    assert kinds == {
        "id": text,
        "fare": "double",
        "sibs": "double",
        "sex": few,
        "class": few,
        "alive": few,
        "deck": text,
    }


@pytest.mark.parametrize("fare", ["", " 3", "+3", "1e5", "-0", "9007199254740991", ".5"])
def test_so_are_other_spellings_of_numbers(fare: str) -> None:
    assert read(CLEAN, (CLEAN[0], fare, *CLEAN[2:])).schema.field("fare").type == pa.float64()


@pytest.mark.parametrize("fare", ["NaN", "NA", "inf", "9007199254740992", "1e400", "0x10", " "])
def test_cells_to_look_at_more_closely_are_read_as_texts(fare: str) -> None:
    assert set(read(CLEAN, (CLEAN[0], fare, *CLEAN[2:])).schema.types) == {pa.string()}


@pytest.mark.parametrize("sibs", ["3.5", "1e-5"])
def test_so_are_fractions_among_whole_numbers(sibs: str) -> None:
    assert set(read((*CLEAN[:2], sibs, *CLEAN[3:])).schema.types) == {pa.string()}


@pytest.mark.parametrize("name", ["5", "1e3", " 2", "nan", ""])
def test_a_name_that_a_number_may_repeat_is_taken_for_no_name(name: str) -> None:
    assert set(read(CLEAN, names=(name, *NAMES[1:])).schema.types) == {pa.string()}
