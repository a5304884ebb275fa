"""Run the installed command in a process of its own, as its users do, and look at what it did."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any
from unittest import mock

from tests.cli import warm_client

PROGRAM = Path(sys.executable).parent / "titanic-batch"
SAMPLE_DATA = Path(__file__).parents[2] / "sample_data"
PASSENGERS = SAMPLE_DATA / "passengers.csv"
DIRTY = SAMPLE_DATA / "dirty.csv"

PROGRESS_LINE = re.compile(r"^[\d,]+ rows(?: \(\d+%\))?, [\d,]+ rows/s, .*\n", re.MULTILINE)

#: What a folder holds: name to content, modification time and mode.
State = dict[str, tuple[bytes, int, int]]


@dataclass(frozen=True, kw_only=True)
class Done:
    """A run that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """What stands on stderr but for progress, which a slow machine gets to see."""
        return PROGRESS_LINE.sub("", self.err)

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of --log-format json, but for progress."""
        lines = [json.loads(line) for line in self.err.splitlines()]
        return [line for line in lines if line["event"] != "progress"]

    @property
    def error(self) -> str:
        """The one short message that a failed run says, and nothing else."""
        said = self.said
        assert said.startswith("error: "), said
        assert said.endswith("\n"), said
        assert "Traceback" not in said, said
        assert said.count("error: ") == 1, said
        assert len(said) < 1000, said
        lines = said.removeprefix("error: ").splitlines()
        # Only a list of rejects takes more than a line, and those are indented.
        assert len(lines) == 1 or lines[1].startswith("  row "), said
        return said.removeprefix("error: ").rstrip("\n")


@dataclass(frozen=True, kw_only=True)
class Command:
    """The command, in an environment with a trained reference model, run from `folder`."""

    environment: Mapping[str, str]
    folder: Path

    def __call__(
        self,
        *arguments: object,
        code: int | None = 0,
        stdin: bytes | IO[bytes] | int = subprocess.DEVNULL,
        before: tuple[str, ...] = (),
        **environment: str,
    ) -> Done:
        """Run to the end; `before` is a program that runs the command, a `code` of None any."""
        given = stdin if isinstance(stdin, bytes) else None
        done = subprocess.run(
            [*before, str(PROGRAM), *map(str, arguments)],
            input=given,
            stdin=None if given is not None else stdin,  # type: ignore[arg-type]
            capture_output=True,
            cwd=self.folder,
            env={**self.environment, **environment},
            check=False,
            timeout=300,
        )
        result = Done(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())
        assert code in (None, result.code), result
        return result

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        """Start the command in a process group of its own, as a shell does."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **options}
        return subprocess.Popen(
            [str(PROGRAM), *map(str, arguments)],
            cwd=self.folder,
            env=dict(self.environment),
            stderr=streams.pop("stderr", subprocess.PIPE),
            start_new_session=True,
            **streams,
        )

    def having(self, **environment: str | Path) -> Command:
        """Return the command with other environment variables."""
        added = {name: str(value) for name, value in environment.items()}
        return replace(self, environment={**self.environment, **added})


@dataclass(frozen=True, kw_only=True)
class WarmCommand(Command):
    """The same, without the second that every start costs: see `tests.cli.warm`."""

    server: str

    def __call__(
        self,
        *arguments: object,
        code: int | None = 0,
        stdin: bytes | IO[bytes] | int = subprocess.DEVNULL,
        before: tuple[str, ...] = (),
        **environment: str,
    ) -> Done:
        if before:
            return super().__call__(
                *arguments, code=code, stdin=stdin, before=before, **environment
            )
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(stdin if isinstance(stdin, bytes) else b"")
            given.seek(0)
            streams = (stdin if hasattr(stdin, "fileno") else given, out, err)
            ended = warm_client.run(
                self.server,
                [str(argument) for argument in arguments],
                environment={**self.environment, **environment},
                folder=str(self.folder),
                streams=[file.fileno() for file in streams],
            )
            out.seek(0)
            err.seek(0)
            result = Done(code=ended, out=out.read().decode(), err=err.read().decode())
        assert code in (None, result.code), result
        return result


@dataclass(frozen=True, kw_only=True)
class CommandInProcess(Command):
    """The same in the process of the tests: for what a run says of its input, and nothing else.

    What is imported and looked up once stays; streams, signals and the exit are those of pytest.
    What reads or writes a standard stream is left to `forked`.
    """

    forked: WarmCommand

    def __call__(
        self,
        *arguments: object,
        code: int | None = 0,
        stdin: bytes | IO[bytes] | int = subprocess.DEVNULL,
        before: tuple[str, ...] = (),
        **environment: str,
    ) -> Done:
        if before or stdin != subprocess.DEVNULL or "-" in arguments:
            forked = replace(self.forked, environment=self.environment)
            return forked(*arguments, code=code, stdin=stdin, before=before, **environment)
        done = run_in_process(arguments, {**self.environment, **environment}, self.folder)
        assert code in (None, done.code), done
        return done


def run_in_process(
    arguments: Iterable[object], environment: Mapping[str, str], folder: Path
) -> Done:
    """Run a command line in this process, up to the exit."""
    from titanic_batch.cli import app, console

    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(console, "_style", console.Style()),  # each command sets its own
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["titanic-batch", *map(str, arguments)]),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = app._run()
    return Done(code=code, out=out.getvalue(), err=err.getvalue())


def state(folder: Path) -> State:
    """Return all that a change to a folder's files could change."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in folder.iterdir()
        if path.is_file()
    }


def manifest(output: Path) -> Any:
    """Return the manifest beside an output."""
    return json.loads(output.with_name(output.name + ".manifest.json").read_bytes())
