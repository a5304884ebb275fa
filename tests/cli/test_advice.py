"""Advice is tried before it is given: what a message names is followed here, and must work."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from tests.cli.command import PASSENGERS, Command, Done, manifest
from tests.cli.direct import cells
from tests.cli.odd_files import HOPELESS, MENDED, PLAIN, READ, REWRITTEN, ROWS


@pytest.fixture
def command(in_process: Command) -> Command:
    return in_process


#: Flags that take no value.
SWITCHES = {"--allow-no-final-newline", "--allow-empty", "--overwrite", "--trim"}


def flags_in(message: str) -> list[str]:
    """Return every flag of a message with its value, as its reader would type them.

    What stands between backticks is a command of its own.
    """
    message = re.sub(r"`[^`]*`", "", message)
    found: list[str] = []
    for flag, value in re.findall(
        r"(?<!\S)(--[a-z][a-z-]*)"
        r"(?: (?!--[a-z])((?:\$'(?:\\.|[^\\'])*'|'[^']*'|\"[^\"]*\"|[^\s'\"])+))?",
        message,
    ):
        found.append(flag.rstrip(".,;:"))
        if found[-1] not in SWITCHES:
            found.append(value.rstrip(".,;:"))
    return (
        in_a_shell(found) if any("$'" in part for part in found) else shlex.split(" ".join(found))
    )


def in_a_shell(words: list[str]) -> list[str]:
    """Return words as a shell hands them to a program, whatever the locale."""
    script = f"printf '%s\\0' {' '.join(words)}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C"}
    )
    return [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]


def follow(command: Command, done: Done, *arguments: object) -> Done:
    """Run the same with what the message names; it must work."""
    flags = flags_in(done.error)
    assert flags, done.error
    return command(*arguments, *flags, "-q")


@pytest.mark.parametrize("name", MENDED)
def test_a_flag_that_is_named_lets_the_file_through(
    name: str, command: Command, tmp_path: Path
) -> None:
    content, named = MENDED[name]
    (tmp_path / "in.csv").write_bytes(content)
    refused = command("score", "in.csv", "out.csv", code=65)
    for flag in named:
        assert flag in refused.error
    follow(command, refused, "score", "in.csv", "out.csv")
    assert manifest(tmp_path / "out.csv")["rows"]["scored"] == ROWS
    if name in ("all-at-once", "null-sex", "utf-16", "no-final-newline"):
        checked = command("check", "in.csv", code=65)
        assert flags_in(refused.error) == flags_in(checked.error)


@pytest.mark.parametrize("name", HOPELESS)
def test_no_flag_is_named_that_does_not_help(name: str, command: Command, tmp_path: Path) -> None:
    content, said = HOPELESS[name]
    (tmp_path / "in.csv").write_bytes(content)
    refused = command("score", "in.csv", "out.csv", code=65)
    assert said in refused.error
    flags = flags_in(refused.error)
    assert set(flags[::2]) <= {"--max-rejects"}
    if flags:
        follow(command, refused, "score", "in.csv", "out.csv")
        assert manifest(tmp_path / "out.csv")["rows"]["rejected"] == int(flags[1])


@pytest.mark.parametrize("name", REWRITTEN)
def test_what_no_option_reads_is_rewritten_by_a_command(
    name: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.csv").write_bytes(REWRITTEN[name])
    refused = command("score", "in.csv", "out.csv", code=65)
    assert flags_in(refused.error) == []
    run_in_process(refused.error, tmp_path, monkeypatch)
    command("score", "in.fixed.csv", "out.csv", "-q")
    assert manifest(tmp_path / "out.csv")["rows"]["scored"] == ROWS


@pytest.mark.parametrize("name", READ)
def test_what_needs_no_flag_is_scored(name: str, command: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(READ[name])
    command("score", "in.csv", "out.csv", "-q")
    command("score", "-", "out.parquet", "-q", stdin=PLAIN.encode())
    assert manifest(tmp_path / "out.csv")["rows"]["scored"] == ROWS
    scores = pd.read_csv(tmp_path / "out.csv")["probability"]
    assert scores.equals(pd.read_parquet(tmp_path / "out.parquet")["probability"])


def run_in_process(message: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command of a message, which is Python's, in this process."""
    (line,) = re.findall(r"`([^`]*)`", message)
    program, switch, script = shlex.split(line)
    assert (program, switch) == (sys.executable, "-c")
    monkeypatch.chdir(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(script, {})


def test_a_rewritten_file_holds_what_the_other_held(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.csv").write_bytes(REWRITTEN["trailing-in-rows"])
    refused = command("score", "in.csv", "out.csv", code=65)
    run_in_process(refused.error, tmp_path, monkeypatch)
    (tmp_path / "plain.csv").write_text(PLAIN, encoding="utf-8")
    assert cells(tmp_path / "plain.csv") == cells(tmp_path / "in.fixed.csv")


def test_rows_beside_those_that_a_flag_helps_can_be_left_out(
    command: Command, tmp_path: Path
) -> None:
    text = PLAIN.replace(",male,", ",Male,") + "Total" + "," * 8 + "2287.59,,\n"
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    refused = command("score", "in.csv", "out.csv", code=65)
    assert f"Row {ROWS + 1} lacks" in refused.error
    assert "--max-rejects 1" in refused.error
    follow(command, refused, "score", "in.csv", "out.csv")
    assert manifest(tmp_path / "out.csv")["rows"]["rejected"] == 1


def test_what_is_read_from_stdin_gets_the_same_advice(command: Command, tmp_path: Path) -> None:
    alone = ("--workers", 1)  # of a stream nobody knows whether workers are worth their start
    for name in ("pipe", "title-case", "no-final-newline"):
        refused = command("score", "-", "out.csv", *alone, stdin=MENDED[name][0], code=65)
        flags = flags_in(refused.error)
        command("score", "-", "out.csv", *alone, *flags, stdin=MENDED[name][0])


def test_workers_are_asked_what_the_model_takes(
    installed: Command, tmp_path: Path, large_csv: Path
) -> None:
    first, second, rest = large_csv.read_bytes().replace(b",female,", b",male,").split(b"\n", 2)
    second = second.replace(b",male,", b",,")
    text = b"\n".join([first, second, rest.replace(b",S\n", b",X\n", 1)])
    (tmp_path / "in.csv").write_bytes(text)
    refused = installed("score", "in.csv", "out.parquet", "--workers", "2", "-q", code=65)
    assert "--fill Sex=male" in refused.error
    assert "--unknown" not in refused.error
    assert "--allow-null" not in refused.error


# Other models


def saved(model: Any, folder: Path) -> tuple[str, ...]:
    """Save a model as a notebook does; return the options that take it."""
    joblib.dump(model, folder / "m.pkl")
    return "-m", "m.pkl", "--trust", hashlib.sha256((folder / "m.pkl").read_bytes()).hexdigest()


TABLE = pd.DataFrame(
    {
        "Sex": ["male", "female"] * 20,
        "Age": np.arange(40) + 0.5,
        "alone": [True, False, False, True] * 10,
    }
)
TARGET = np.arange(40) % 3 == 0


def on_sex(**options: Any) -> Any:
    return make_pipeline(OneHotEncoder(**options), LogisticRegression()).fit(TABLE[["Sex"]], TARGET)


@pytest.mark.parametrize(
    ("options", "value", "named"),
    [
        ({}, "MALE", "--map "),
        ({}, " male", "--trim"),
        ({}, "m\u00e2le", "--map "),
        ({}, "other", ""),
        ({"handle_unknown": "ignore"}, "other", "--unknown Sex=allow"),
        ({"handle_unknown": "ignore"}, "MALE", "--map "),
    ],
)
def test_an_unknown_category_is_allowed_only_where_the_encoder_takes_it(
    options: dict[str, Any], value: str, named: str, command: Command, tmp_path: Path
) -> None:
    chosen = saved(on_sex(**options), tmp_path)
    frame = TABLE.assign(Sex=TABLE["Sex"].where(TABLE.index > 0, value), k=1)
    frame[["Sex", "k"]].to_csv(tmp_path / "in.csv", index=False)
    refused = command("score", "in.csv", "out.csv", *chosen, code=65)
    assert (named or "never saw (other)") in refused.error
    assert ("--unknown" in refused.error) == named.startswith("--unknown")
    follow(command, refused, "score", "in.csv", "out.csv", *chosen)


@pytest.mark.parametrize("token", ["?", "\\N", "none", "--", "0?", "n.a."])
def test_a_token_that_makes_most_of_the_rejects_is_named(
    token: str, command: Command, tmp_path: Path
) -> None:
    ages = TABLE[["Age"]].assign(Age=TABLE["Age"].where(TABLE.index % 5 > 0))
    model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(ages, TARGET)
    chosen = saved(model, tmp_path)
    ages.assign(k=1).to_csv(tmp_path / "in.csv", index=False, na_rep=token)
    refused = command("score", "in.csv", "out.csv", *chosen, code=None)
    if refused.code == 0 or token == "0?":  # what pandas reads as null; what may be a number
        return
    assert f"{token} stands for null in Age" in refused.error
    follow(command, refused, "score", "in.csv", "out.csv", *chosen)
    assert manifest(tmp_path / "out.csv")["nulls"] == {"Age": 8}


def test_true_and_false_in_a_number_column_are_mapped(command: Command, tmp_path: Path) -> None:
    model = DecisionTreeClassifier(max_depth=2).fit(TABLE[["alone", "Age"]], TARGET)
    chosen = saved(model, tmp_path)
    TABLE[["alone", "Age"]].to_csv(tmp_path / "in.csv", index=False)
    done = command("score", "in.csv", "out.csv", *chosen, code=None)
    if done.code:
        assert "--map alone:" in done.error
        follow(command, done, "score", "in.csv", "out.csv", *chosen)
    assert [r[2] for r in cells(tmp_path / "out.csv")[1:]] == [
        str(label) if not isinstance(label, (bool, np.bool_)) else str(label).lower()
        for label in model.predict(TABLE[["alone", "Age"]])
    ]


def test_a_null_text_column_gets_advice_on_nulls_only(command: Command, tmp_path: Path) -> None:
    chosen = saved(on_sex(), tmp_path)
    pq.write_table(pa.table({"Sex": pa.nulls(5), "k": [1] * 5}), tmp_path / "in.parquet")
    refused = command("score", "in.parquet", "out.csv", *chosen, code=65)
    assert "Sex has nulls" in refused.error
    assert "holds text" not in refused.error
    assert flags_in(refused.error) == []


def test_nulls_are_let_through_first_and_filled_after(command: Command, tmp_path: Path) -> None:
    frame = TABLE[["Age"]].assign(other=1.0, y=TARGET)
    frame.to_csv(tmp_path / "train.csv", index=False)
    forest = RandomForestClassifier(5, random_state=0).fit(frame[["Age", "other"]], TARGET)
    chosen = saved(forest, tmp_path)
    command(
        "models",
        "save",
        "m.pkl",
        "--name",
        "f",
        "--data",
        "train.csv",
        "--target",
        "y",
        *chosen[2:],
    )
    frame["Age"] = frame["Age"].where(frame.index > 3)
    frame[["Age", "other"]].to_csv(tmp_path / "in.csv", index=False)
    refused = command("score", "in.csv", "out.csv", "-m", "f", code=65)
    assert "Add --allow-null Age, or --fill Age=20 in place of --allow-null Age" in refused.error
    assert "changes scores" in refused.error
    for flags in (["--allow-null", "Age"], ["--fill", "Age=20"], flags_in(refused.error)):
        command("score", "in.csv", "out.csv", "-m", "f", *flags, "-q")
    linear = LogisticRegression().fit(TABLE[["Age"]].assign(other=1.0), TARGET)
    refused = command("score", "in.csv", "new.csv", *saved(linear, tmp_path), code=65)
    assert "Age has nulls" in refused.error
    assert set(flags_in(refused.error)[::2]) == {
        "--max-rejects"
    }  # no quantile is known to fill with


# Usage, and what stands in the way


def test_no_count_is_named_where_the_model_may_fail_on_more_rows(
    command: Command, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"Sex": ["male", "female"] * 40})
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(frame, frame["Sex"] == "male")
    joblib.dump(model, tmp_path / "m.pkl")
    trust = hashlib.sha256((tmp_path / "m.pkl").read_bytes()).hexdigest()
    frame["Sex"].str.upper().to_csv(tmp_path / "in.csv", index=False)
    arguments = ("in.csv", "-m", "m.pkl", "--trust", trust, "--unknown", "Sex=allow")
    for refused in (
        command("score", *arguments[:1], "out.csv", *arguments[1:], code=65),
        command("check", *arguments, code=65),
    ):
        assert "model-error" in refused.said
        assert "--max-rejects" not in refused.said


def test_flags_of_usage_errors_work_as_well(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(PLAIN.replace("Cabin", "prediction"), encoding="utf-8")
    refused = command("score", "in.csv", "out.csv", code=2)
    follow(command, refused, "score", "in.csv", "out.csv")
    text = PLAIN.replace("Cabin", "prediction").replace("Ticket", "probability")
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    refused = command("score", "in.csv", "new.csv", code=2)
    follow(command, refused, "score", "in.csv", "new.csv")
    chosen = ("--prediction-column", "probability")
    refused = command("score", PASSENGERS, "chosen.csv", *chosen, code=2)
    follow(command, refused, "score", PASSENGERS, "chosen.csv", *chosen)
    assert cells(tmp_path / "chosen.csv")[0][-2:] == ["probability", "model_probability"]
    (tmp_path / "mine.csv").write_text("mine")
    refused = command("score", PASSENGERS, "mine.csv", code=2)
    follow(command, refused, "score", PASSENGERS, "mine.csv")
    refused = command("score", PASSENGERS, "-", "--max-rejects", "1", code=2)
    follow(command, refused, "score", PASSENGERS, "-", "--max-rejects", "1")
    (tmp_path / "empty.csv").write_text(PLAIN.partition("\n")[0] + "\n")
    refused = command("score", "empty.csv", "empty.out.csv", code=66)
    follow(command, refused, "score", "empty.csv", "empty.out.csv")
    (tmp_path / "cut.csv").write_text(PLAIN.partition("\n")[0])
    refused = command("score", "cut.csv", "cut.out.csv", code=66)
    follow(command, refused, "score", "cut.csv", "cut.out.csv")
    command("score", "cut.csv", "cut.out.csv", "--allow-empty", code=65)
    table = pq.read_table(PASSENGERS.with_suffix(".parquet"))
    pq.write_table(table.append_column("n", pa.array([[1]] * len(table))), tmp_path / "n.parquet")
    refused = command("score", "n.parquet", "n.csv", code=2)
    follow(command, refused, "score", "n.parquet", "n.csv")
    long = PLAIN.replace("male", "male", 1).replace("Mr.", "Mr. " + "x" * 3_000, 1)
    (tmp_path / "long.csv").write_text(long)
    refused = command("score", "long.csv", "long.out.csv", "--max-record", "2KB", code=65)
    follow(command, refused, "score", "long.csv", "long.out.csv")


def test_commands_of_messages_work(command: Command, tmp_path: Path) -> None:
    refused = command("score", PASSENGERS, "a b/c/out.csv", code=74)
    (line,) = re.findall(r"`mkdir -p ([^`]*)`", refused.error)
    Path(*shlex.split(line)).mkdir(parents=True)
    command("score", PASSENGERS, "a b/c/out.csv", "-q")
    joblib.dump(on_sex(), tmp_path / "my model.pkl")
    TABLE[["Sex"]].to_csv(tmp_path / "sexes.csv", index=False)
    own = command.having(XDG_CONFIG_HOME=tmp_path / "config")
    refused = own("score", "sexes.csv", "s.csv", "-m", "my model.pkl", code=77)
    follow(own, refused, "score", "sexes.csv", "s.csv", "-m", "my model.pkl")
    (line,) = re.findall(r"`titanic-batch (models trust [^`]*)`", refused.error)
    own(*shlex.split(line))
    own("score", "sexes.csv", "s.csv", "-m", "my model.pkl", "-q")


def test_a_model_of_a_bare_array_is_named_in_its_error(command: Command, tmp_path: Path) -> None:
    chosen = saved(LogisticRegression().fit(TABLE[["Age"]].to_numpy(), TARGET), tmp_path)
    TABLE[["Age"]].to_csv(tmp_path / "in.csv", index=False)
    refused = command("score", "in.csv", "out.csv", *chosen, code=69)
    assert refused.error.startswith(f"{tmp_path / 'm.pkl'}: ") or refused.error.startswith(
        "m.pkl: "
    )
    (line,) = re.findall(r"`titanic-batch (models save [^`]*)`", refused.error)
    command(*shlex.split(line.replace("A,B,C", "Age")), *chosen[2:], "--name", "bare")
    command("score", "in.csv", "out.csv", "-m", "bare", "-q")


@pytest.mark.parametrize("name", ["in.dat", "in.csv.xz", "in.csv.zip", "in.feather", "in.json"])
def test_other_formats_are_made_into_known_ones_by_a_command(
    name: str, command: Command, tmp_path: Path
) -> None:
    frame = pd.read_csv(PASSENGERS)
    if name.endswith(".feather"):
        frame.to_feather(tmp_path / name)
    elif name.endswith(".json"):
        frame.to_json(tmp_path / name, orient="records")
    else:
        frame.to_csv(tmp_path / name, index=False)
    refused = command("score", name, "out.csv", code=2)
    (line,) = re.findall(r"`([^`]*)`", refused.error)
    subprocess.run(line, shell=True, check=True, cwd=tmp_path)  # as a user would
    (made,) = (path for path in tmp_path.iterdir() if path.suffix in (".csv", ".parquet"))
    command("score", made.name, "scored.parquet", "-q")
    assert manifest(tmp_path / "scored.parquet")["rows"]["scored"] == 418


# What only the user knows is asked for, and what is asked for works


def templates_in(message: str) -> list[str]:
    """Return the options of which a message says what they take, as flags."""
    found = re.findall(r"the option (map|fill) (?:takes )?(\S+=NUMBER)", message)
    return [part for name, value in found for part in (f"--{name}", *shlex.split(value))]


def by_hand() -> Any:
    frame = TABLE.assign(Sex=TABLE["Sex"].map({"male": 0, "female": 1}))
    return LogisticRegression().fit(frame[["Sex", "Age"]], TARGET)


@pytest.mark.parametrize("null", [False, True])
def test_codes_that_only_the_user_knows_are_asked_for_without_a_flag(
    null: bool, command: Command, tmp_path: Path
) -> None:
    chosen = saved(by_hand(), tmp_path)
    rows = TABLE.assign(Sex=TABLE["Sex"].where(TABLE.index != 3)) if null else TABLE
    rows.to_csv(tmp_path / "in.csv", index=False)
    refused = command("score", "in.csv", "out.csv", *chosen, code=65)
    assert "the option map takes Sex:male=NUMBER,female=NUMBER" in refused.error
    assert ("the option fill Sex=NUMBER" in refused.error) == null
    assert refused.error.rstrip().endswith("Or fix the input.")
    flags = [flag.replace("NUMBER", "1") for flag in templates_in(refused.error)]
    command("score", "in.csv", "out.csv", *chosen, *flags, "-q")


def test_nulls_that_a_map_leaves_are_asked_for(command: Command, tmp_path: Path) -> None:
    chosen = (*saved(by_hand(), tmp_path), "--map", "Sex:male=0,female=1")
    TABLE.assign(Sex=TABLE["Sex"].where(TABLE.index != 3)).to_csv(tmp_path / "in.csv", index=False)
    refused = command("score", "in.csv", "out.csv", *chosen, code=65)
    assert "the option fill takes Sex=NUMBER, which changes scores" in refused.error
    flags = [flag.replace("NUMBER", "1") for flag in templates_in(refused.error)]
    command("score", "in.csv", "out.csv", *chosen, *flags, "-q")


@pytest.mark.parametrize("vectorizer", [CountVectorizer(), TfidfVectorizer()])
def test_nulls_of_a_text_are_no_text(vectorizer: Any, command: Command, tmp_path: Path) -> None:
    columns = make_column_transformer((vectorizer, "Sex"), ("passthrough", ["Age"]))
    model = make_pipeline(columns, LogisticRegression()).fit(TABLE[["Sex", "Age"]], TARGET)
    chosen = saved(model, tmp_path)
    rows = TABLE.assign(Sex=TABLE["Sex"].where(TABLE.index != 3))
    rows.to_csv(tmp_path / "in.csv", index=False)
    refused = command("score", "in.csv", "out.csv", *chosen, code=65)
    assert "Add --fill 'Sex=', which changes scores" in refused.error
    follow(command, refused, "score", "in.csv", "out.csv", *chosen)
    scored = pd.read_csv(tmp_path / "out.csv")["probability"]
    direct = model.predict_proba(rows[["Sex", "Age"]].fillna({"Sex": ""}))[:, 1]
    np.testing.assert_allclose(scored, direct, atol=1e-12)


def test_the_most_frequent_category_is_the_users_choice(command: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(MENDED["null-sex"][0])
    refused = command("score", "in.csv", "out.csv", code=65)
    assert "--fill Sex=male, which changes scores (for Sex it is only the most frequent value" in (
        refused.error
    )


def test_values_without_a_get_dummies_column_are_said_to_be_zeros(
    command: Command, tmp_path: Path
) -> None:
    dummies = pd.get_dummies(TABLE[["Sex", "Age"]], drop_first=True)
    chosen = saved(LogisticRegression().fit(dummies, TARGET), tmp_path)
    TABLE.to_csv(tmp_path / "in.csv", index=False)
    refused = command("score", "in.csv", "out.csv", *chosen, code=65)
    assert "never saw" not in refused.error
    assert "Sex has values that none of the model's columns stands for (female)" in refused.error
    assert "get_dummies(drop_first=True) leaves one value of each column" in refused.error
    follow(command, refused, "score", "in.csv", "out.csv", *chosen)
    model = joblib.load(tmp_path / "m.pkl")
    scored = pd.read_csv(tmp_path / "out.csv")["probability"]
    np.testing.assert_allclose(scored, model.predict_proba(dummies)[:, 1], atol=1e-12)
