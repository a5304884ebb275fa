"""systemd units that run a job: a hardened service, its timer, and what is done when it fails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from titanic_batch.errors import UsageError
from titanic_batch.interrupts import interruptible
from titanic_batch.jobs.dates import fixed_folder
from titanic_batch.jobs.job_file import Job
from titanic_batch.printable import printable
from titanic_batch.stores import write_file
from titanic_batch.stores.names import folder_of

#: Another run holds the output: the one failure that time alone fixes.
_TRIED_AGAIN = 75
_SIGNALS = "SIGABRT SIGBUS SIGFPE SIGILL SIGKILL SIGQUIT SIGSEGV SIGSYS SIGXCPU SIGXFSZ"
#: JSON lines are for the journal: they hold no value of any cell.
_RUN = ("run", "--log-format", "json")
#: What a job's shell may have set, and the job needs too.
_PASSED_ON = re.compile(r"BENTOML_HOME|TITANIC_BATCH_\w+|XDG_CONFIG_HOME|https?_proxy|no_proxy")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_CHECK_S = 10

_SERVICE = """\
[Unit]
Description=titanic-batch job {job}
{online}OnFailure={on_failure}
StartLimitIntervalSec=2h
StartLimitBurst=6

[Service]
Type=oneshot
User={user}
{environment}ExecStart={command}
TimeoutStartSec={timeout}

# The job writes here; all else is read-only for it. These folders must be there.
{writable}
UMask=0027
NoNewPrivileges=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
{network}
ProtectSystem=strict
ProtectHome=read-only
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
CapabilityBoundingSet=
KeyringMode=private
LockPersonality=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

# Only {again} is tried again: another run holds the output. Other failures wait for a person.
Restart=on-failure
RestartSec=10min
{prevent}
"""

#: A health check needs the network; nothing else of a job does.
_ONLINE = "Wants=network-online.target\nAfter=network-online.target\n"
_INTERNET = "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"
_OFFLINE = "PrivateNetwork=yes\nIPAddressDeny=any\nRestrictAddressFamilies=AF_UNIX"

_TIMER = """\
[Unit]
Description=When the titanic-batch job {job} runs

[Timer]
OnCalendar={on_calendar}
RandomizedDelaySec={delay}
Persistent=yes

[Install]
WantedBy=timers.target
"""

_FAILED = """\
[Unit]
Description=The titanic-batch job {job} has failed

# Put here what wakes somebody. This says it in the journal: journalctl -p crit
[Service]
Type=oneshot
DynamicUser=yes
ExecStart=systemd-cat -p crit -t {name} echo "{name} failed, see: journalctl -u {name}"
"""


@dataclass(frozen=True, kw_only=True)
class UnitOptions:
    """The times and limits by which systemd runs a job.

    Attributes:
        on_calendar: When, as systemd.time writes it.
        randomized_delay: By how much at most it is put off, so that not all start at once.
        timeout: The longest that it may take.
        user: Who runs it.
        on_failure: The unit that is started when it fails; None for one that is made too.
    """

    on_calendar: str
    randomized_delay: str = "5min"
    timeout: str = "6h"
    user: str
    on_failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One unit file."""

    name: str
    text: str


