"""CSV as people have it: what the options of reading change, and what they leave as it is."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from tests.cli.command import Command, manifest
from tests.cli.direct import cells
from tests.cli.odd_files import MENDED, PLAIN, ROWS
from tests.cli.test_advice import run_in_process
from tests.sources.reading import open_it, read
from titanic_batch.errors import DataError, UsageError

GERMAN = ("--delimiter", ";", "--decimal", ",", "--thousands", ".")


@pytest.fixture
def command(in_process: Command) -> Command:
    return in_process


def probabilities(command: Command, *arguments: object, **more: Any) -> list[float]:
    command("score", *arguments, "out.parquet", "-q", "--overwrite", **more)
    found: list[float] = pq.read_table(command.folder / "out.parquet")["probability"].to_pylist()
    return found


def write(folder: Path, content: bytes | str, name: str = "in.csv") -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def test_kept_cells_have_their_own_text_in_csv_and_the_schemas_types_in_parquet(
    command: Command, tmp_path: Path
) -> None:
    content = MENDED["german"][0]
    name = write(tmp_path, content)
    command("score", name, "out.csv", *GERMAN, "-q")
    before = [line.split(";") for line in content.decode("cp1252").splitlines()]
    fare = before[0].index("Fare")
    kept = cells(tmp_path / "out.csv")
    assert [row[fare] for row in kept[1:]] == [row[fare] for row in before[1:]]
    assert any("." in row[fare] for row in kept[1:])
    command("score", name, "out.parquet", *GERMAN, "-q")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.field("Fare").type == pa.float64()
    assert max(table["Fare"].to_pylist()) > 1000
    assert table.schema.field("Ticket").type == pa.string()
    plain = pd.DataFrame(table.to_pydict()).drop(columns=["prediction", "probability"])
    plain.to_csv(tmp_path / "plain.csv", index=False)
    assert probabilities(command, "plain.csv") == table["probability"].to_pylist()


def test_a_job_knows_the_same_options(command: Command, tmp_path: Path) -> None:
    write(tmp_path, b"sep=;\n" + MENDED["german"][0])
    (tmp_path / "job.toml").write_text(
        '[job]\nname = "n"\n[input]\npath = "in.csv"\n[output]\npath = "out.csv"\n[score]\n'
        'delimiter = ";"\ndecimal = ","\nthousands = "."\nskip_lines = 1\ntrim = true\n'
        "escape = '\\'\n"
    )
    command("run", "job.toml", "-q")
    options = manifest(tmp_path / "out.csv")["options"]
    assert (options["decimal"], options["skip_lines"], options["escape"]) == (",", 1, "\\")
    (tmp_path / "job.toml").write_text(
        (tmp_path / "job.toml").read_text().replace('decimal = ","', 'decimal = "x"')
    )
    assert 'score.decimal: it is "x"' in command("run", "job.toml", code=2).error


def test_spaces_are_dropped_counted_and_reported(command: Command, tmp_path: Path) -> None:
    rows = PLAIN.splitlines()
    rows[1:3] = [row.replace(",male,", ", male\t,") for row in rows[1:3]]
    name = write(tmp_path, "\n".join([*rows, ""]).replace(',"', ', "'))
    done = command("score", name, "out.csv", "--trim")
    assert f"  trimmed  Name {ROWS}, Sex 2\n" in done.out
    found = manifest(tmp_path / "out.csv")
    assert found["trimmed"] == {"Name": PLAIN.count(',"'), "Sex": 2}
    kept = pd.read_csv(tmp_path / "out.csv", dtype=str).iloc[:, :11]
    assert kept.equals(pd.read_csv(io.StringIO(PLAIN), dtype=str))
    checked = command("check", name, "--trim", "--json").json
    assert checked["trimmed"] == found["trimmed"]


def test_empty_lines_at_the_end_are_counted_and_reported(command: Command, tmp_path: Path) -> None:
    done = command("score", write(tmp_path, f"{PLAIN}\n\r\n\n"), "out.csv")
    assert "3 empty lines at the end" in done.out
    found = manifest(tmp_path / "out.csv")
    assert (found["empty_lines"], found["rows"]["read"]) == (3, ROWS)
    assert "3 empty lines at the end" in command("check", "in.csv").out


def test_a_column_without_a_name_keeps_none_in_csv(command: Command, tmp_path: Path) -> None:
    pd.read_csv(io.StringIO(PLAIN)).to_csv(tmp_path / "in.csv")
    command("score", "in.csv", "out.csv", "-q")
    assert (tmp_path / "out.csv").read_text().startswith(",PassengerId,")
    assert cells(tmp_path / "out.csv")[2][0] == "1"
    command("score", "in.csv", "out.parquet", "-q")
    assert pq.read_schema(tmp_path / "out.parquet").names[0] == "Unnamed: 0"
    command("score", "in.csv", "some.csv", "-q", "--keep", "Unnamed: 0")
    assert cells(tmp_path / "some.csv")[0] == ["", "prediction", "probability"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--decimal", ","), "--decimal ',' is the delimiter"),
        (("--delimiter", ";", "--decimal", ";"), "--decimal ';' is the delimiter"),
        (("--decimal", ",", "--thousands", ","), "--thousands ',' is the decimal mark"),
        (("--escape", ","), "--escape ',' is the delimiter"),
        (("--escape", '"'), "a doubled quote needs no option"),
        (("--escape", "ab"), "--escape 'ab'"),
        (("--skip-lines", str(ROWS + 1)), f"the file has {ROWS + 1} lines"),
        (("--skip-lines", "-1"), "--skip-lines"),
        (("--delimiter", " ", "--trim"), "--trim drops spaces"),
    ],
)
def test_options_that_cannot_be_are_2(
    options: tuple[str, ...], says: str, command: Command, tmp_path: Path
) -> None:
    name = write(tmp_path, PLAIN)
    for verb in (("score", name, "out.csv"), ("check", name)):
        assert says in command(*verb, *options, code=2).error
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_quotes_with_backslashes_that_seem_never_to_end_are_recognised(
    command: Command, tmp_path: Path
) -> None:
    header = PLAIN.partition("\n")[0]
    row = '1,3,"Kelly, Jim\\"",male,34,0,0,330911,7.8,,Q\n'
    name = write(tmp_path, f"{header}\n{row}")
    refused = command("score", name, "out.csv", code=65)
    assert "line 2: a quote is opened in the record that starts here" in refused.error
    assert r"add --escape '\'" in refused.error
    command("score", name, "out.csv", "-q", "--escape", "\\")
    assert cells(tmp_path / "out.csv")[1][2] == 'Kelly, Jim"'


def test_check_shows_cells_before_and_after(command: Command, tmp_path: Path) -> None:
    name = write(tmp_path, MENDED["german"][0].replace(b";male;", b"; male;"))
    flags = (*GERMAN, "--trim", "--fill", "Age=30", "--null", "13.000,00")
    found = {one["column"]: one for one in command("check", name, *flags, "--json").json["cells"]}
    assert found["Sex"]["options"] == ["--trim"]
    assert found["Sex"]["examples"][0] == {"before": " male", "after": "male", "rejected": None}
    assert found["Fare"]["options"] == ["--decimal ','", "--thousands '.'", "--null 13.000,00"]
    befores = {one["before"]: one["after"] for one in found["Fare"]["examples"]}
    assert befores.pop("13.000,00") is None
    assert befores == {"0,00": 0, "56.929,20": 56929.2}
    assert {"before": None, "after": 30, "rejected": None} in found["Age"]["examples"]
    assert found["Age"]["options"][-1] == "--fill Age=30"
    out = command("check", name, *flags).out
    assert "' male' -> male" in out
    assert "56.929,20 -> 56929.2" in out


# Files that are called CSV and are none


def frame() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(PLAIN))


def as_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as database:
        frame().to_sql('pass"engers', database, index=False)
    database.close()


MADE: dict[str, tuple[Any, str]] = {
    "feather": (lambda path: frame().to_feather(path), "an Arrow IPC file (Feather)"),
    "orc": (lambda path: pa.orc.write_table(pa.table(frame()), path), "an ORC file"),
    "sqlite": (as_sqlite, "an SQLite database"),
    "parquet": (lambda path: frame().to_parquet(path), "a Parquet file"),
    "gzip": (lambda path: path.write_bytes(gzip.compress(PLAIN.encode())), "compressed by gzip"),
    "json": (lambda path: frame().to_json(path, orient="records"), "a JSON file"),
    "old-mac": (
        lambda path: path.write_bytes(PLAIN.replace("\n", "\r").encode()),
        "carriage returns alone, as on old Macs",
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_no_csv_is_named_with_a_command_that_works(
    name: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, says = MADE[name]
    make(tmp_path / "in.csv")
    refused = command("score", "in.csv", "out.csv", code=65)
    assert says in refused.error
    if " -c " in refused.error:
        run_in_process(refused.error, tmp_path, monkeypatch)
    else:
        line = refused.error.split("`")[1]
        subprocess.run(line, shell=True, check=True, cwd=tmp_path)
    (made,) = (path.name for path in tmp_path.iterdir() if path.name != "in.csv")
    command("score", made, "out.parquet", "-q")
    scored = pd.read_parquet(tmp_path / "out.parquet")
    for column in ("Pclass", "Sex", "Age", "Fare", "Embarked"):
        pd.testing.assert_series_equal(scored[column], frame()[column], check_dtype=False)


@pytest.mark.parametrize(
    ("head", "what", "needs"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel workbook", "calamine"),
        (b"Obj\x01\x04\x14avro.codec", "an Avro file", "fastavro"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7-Zip archive", "x -so"),
        (b"\xfd7zXZ\x00\x00\x04", "compressed by xz", "xz"),
        (b"\n <!DOCTYPE html>\n<html><table><tr><td>1", "an HTML page", "read_html"),
        (b"<html><body>503 Service Unavailable", "an HTML page without a table", "Get the"),
        (b'<?xml version="1.0"?>\n<a/>\n', "an XML file", "Get the"),
    ],
)
def test_first_bytes_tell_what_a_file_is_whatever_its_name(
    head: bytes, what: str, needs: str, tmp_path: Path
) -> None:
    for name, kind in (("in.csv", DataError), ("in.xyz", UsageError), ("in.csv.gz", DataError)):
        packed = name.endswith(".gz")
        path = tmp_path / write(tmp_path, gzip.compress(head) if packed else head, name)
        with pytest.raises(kind) as raised:
            open_it(path)
        assert f"it is {what}" in raised.value.message
        assert ("gzip -dc < " if packed else needs) in raised.value.hint


def test_words_at_the_start_of_a_header_are_no_magic(tmp_path: Path) -> None:
    for word in ("ORC", "PAR1", "BZh", "FEA1"):
        path = tmp_path / write(tmp_path, PLAIN.replace("PassengerId", word, 1))
        assert read(path).names[0] == word


def test_an_excel_workbook_is_told_from_a_zip_archive(tmp_path: Path) -> None:
    for folder, what in (("xl", "an Excel workbook (.xlsx)"), ("data", "a zip archive")):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, PLAIN, "workbook.xml")
        shutil.make_archive(str(tmp_path / "made"), "zip", tmp_path, folder)
        (tmp_path / "made.zip").rename(tmp_path / "in.csv")
        with pytest.raises(DataError, match=f"it is {re.escape(what)}, not CSV"):
            open_it(tmp_path / "in.csv")


def test_no_command_writes_over_a_file_that_is_there(tmp_path: Path) -> None:
    write(tmp_path, PLAIN, "in.csv")
    for name, content in (("in.dat", PLAIN.encode()), ("in.csv.xz", b"\xfd7zXZ\x00\x00\x04")):
        with pytest.raises(UsageError) as raised:
            open_it(tmp_path / write(tmp_path, content, name))
        assert ".fixed.csv`" in raised.value.hint
