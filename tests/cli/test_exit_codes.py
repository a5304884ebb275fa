"""Bad input, wrong usage: the code, one short message on stderr, and the old output untouched."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from tests.cli.command import DIRTY, PASSENGERS, SAMPLE_DATA, Command, Done, manifest, state
from tests.cli.direct import cells


@pytest.fixture
def command(in_process: Command) -> Command:
    return in_process


Fails = Callable[..., str]


@pytest.fixture
def out(published: Path, tmp_path: Path) -> Path:
    """Return a folder with an output, old.csv, published earlier, its rejects and its manifest."""
    shutil.copytree(published, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def fails(command: Command, out: Path) -> Fails:
    """Return a call that fails, says one short message and leaves the old output as it was."""

    def call(code: int, *arguments: object, leaves: tuple[str, ...] = (), **options: object) -> str:
        before = state(out)
        done: Done = command("score", *arguments, code=code, **options)  # type: ignore[arg-type]
        after = state(out)
        assert set(leaves) == set(after) - set(before)
        assert before == {name: after[name] for name in after if name not in leaves}
        assert done.out == ""
        return done.error

    return call


def edited(tmp_path: Path, name: str, old: str, new: str, count: int = 1) -> Path:
    """Write the passengers with a text replaced."""
    text = PASSENGERS.read_text("utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, count), "utf-8")
    return path


HEADER = PASSENGERS.read_text("utf-8").partition("\n")[0]


def test_a_missing_file_is_66(fails: Fails) -> None:
    assert fails(66, "nowhere.csv", "out/old.csv").startswith("nowhere.csv: no such file")
    assert fails(66, "nowhere.parquet", "out/old.csv").startswith("nowhere.parquet: no such file")


def test_a_missing_file_is_reported_before_the_model_is_looked_up(fails: Fails) -> None:
    message = fails(66, "nowhere.csv", "out/old.csv", "--model", "no_such_model")
    assert message.startswith("nowhere.csv: no such file")


def test_an_empty_file_is_66_unless_it_is_allowed(
    fails: Fails, command: Command, tmp_path: Path
) -> None:
    for name in ("empty.csv", "empty.parquet"):
        (tmp_path / name).write_bytes(b"")
        message = fails(66, name, "out/old.csv")
        assert message.startswith(f"{name}: the input is empty")
        assert "--allow-empty" in message
        command("score", name, f"{name}.csv", "--allow-empty")
        assert cells(tmp_path / f"{name}.csv") == [["prediction", "probability"]]
        assert manifest(tmp_path / f"{name}.csv")["input"]["bytes"] == 0
        command("verify", f"{name}.csv")
    assert fails(66, "-", "out/old.csv", stdin=b"").startswith("-: the input is empty")


def test_an_error_document_that_nobody_reads_keeps_the_errors_code(
    installed: Command, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = installed.start("score", "nowhere.csv", "x.csv", "--json", stdout=writing)
    os.close(writing)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 66
    assert b"Traceback" not in said


def test_a_header_without_data_rows_is_66_unless_it_is_allowed(
    fails: Fails, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "head.csv").write_text(HEADER + "\n")
    pq.write_table(
        pq.read_table(SAMPLE_DATA / "passengers.parquet").slice(0, 0), tmp_path / "head.parquet"
    )
    for name in ("head.csv", "head.parquet"):
        message = fails(66, name, "out/old.csv")
        assert message.startswith(f"{name}: the input has a header and no data rows")
        assert "--allow-empty" in message
    for name, output in (("head.csv", "out/old.csv"), ("head.parquet", "out/new.parquet")):
        command("score", name, output, "--allow-empty")
        assert manifest(tmp_path / output)["rows"] == {"read": 0, "scored": 0, "rejected": 0}
        command("verify", output)
    assert cells(tmp_path / "out/old.csv") == [[*HEADER.split(","), "prediction", "probability"]]
    empty = pq.read_table(tmp_path / "out/new.parquet")
    assert empty.num_rows == 0
    assert [*HEADER.split(","), "prediction", "probability"] == empty.column_names


def test_missing_columns_are_65_and_all_are_named(fails: Fails, tmp_path: Path) -> None:
    text = HEADER.replace("Fare", "Fair").replace("Embarked", "Zzz").replace("Sex", "Sexes")
    edited(tmp_path, "in.csv", HEADER, text)
    message = fails(65, "in.csv", "out/old.csv")
    assert message.startswith("in.csv: ")
    for missing in ("Fare (nearest: Fair", "Sex (nearest: Sexes", "Embarked"):
        assert missing in message
    assert "--rename Sexes=Sex" in message
    assert "Pclass" not in message


def test_duplicate_columns_are_65(fails: Fails, tmp_path: Path) -> None:
    edited(tmp_path, "in.csv", "Parch", "SibSp")
    message = fails(65, "in.csv", "out/old.csv")
    assert message.startswith("in.csv, line 1: the header repeats 'SibSp'")
    table = pq.read_table(PASSENGERS.with_suffix(".parquet"))
    names = ["SibSp" if name == "Parch" else name for name in table.column_names]
    pq.write_table(table.rename_columns(names), tmp_path / "in.parquet")
    assert "SibSp" in fails(65, "in.parquet", "out/old.csv")


def test_wrong_types_are_65(fails: Fails, tmp_path: Path) -> None:
    table = pq.read_table(PASSENGERS.with_suffix(".parquet"))
    place = table.column_names.index("Fare")
    stamps = pa.array([0] * table.num_rows, pa.timestamp("s"))
    pq.write_table(table.set_column(place, "Fare", stamps), tmp_path / "in.parquet")
    message = fails(65, "in.parquet", "out/old.csv")
    assert message.startswith("in.parquet: column Fare is timestamp[")
    edited(tmp_path, "in.csv", ",male,", ",Mann,", -1)
    message = fails(65, "in.csv", "out/old.csv", leaves=("old.csv.failed.rejects.csv",))
    assert "column Sex: unknown-category" in message


def test_too_many_rejects_are_65_and_all_of_them_are_kept(
    fails: Fails, command: Command, out: Path
) -> None:
    failed = "old.csv.failed.rejects.csv"
    message = fails(65, DIRTY, "out/old.csv", leaves=(failed,))
    assert message.startswith(f"{DIRTY}: 9 of 24 rows read were rejected, allowed are 0:\n")
    assert message.count("\n  row ") == 5
    assert "\n  and 4 more\n" in message
    assert str(out / failed) in message
    assert "--max-rejects" in message
    found = cells(out / failed)
    assert len(found) == 10
    assert (out / failed).stat().st_mode & 0o777 == 0o600
    command("score", PASSENGERS, "out/old.csv")
    assert {"old.csv", "old.csv.manifest.json"} == set(state(out))


@pytest.mark.parametrize(
    ("limit", "code"), [("9", 0), ("8", 65), ("37.5%", 0), ("37.4%", 65), ("100%", 0), ("0%", 65)]
)
def test_max_rejects_is_a_count_or_a_share_of_the_rows_read(
    limit: str, code: int, command: Command, tmp_path: Path
) -> None:
    command("score", DIRTY, "new.csv", "--max-rejects", limit, "-q", code=code)  # 9 of 24 rows
    assert (tmp_path / "new.csv").exists() == (code == 0)
    assert (tmp_path / "new.csv.rejects.csv").exists() == (code == 0)
    assert (tmp_path / "new.csv.failed.rejects.csv").exists() == (code == 65)


def test_an_output_without_any_scored_row_is_65_however_many_are_allowed(
    fails: Fails, tmp_path: Path
) -> None:
    edited(tmp_path, "in.csv", ",S\n", ",S,\n", -1)
    lines = (tmp_path / "in.csv").read_text("utf-8").splitlines(keepends=True)
    bad = [line for line in lines[1:] if line.endswith(",S,\n")]
    (tmp_path / "in.csv").write_text("".join([lines[0], *bad]), "utf-8")
    message = fails(
        *(65, "in.csv", "out/old.csv", "--max-rejects", "100%"),
        leaves=("old.csv.failed.rejects.csv",),
    )
    assert "no row could be scored" in message
    assert "wrong-width" in message


def test_a_missing_output_folder_is_74_and_is_not_made(fails: Fails, tmp_path: Path) -> None:
    message = fails(74, PASSENGERS, "nowhere/new.csv")
    assert message.startswith(f"{tmp_path / 'nowhere'}: the output's folder does not exist")
    assert "mkdir -p" in message
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_in_the_outputs_place_is_74(command: Command, out: Path) -> None:
    (out / "old.parquet").mkdir()
    shutil.copy(PASSENGERS, out.parent / "old.csv")
    assert "is a folder" in command("score", "old.csv", "out/", code=74).error


def test_the_installed_command_exits_with_the_codes_of_the_contract(
    installed: Command, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "best_model.pkl").write_bytes(b"whatever")
    for code, arguments in (
        (2, (PASSENGERS, "out/old.txt")),
        (65, (DIRTY, "out/old.csv")),
        (66, ("nowhere.csv", "out/old.csv")),
        (69, (PASSENGERS, "out/old.csv", "-m", "nobody")),
        (74, (PASSENGERS, "nowhere/new.csv")),
        (77, (PASSENGERS, "out/old.csv", "-m", "best_model.pkl")),
    ):
        done = installed("score", *arguments, code=code)
        assert done.error
        assert done.out == ""


@pytest.fixture
def read_only(out: Path) -> Iterator[tuple[str, ...]]:
    """Make the output folder read-only: for root, who heeds no permission bits, by a mount."""
    if os.geteuid() == 0:
        mount = f"mount --bind {out} {out} && mount -o remount,ro,bind {out} && exec " + '"$0" "$@"'
        yield "unshare", "--mount", "--map-root-user", "sh", "-c", mount
    else:
        out.chmod(0o555)
        yield ()
        out.chmod(0o755)


def test_a_read_only_output_folder_is_74(fails: Fails, read_only: tuple[str, ...]) -> None:
    message = fails(74, PASSENGERS, "out/old.csv", before=read_only)
    assert "old.csv: " in message
    assert "Read-only file system" in message or "Permission denied" in message


def test_input_and_output_must_not_be_the_same_file(fails: Fails, out: Path) -> None:
    (out / "symlink.csv").symlink_to("old.csv")
    (out / "hardlink.csv").hardlink_to(out / "old.csv")
    pairs = [("old", "old"), ("symlink", "old"), ("old", "symlink"), ("hardlink", "old")]
    for source, target in pairs:
        arguments = (f"out/{source}.csv", f"out/{target}.csv", "--overwrite")
        assert "same file" in fails(2, *arguments)
    assert "same file" in fails(2, "out/old.csv", "out/../out/old.csv")
    rejects = ("--rejects", "out/old.csv")
    assert "same file" in fails(2, "out/old.csv", "out/new.csv", *rejects)


def test_an_output_of_something_else_is_2_unless_overwrite_says_so(
    fails: Fails, command: Command, out: Path
) -> None:
    (out / "foreign.csv").write_text("a,b\n1,2\n")
    assert "--overwrite" in fails(2, PASSENGERS, "out/foreign.csv")
    with (out / "old.csv").open("a") as file:
        file.write("changed since\n")
    assert "--overwrite" in fails(2, PASSENGERS, "out/old.csv")
    command("score", PASSENGERS, "out/foreign.csv", "--overwrite")
    command("verify", "out/foreign.csv")


def test_unknown_extensions_are_2(fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "in.xlsx").write_bytes(b"PK")
    assert fails(2, "in.xlsx", "out/old.csv").startswith("in.xlsx: unknown file extension")
    assert fails(2, PASSENGERS, "out/new.txt").startswith("out/new.txt: unknown file extension")
    assert "Outputs end in .csv, .jsonl" in fails(2, PASSENGERS, "out/new.csv.bz2")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--bogus",), "--bogus"),
        (("--max-rejects", "some"), "--max-rejects"),
        (("--max-rejects", "-1"), "--max-rejects"),
        (("--max-rejects", "101%"), "--max-rejects"),
        (("--max-rejects", "nan%"), "--max-rejects"),
        (("--max-rejects", "1.5"), "--max-rejects"),
        (("--chunk-size", "0"), "--chunk-size"),
        (("--chunk-size", "-4MB"), "--chunk-size"),
        (("--chunk-size", "large"), "--chunk-size"),
        (("--chunk-size", "4TB"), "--chunk-size"),
        (("--max-record", "x"), "--max-record"),
        (("--delimiter", "ab"), "--delimiter"),
        (("--delimiter", '"'), "--delimiter"),
        (("--delimiter", "é"), "--delimiter"),
        (("--encoding", "klingon"), "--encoding"),
        (("--encoding", "hex"), "--encoding"),
        (("--threshold", "much"), "--threshold"),
        (("--threshold", "1.5"), "--threshold"),
        (("--threshold", "nan"), "--threshold"),
        (("--workers", "0"), "--workers"),
        (("--log-format", "xml"), "--log-format"),
        (("--output-format", "xlsx"), "--output-format"),
        (("--unknown", "Sex=maybe"), "--unknown"),
        (("--rename", "Sex"), "--rename"),
        (("--map", "Sex"), "--map"),
        (("--trust", "abc"), "--trust"),
        (("--keep", "Nobody"), "--keep"),
        (("--fill", "Age=old"), "--fill"),
        (("--prediction-column", "Age"), "--prediction-column"),
        (("--probability-column", "prediction"), "--probability-column"),
        (("--json",), "--json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_options_are_2(arguments: tuple[str, ...], says: str, command: Command) -> None:
    output = "-" if arguments == ("--json",) else "new.csv"
    done = command("score", PASSENGERS, output, *arguments, code=2)
    assert says in done.error
    assert not list(command.folder.iterdir())
    if arguments == ("--json",):
        assert done.json["exit_code"] == 2
    else:
        assert done.out == ""


def test_wrong_usage_is_2_whatever_the_command(command: Command) -> None:
    assert "INPUT" in command("score", code=2).error
    assert "OUTPUT" in command("score", PASSENGERS, code=2).error
    assert "scor" in command("scor", code=2).error
    assert "--bogus" in command("models", "list", "--bogus", code=2).error
    document = command("check", "--bogus", "--json", code=2).json
    assert (document["exit_code"], document["status"]) == (2, "failed")
    (line,) = command("verify", "--log-format", "json", code=2).log
    assert (line["level"], line["exit_code"]) == ("error", 2)


def test_a_model_that_is_not_found_is_69(fails: Fails) -> None:
    assert "models list" in fails(69, PASSENGERS, "out/old.csv", "--model", "nobody")
    message = fails(69, PASSENGERS, "out/old.csv", "-m", "titanic_model:nobody")
    assert message.startswith("titanic_model:nobody: ")
    assert fails(69, PASSENGERS, "out/old.csv", "-m", "no.pkl").startswith("no.pkl: ")
    message = fails(69, PASSENGERS, "out/old.csv", TITANIC_BATCH_MODEL="from_environment")
    assert message.startswith("from_environment: ")


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_an_untrusted_model_is_77_and_nothing_of_it_runs(
    fails: Fails, command: Command, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    (tmp_path / "best_model.pkl").write_bytes(pickle.dumps(Canary(canary)))
    message = fails(77, PASSENGERS, "out/old.csv", "-m", "best_model.pkl")
    assert "titanic-batch models trust best_model.pkl" in message
    assert not canary.exists()
    command("check", PASSENGERS, "-m", "best_model.pkl", code=77)
    assert not canary.exists()


def test_an_output_that_another_run_holds_is_75(fails: Fails, out: Path) -> None:
    with FileLock(out / ".old.csv.lock"):
        message = fails(75, PASSENGERS, "out/old.csv")
    assert "another run is writing this output" in message


@pytest.mark.parametrize("name", ["in.parquet", "in.csv.gz", "in.csv.bz2", "in.csv.zst"])
def test_damaged_files_are_65(name: str, fails: Fails, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x1f\x8bdamaged" * 50)
    assert fails(65, name, "out/old.csv").startswith(f"{name}: ")


def test_an_unclosed_quote_is_65_with_the_line_where_it_opens(fails: Fails, tmp_path: Path) -> None:
    last = '900000,3,"Nobody, Mr. Nemo,male,1,0,0,1,1,,S\n'
    (tmp_path / "in.csv").write_text(PASSENGERS.read_text("utf-8") + last, "utf-8")
    assert fails(65, "in.csv", "out/old.csv").startswith("in.csv, line 420: a quote is opened")


@pytest.mark.parametrize("limit", [6, 8])
def test_a_process_that_may_open_too_few_files_says_so(limit: int, command: Command) -> None:
    options = ("--workers", "2", "--chunk-size", "8KB")
    low = ("sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh")
    done = command("score", PASSENGERS, "out.parquet", *options, before=low, code=74)
    assert "`ulimit -n 1024`" in done.error
    assert not (command.folder / "out.parquet").exists()