def make_units(
    job: Job, options: UnitOptions, *, environment: Mapping[str, str] | None = None
) -> list[Unit]:
    """Return the units of a job: service, timer, and unless another is named, the failure's.

    Args:
        job: What they run.
        options: How.
        environment: What of the job's environment is to be the same there; by default this
            process's.

    Raises:
        UsageError: if an option is nothing that systemd reads.
    """
    given = options.on_failure or ""
    for flag, text in (
        ("--on-calendar", options.on_calendar),
        ("--randomized-delay", options.randomized_delay),
        ("--timeout", options.timeout),
        ("--user", options.user),
        ("--on-failure", given or "-"),
    ):
        if not text.strip() or not text.isprintable():
            raise UsageError(f"{text!r} is nothing that systemd reads", where=flag)
    _check_time("calendar", options.on_calendar, "--on-calendar", "*-*-* 04:15:00")
    _check_time("timespan", options.randomized_delay, "--randomized-delay", "5min")
    _check_time("timespan", options.timeout, "--timeout", "6h")
    name = f"titanic-batch-{_UNSAFE.sub('-', job.name).strip('-.') or 'job'}"
    title = printable(_escaped(job.name))  # in one line, whatever it is
    service = _SERVICE.format(
        job=title,
        on_failure=given or f"{name}-failed.service",
        user=options.user,
        environment=_environment(os.environ if environment is None else environment),
        command=" ".join(map(_quoted, [*_command(), *_RUN, str(job.path)])),
        timeout=options.timeout,
        writable="\n".join(f"ReadWritePaths={_quoted(path)}" for path in writable_folders(job)),
        online="" if job.notify is None else _ONLINE,
        network=_OFFLINE if job.notify is None else _INTERNET,
        again=_TRIED_AGAIN,
        prevent=_prevented(),
    )
    timer = _TIMER.format(
        job=title, on_calendar=options.on_calendar, delay=options.randomized_delay
    )
    units = [Unit(name=f"{name}.service", text=service), Unit(name=f"{name}.timer", text=timer)]
    if not given:
        failed = _FAILED.format(job=title, name=name)
        units.append(Unit(name=f"{name}-failed.service", text=failed))
    return units


def write_units(units: Sequence[Unit], folder: str | Path) -> list[Path]:
    """Write units into a folder, over what stands there, and return their paths.

    Raises:
        FileAccessError: if the system refuses.
    """
    paths = [Path(folder) / unit.name for unit in units]
    for path, unit in zip(paths, units, strict=True):
        write_file(path, unit.text.encode("utf-8", "surrogateescape"), "writing the unit")
    return paths


def writable_folders(job: Job) -> list[str]:
    """Return the folders that a job writes to, as far up as no date changes them."""
    found = {job.absolute(fixed_folder(job.output.path))}
    if job.rejects is not None:
        found.add(job.absolute(fixed_folder(job.rejects)))
    if job.textfile is not None:
        found.add(folder_of(job.textfile))
    if job.report_path is not None:
        found.add(folder_of(job.report_path))
    return sorted(found)


def _command() -> list[str]:
    """Return how this very installation is called."""
    program = Path(sys.executable).parent / "titanic-batch"
    return [str(program)] if program.exists() else [sys.executable, "-m", "titanic_batch"]


def _environment(given: Mapping[str, str]) -> str:
    passed = {name: text for name, text in sorted(given.items()) if _PASSED_ON.fullmatch(name)}
    # For `python -m` too, where nothing of ours runs before the working folder is on the path.
    fixed = {"BENTOML_DO_NOT_TRACK": "true", "PYTHONSAFEPATH": "1"}
    return "".join(
        f"Environment={_quoted(f'{name}={text}', variables=False)}\n"
        for name, text in {**passed, **fixed}.items()
    )


def _prevented() -> str:
    codes = [str(code) for code in range(1, 256) if code != _TRIED_AGAIN]
    lines = [" ".join(codes[start : start + 22]) for start in range(0, len(codes), 22)]
    return "\n".join(f"RestartPreventExitStatus={line}" for line in [_SIGNALS, *lines])


def _check_time(kind: str, text: str, flag: str, example: str) -> None:
    """Let systemd itself say whether it reads a time, where it is installed."""
    # An entry of PATH that is no full path means a place in the working folder.
    folders = [entry for entry in os.get_exec_path() if Path(entry).is_absolute()]
    program = shutil.which("systemd-analyze", path=os.pathsep.join(folders))
    if program is None:
        return
    with interruptible():
        done = subprocess.run(
            [program, kind, "--", text],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_CHECK_S,
            check=False,
        )
    if done.returncode and "ailed to parse" in done.stderr:
        raise UsageError(
            f"{text!r} is not a time that systemd understands",
            where=flag,
            hint=f'Write for example {flag} "{example}"; see systemd.time(7).',
        )


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str, *, variables: bool = True) -> str:
    """Return a text as one word of a unit file's line."""
    if not text.isprintable():
        raise UsageError(
            f"{text!r} cannot stand in a unit file", hint="Rename it without control characters."
        )
    escaped = _escaped(text).replace("\\", "\\\\").replace('"', '\\"')
    if variables:
        escaped = escaped.replace("$", "$$")
    plain = re.fullmatch(r"[\w./:@%+=,-]+", escaped)
    return escaped if plain else f'"{escaped}"'
