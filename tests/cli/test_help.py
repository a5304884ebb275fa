"""--help, of every command there is, those to come included; --version; shell completion."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

import titanic_batch
from tests.cli.command import Command
from titanic_batch.cli.app import app
from titanic_batch.scoring.options import OPTIONS

HEAVY = {"sklearn", "scipy", "pandas", "numpy", "pyarrow", "joblib", "bentoml", "skops"}


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(app)))
LEAVES = [path for path, command in COMMANDS.items() if not hasattr(command, "commands")]


def test_all_commands_are_found() -> None:
    assert {("score",), ("check",), ("verify",), ("models", "list"), ("models", "train")} <= set(
        LEAVES
    )


#: Asks for the help of each command, one after the other, and says what that has imported.
ASK_ALL = """
import json, sys
from titanic_batch.__main__ import main
for path in json.loads(sys.argv.pop()):
    sys.argv = ["titanic-batch", *path, "--help"]
    try:
        main()
    except SystemExit as exc:
        assert not exc.code, path
    print("END OF", *path)
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_help_opens_with_an_example_and_imports_nothing_heavy(installed: Command) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_ALL, json.dumps(list(COMMANDS))],
        capture_output=True,
        text=True,
        env=dict(installed.environment),
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    text = done.stdout
    for path in COMMANDS:
        shown, _, text = text.partition(" ".join(("END OF", *path)) + "\n")
        words = " ".join(re.sub(r"[│╭╮╰╯─]", " ", shown).split())
        assert words.startswith("Usage: "), path
        example = words.index(f"Example: {' '.join(('titanic-batch', *path))}")
        assert all(
            example < words.find(heading) or heading not in words
            for heading in ("Options", "Arguments", "Commands")
        )
        assert "--help" in words
    assert "typer" in text.split()
    assert not HEAVY & set(text.split())


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_can_be_quiet_verbose_and_speak_json(path: tuple[str, ...]) -> None:
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts}
    assert {"--quiet", "-q", "--verbose", "-v", "--log-format", "--json"} <= options


@pytest.mark.parametrize("name", ["score", "check", "parity"])
def test_a_command_has_the_options_that_are_declared_for_it_and_no_other(name: str) -> None:
    flags = {option for parameter in COMMANDS[name,].params for option in parameter.opts}
    for option in OPTIONS:
        assert (option.flag in flags) == (name in ("score", *option.also)), option.name


def test_version(installed: Command) -> None:
    done = installed("--version")
    assert (done.out, done.err) == (f"titanic-batch {titanic_batch.__version__}\n", "")


def test_no_command_shows_the_help(command: Command) -> None:
    assert "score" in command(code=2).out
    assert "train" in command("models", code=2).out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell: str, installed: Command) -> None:
    done = installed(_TITANIC_BATCH_COMPLETE=f"source_{shell}")
    assert "titanic-batch" in done.out
    assert f"complete_{shell}" in done.out
    assert done.err == ""


def test_completion_knows_the_commands(installed: Command) -> None:
    done = installed(
        _TITANIC_BATCH_COMPLETE="complete_bash", COMP_WORDS="titanic-batch ", COMP_CWORD="1"
    )
    assert {"score", "check", "verify", "models"} <= set(done.out.split())
