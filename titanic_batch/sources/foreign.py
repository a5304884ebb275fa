"""Files in formats that are not read: what each is, by its first bytes, and what makes one that is.

Names lie: an .xls is an HTML page as often as not, and a .csv an Excel workbook.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from titanic_batch.errors import DataError, TitanicBatchError, UsageError
from titanic_batch.sources import conversions
from titanic_batch.sources.conversions import by_pandas
from titanic_batch.sources.formats import COMPRESSIONS, STDIN, input_format
from titanic_batch.stores import entry_at, store_of

_KNOWN = "Inputs end in .csv, .tsv, .txt, .jsonl, .ndjson (also .gz, .bz2, .zst) or .parquet"
_HEAD_BYTES = 4096
_EXCEL = "pd.read_excel({path}, dtype=str, keep_default_na=False)"
_OLD_EXCEL = 'pd.read_excel({path}, dtype=str, keep_default_na=False, engine="calamine")'
#: pandas would take the comma in 7,25 for one between thousands.
_HTML = "pd.read_html({path}, thousands=None, keep_default_na=False)[0]"
_JSON_RECORDS = "pd.read_json({path}, dtype=False, convert_dates=False)"
_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<meta", b"<div")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A format that is not read, or not by such a name.

    Attributes:
        what: What a file of it is, for a sentence.
        ending: What such files' names end in.
        command: Return the command that makes a file that is read of the one at a path; "" where
            there is none that would work.
    """

    what: str
    ending: str
    command: Callable[[str], str]


def unknown_format(path: str) -> UsageError:
    """Return the error for an input whose name says nothing, or a format that is not read."""
    found = entry_at(path)
    if found is None or found.kind != "file":
        return UsageError("unknown file extension", where=path, hint=f"{_KNOWN}.")
    head = _head(path)
    if path.lower().endswith(COMPRESSIONS):
        return _unknown_packed(path, head)
    kind = _identified(head, path)
    if kind is not None:
        return UsageError(f"it is {kind.what}", where=path, hint=_hint(kind, path))
    hint = f"{_KNOWN}."
    if head and _is_text(head):
        ending = ".tsv" if b"\t" in head.partition(b"\n")[0] else ".csv"
        copying = conversions.as_it_is(path, ending)
        hint = f"{_KNOWN}: give this one a name that does, if it is CSV: {copying}."
    return UsageError("unknown file extension", where=path, hint=hint)


def _unknown_packed(path: str, head: bytes) -> UsageError:
    """Return the error for a compressed file whose name does not say what is in it."""
    inner = b""
    if head.startswith(b"\x1f\x8b"):
        with contextlib.suppress(zlib.error):
            inner = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head)
    kind = _identified(inner, STDIN)
    ending = kind.ending if kind is not None else ".csv" if inner and _is_text(inner) else ""
    what = f"it is {kind.what}, compressed" if kind is not None else "unknown file extension"
    hint = f"{_KNOWN}."
    if ending:
        hint = f"Unpack it, and score that: {conversions.unpacked(path, ending)}."
    return UsageError(what, where=path, hint=hint)


def csv_named_parquet(path: str, head: bytes) -> str:
    """Return what to do about a file that is called Parquet and is none."""
    if head and _is_text(head) and not head.startswith(b"PAR1"):
        return f"Name it as CSV, if it is: {conversions.as_it_is(path, '.csv')}."
    return "Copy or make it again; a CSV file must be named .csv."


def foreign_content(
    path: str, head: bytes, *, called: str = "CSV", skips_lines: bool = False
) -> DataError | None:
    """Return the error for a file that is not what its name says; None for none.

    Args:
        path: The file.
        head: What it begins with, unpacked.
        called: What its name says.
        skips_lines: Whether text before its header may be anything.
    """
    kind = _identified(head, path)
    if kind is None or (called == "Parquet" and kind.ending == ".parquet"):
        return None
    if skips_lines and _is_text(head[:1000]):
        return None
    return DataError(f"it is {kind.what}, not {called}", where=path, hint=_hint(kind, path))


def refuse_old_mac(text: bytes, path: str) -> None:
    """Raise DataError for text whose lines end as those of old Macs did.

    Args:
        text: It, as far as its first LF at least.
        path: The input's name.
    """
    alone = text.count(b"\r") - text.count(b"\r\n")
    if alone <= text.count(b"\n"):
        return
    if path == STDIN:
        hint = "Make newlines of them on the way: `... | tr '\\r' '\\n' | titanic-batch ...`."
    else:
        hint = f"Make newlines of them: {conversions.without_carriage_returns(path)}."
    raise DataError(
        "its lines end in carriage returns alone, as on old Macs",
        where=f"{path}, line 1",
        hint=hint,
    )


def _hint(kind: Foreign, path: str) -> str:
    if path == STDIN:
        return "Write it into a file, and score that: what to do with it is said then."
    if path.lower().endswith(COMPRESSIONS):
        return f"Unpack it, and score that: {conversions.unpacked(path, kind.ending)}."
    command = kind.command(path)
    if not command:
        return "Get the table that was meant as CSV or Parquet."
    return f"Convert it: {command}."


def _head(path: str) -> bytes:
    with contextlib.suppress(OSError, TitanicBatchError):
        opened = store_of(path).open(path)
        with opened.file:
            return bytes(opened.file.read(_HEAD_BYTES))
    return b""


