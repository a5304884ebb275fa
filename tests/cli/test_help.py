"""--help, of every command there is, those to come included; --version; shell completion."""

from __future__ import annotations

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


@pytest.mark.parametrize("path", list(COMMANDS), ids=lambda path: " ".join(path) or "(none)")
def test_help_opens_with_an_example_and_imports_nothing_heavy(
    path: tuple[str, ...], installed: Command
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "titanic_batch", *path, "--help"],
        capture_output=True,
        text=True,
        env=dict(installed.environment),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    words = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.stdout).split())
    assert words.startswith("Usage: ")
    example = words.index(f"Example: {' '.join(('titanic-batch', *path))}")
    assert all(
        example < words.find(heading) or heading not in words
        for heading in ("Options", "Arguments", "Commands")
    )
    assert "--help" in words
    lines = done.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert "typer" in imported
    assert not HEAVY & imported


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