def _identified(head: bytes, path: str) -> Foreign | None:
    """Return the format of a file; None for text that may be CSV, and for what is not known."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path)
    for start, kind in _BY_START.items():
        if head.startswith(start):
            return kind
    for start, kind in _BY_WORD.items():  # which a header may begin with
        if head.startswith(start) and not _is_text(head[:1000]):
            return kind
    if head[257:262] == b"ustar":
        return _TAR
    text = head.lstrip()
    if text.startswith(b"\xef\xbb\xbf"):
        text = text[3:].lstrip()
    if text[:64].lower().startswith(_HTML_STARTS):
        return _TABLE_PAGE if b"<table" in head.lower() else _PAGE
    if text.startswith(b"<?xml"):
        return _PAGE if b"<html" in text.lower() else _XML
    if text.startswith((b'{"', b"{}", b"[{", b"[\n", b"[\r\n")):
        is_lines = text.startswith(b"{") and b'}\n{"' in text.replace(b"\r", b"")
        return _JSON_LINES if is_lines else _JSON
    return None


def _is_text(head: bytes) -> bool:
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    controls = sum(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in head)
    return controls == 0


def _zipped(path: str) -> Foreign:
    members = conversions.zip_members(path) if path != STDIN else []
    if any(member.startswith("xl/workbook.") for member in members):
        return _XLSX
    if {"mimetype", "content.xml"} <= set(members):
        return _ODS
    return Foreign(
        what="a zip archive", ending=".zip", command=lambda one: conversions.from_zip(one, members)
    )


def _from_sqlite(path: str) -> str:
    tables = conversions.sqlite_tables(path)
    if not tables:
        return ""
    others = f" (its tables are {', '.join(tables[:10])})" if len(tables) > 1 else ""
    return f"{conversions.from_sqlite(path, tables[0])}{others}"


def _from_json_lines(path: str) -> str:
    if input_format("x.jsonl"):
        return conversions.as_it_is(path, ".jsonl")
    return by_pandas(path, _JSON_RECORDS.replace("{path}", "{path}, lines=True"), ".parquet")


def _packed(what: str, ending: str) -> Foreign:
    def command(path: str) -> str:
        inner = PurePath(path).suffix if input_format(path) == "tsv" else ".csv"
        return conversions.as_it_is(path, f"{inner}{ending}")

    return Foreign(what=what, ending=ending, command=command)


_FEATHER = Foreign(
    what="an Arrow IPC file (Feather)",
    ending=".feather",
    command=lambda path: by_pandas(path, "pd.read_feather({path})", ".parquet"),
)
_XLSX = Foreign(
    what="an Excel workbook (.xlsx)",
    ending=".xlsx",
    command=lambda path: by_pandas(path, _EXCEL, ".csv", needs="openpyxl"),
)
_ODS = Foreign(
    what="an OpenDocument spreadsheet (.ods)",
    ending=".ods",
    command=lambda path: by_pandas(path, _EXCEL, ".csv", needs="odf"),
)
_TAR = Foreign(what="a tar archive", ending=".tar", command=conversions.from_tar)
_TABLE_PAGE = Foreign(
    what="an HTML page",
    ending=".html",
    command=lambda path: by_pandas(path, _HTML, ".csv", needs="lxml"),
)
_PAGE = Foreign(what="an HTML page without a table", ending=".html", command=lambda _: "")
_XML = Foreign(what="an XML file", ending=".xml", command=lambda _: "")
_JSON_LINES = Foreign(what="JSON, an object a line", ending=".jsonl", command=_from_json_lines)
_JSON = Foreign(
    what="a JSON file",
    ending=".json",
    command=lambda path: by_pandas(path, _JSON_RECORDS, ".parquet"),
)
_BY_START = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Foreign(
        what="an old Excel workbook (.xls)",
        ending=".xls",
        command=lambda path: by_pandas(path, _OLD_EXCEL, ".csv", needs="python_calamine"),
    ),
    b"\xfd7zXZ\x00": Foreign(what="compressed by xz", ending=".xz", command=conversions.from_xz),
    b"7z\xbc\xaf\x27\x1c": Foreign(
        what="a 7-Zip archive (.7z)", ending=".7z", command=conversions.from_seven_zip
    ),
    b"SQLite format 3\x00": Foreign(
        what="an SQLite database", ending=".sqlite", command=_from_sqlite
    ),
    b"Obj\x01": Foreign(
        what="an Avro file",
        ending=".avro",
        command=lambda path: by_pandas(
            path,
            'pd.DataFrame(fastavro.reader(open({path}, "rb")))',
            ".parquet",
            needs="fastavro",
            more=", fastavro",
        ),
    ),
    b"ARROW1\x00\x00": _FEATHER,
    b"\xff\xff\xff\xff": Foreign(
        what="an Arrow IPC stream",
        ending=".arrows",
        command=lambda path: by_pandas(
            path,
            "pyarrow.ipc.open_stream({path}).read_pandas()",
            ".parquet",
            more=", pyarrow.ipc",
        ),
    ),
    b"\x1f\x8b": _packed("compressed by gzip", ".gz"),
    b"\x28\xb5\x2f\xfd": _packed("compressed by zstd", ".zst"),
}
_BY_WORD = {
    b"PAR1": Foreign(
        what="a Parquet file",
        ending=".parquet",
        command=lambda path: conversions.as_it_is(path, ".parquet"),
    ),
    b"ORC": Foreign(
        what="an ORC file",
        ending=".orc",
        command=lambda path: by_pandas(path, "pd.read_orc({path})", ".parquet"),
    ),
    b"FEA1": _FEATHER,
    b"BZh": _packed("compressed by bzip2", ".bz2"),
}
