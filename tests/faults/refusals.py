"""What the system refuses: a full disk, input/output errors, places that can't be written."""

from __future__ import annotations

import errno
import functools
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.faults.lab import Case, Lab, Place, places
from tests.faults.process import mounted, strace_works

CODES = (errno.EIO, errno.ENOSPC)
PAGE = 4096


def step_refused(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Each open, write, fsync, close, rename and unlink in the output's folder is refused once."""
    for name, place in places(lab, full=full).items():
        for at, change, _path in place.chosen_steps(full=full):
            for code in CODES if full else CODES[at // 2 % 2 :][:1]:
                yield Case(
                    f"{name}: {errno.errorcode[code]} at step {at}, {change}",
                    functools.partial(_refused_at, place, at, code),
                )


def _refused_at(place: Place, at: int, code: int) -> None:
    place.restore()
    process = place.lab.fork(place.arguments, hook=place.hook(at, code))
    has_failed_well(place, process.wait(), process.stderr, at)


def has_failed_well(place: Place, code: int, stderr: str, at: int) -> None:
    """Check a run whose change `at` was refused: before its first rename, all is as it was."""
    change, path = place.steps[at - 1][1:]
    first_rename = next(
        number for number, step in enumerate(place.steps, start=1) if step[1] == "replace"
    )
    assert "Traceback" not in stderr, stderr
    assert "Exception ignored" not in stderr, stderr
    harmless = path.endswith(".lock") or (change == "unlink" and path.endswith(".tmp"))
    if harmless:  # only cleaning up was refused
        assert code in {0, 74}, f"{code}: {stderr}"
    else:
        assert code == 74, f"{code}: {stderr}"
        assert stderr.count("error:") == 1, stderr
    if code == 74 and at <= first_rename and not path.endswith(".lock"):
        place.is_untouched()
    place.is_old_or_new()
    place.is_recovered()


def syscall_refused(lab: Lab, *, full: bool) -> Iterator[Case]:
    """The same by strace, with system calls that really fail; only in the long form."""
    if not full or not strace_works():
        return
    place = Place(lab, lab.dirty, ("--max-rejects", "5"), before=[(lab.clean, (), 0)])
    for call, number, path in _calls(place):
        for code in CODES if call == "write" else CODES[:1]:
            yield Case(
                f"{errno.errorcode[code]} from {call} {number} ({path})",
                functools.partial(_injected, place, call, number, f"error={errno.errorcode[code]}"),
            )


def syscall_killed(lab: Lab, *, full: bool) -> Iterator[Case]:
    """SIGKILL by strace as each system call on the output's folder is entered; long form only."""
    if not full or not strace_works():
        return
    place = Place(lab, lab.dirty, ("--max-rejects", "5"), before=[(lab.clean, (), 0)])
    for call, number, path in _calls(place):
        yield Case(
            f"before {call} {number} ({path})",
            functools.partial(_injected, place, call, number, "signal=SIGKILL"),
        )


_TRACED = ("openat", "write", "fchmod", "fsync", "close", "rename", "unlink")


def _calls(place: Place) -> list[tuple[str, int, str]]:
    """Return the system calls of an undisturbed run in the output's folder, numbered by name."""
    place.restore()
    log = place.lab.log()
    strace = ["-y", "-o", str(log), "-e", f"trace={','.join(_TRACED)}"]
    process = place.lab.fork(place.arguments, strace=strace)
    assert process.wait() == 0, process.stderr
    counts = dict.fromkeys(_TRACED, 0)
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        match = re.match(r"(\w+)\((.*)", line)
        if match is None or match[1] not in counts:
            continue
        counts[match[1]] += 1
        changes = match[1] != "openat" or "O_CREAT" in match[2]
        if changes and str(place.folder) in match[2].partition(" = ")[0]:
            names = re.findall(rf"{re.escape(str(place.folder))}/?([^>\"]*)", match[2])
            shown = re.sub(r"[0-9a-f]{32}", "ID", names[0]) if names else ""
            found.append((match[1], counts[match[1]], shown or "the folder"))
    assert found, "strace saw nothing"
    return found


def _injected(place: Place, call: str, number: int, fault: str) -> None:
    place.restore()
    log = place.lab.log()
    strace = ["-y", "-o", str(log), "-e", f"trace={','.join(_TRACED)}"]
    strace += ["-e", f"inject={call}:{fault}:when={number}"]
    process = place.lab.fork(place.arguments, strace=strace)
    code = process.wait()
    stderr = process.stderr
    assert "Traceback" not in stderr, stderr
    place.is_old_or_new()
    if fault.startswith("signal"):
        assert code in {-9, 137}, f"{code}: {stderr}"
    else:
        hit = next(
            line
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
            if "(INJECTED)" in line and str(place.folder) in line
        )
        renamed = place.output.read_bytes() != place.old
        looked_only = call == "close" and f"<{place.folder}>" in hit  # the folder, for reading
        cleaning = call == "unlink" or ".lock" in hit or looked_only
        assert code == 74 or (cleaning and code == 0), f"{code}: {stderr} {hit}"
        if code == 74 and not renamed and call != "rename" and not cleaning:
            place.is_untouched()
    place.is_recovered()


def disk_full(lab: Lab, *, full: bool) -> Iterator[Case]:
    """A small disk that fills up at 30 different points."""
    place = Place(lab, lab.dirty, ("--max-rejects", "5"), before=[(lab.clean, (), 0)])
    points = 30 if full else 6
    needed = sum(len(data) for data in place.undisturbed.values())
    for number in range(points):
        free = number * needed // points
        yield Case(f"{free:,} bytes free", functools.partial(_disk_full, lab, free))


def _disk_full(lab: Lab, free: int) -> None:
    folder = lab.folder()
    with mounted(folder, "size=16m,mode=755") as is_mounted:
        output = folder / "scored.csv"
        assert lab.fork(lab.score(lab.clean, output)).wait() == 0
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        arguments = lab.score(lab.dirty, output, "--max-rejects", "5")
        filler = folder / "filler"
        if is_mounted:
            room = os.statvfs(folder)
            with filler.open("wb") as file:
                file.write(bytes(max(room.f_bavail * room.f_frsize - free // PAGE * PAGE, 0)))
            process = lab.fork(arguments)
        else:  # nobody may mount here: a limit on the size of files, which is as unforgiving
            process = lab.fork(arguments, file_size=free)
        code = process.wait()
        assert code == 74, f"{code}: {process.stderr}"
        assert process.stderr.count("error:") == 1
        assert "Traceback" not in process.stderr, process.stderr
        if is_mounted:
            assert "Free some space" in process.stderr, process.stderr
            filler.unlink()
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        rerun = lab.fork(arguments)
        assert rerun.wait() == 0, rerun.stderr


def file_too_large(lab: Lab, *, full: bool) -> Iterator[Case]:
    """A limit on the size of files that is met at 30 different points."""
    place = Place(lab, lab.dirty, ("--max-rejects", "5"), before=[(lab.clean, (), 0)])
    points = 30 if full else 6
    for number in range(points):
        limit = number * len(place.new) // points
        yield Case(f"at {limit:,} bytes", functools.partial(_file_too_large, place, limit))


def _file_too_large(place: Place, limit: int) -> None:
    place.restore()
    process = place.lab.fork(place.arguments, file_size=limit)
    code = process.wait()
    assert code == 74, f"{code}: {process.stderr}"
    assert process.stderr.count("error:") == 1, process.stderr
    assert "Traceback" not in process.stderr, process.stderr
    place.is_untouched()
    place.is_recovered()


def spool_full(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Standard output is spooled: the spool's disk is full, missing, or what reads it is."""
    points = 30 if full else 6
    size = len(_to_stdout(lab)[1])
    for number in range(points):
        limit = number * size // points
        yield Case(f"spool full at {limit:,} bytes", functools.partial(_spool_full, lab, limit))
    yield Case("standard output is a full device", functools.partial(_stdout_full, lab))


def _to_stdout(lab: Lab) -> tuple[int, bytes]:
    process = lab.fork(lab.score(lab.clean, "-"))
    return process.wait(), process.stdout


def _spool_full(lab: Lab, limit: int) -> None:
    process = lab.fork(lab.score(lab.clean, "-"), file_size=limit)
    code = process.wait()
    assert code == 74, f"{code}: {process.stderr}"
    assert "Traceback" not in process.stderr, process.stderr
    assert process.stdout == b"", "a part of the output was printed"


def _stdout_full(lab: Lab) -> None:
    full = Path("/dev/full")
    if not full.exists():
        return
    with full.open("wb") as file:
        process = lab.fork(lab.score(lab.clean, "-"), stdout=file.fileno())
        code = process.wait()
    assert code == 74, f"{code}: {process.stderr}"
    assert "Traceback" not in process.stderr, process.stderr


def bad_places(lab: Lab, *, full: bool) -> Iterator[Case]:
    """Read-only folders, missing folders, and things that are no files."""
    yield Case("read-only folder", functools.partial(_read_only, lab))
    yield Case("missing folder", functools.partial(_missing_folder, lab))
    yield Case("a file where the folder should be", functools.partial(_file_as_folder, lab))
    yield Case("the output is a folder", functools.partial(_folder_as_output, lab))
    yield Case("the output's name is too long", functools.partial(_long_name, lab))
    yield Case("a device as output", functools.partial(_device, lab))


def _fails(lab: Lab, output: str | Path, code: int = 74) -> str:
    process = lab.fork(lab.score(lab.clean, output))
    ended = process.wait()
    assert ended == code, f"{ended}: {process.stderr}"
    assert process.stderr.count("error:") == 1, process.stderr
    assert "Traceback" not in process.stderr, process.stderr
    return process.stderr


def _read_only(lab: Lab) -> None:
    folder = lab.folder()
    with mounted(folder, "size=1m,mode=755") as is_mounted:
        (folder / "scored.csv").write_bytes(b"old")
        if is_mounted:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        else:
            folder.chmod(0o555)
        try:
            message = _fails(lab, folder / "scored.csv")
            assert "read-only" in message or "permissions" in message
            _fails(lab, folder / "another.csv")
            assert [path.name for path in folder.iterdir()] == ["scored.csv"]
            assert (folder / "scored.csv").read_bytes() == b"old"
        finally:
            if not is_mounted:
                folder.chmod(0o755)


def _missing_folder(lab: Lab) -> None:
    missing = lab.folder() / "missing"
    assert "mkdir -p" in _fails(lab, missing / "scored.csv")
    assert not missing.exists()


def _file_as_folder(lab: Lab) -> None:
    file = lab.folder() / "file"
    file.write_bytes(b"x")
    _fails(lab, file / "scored.csv")
    assert file.read_bytes() == b"x"


def _folder_as_output(lab: Lab) -> None:
    """An existing folder is taken as the folder to score into, whatever its name ends in."""
    folder = lab.folder() / "scored.csv"
    folder.mkdir()
    assert lab.fork(lab.score(lab.clean, folder)).wait() == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "clean.parquet",
        "clean.parquet.manifest.json",
    ]
    inside = lab.folder()
    (inside / "clean.parquet").mkdir()
    assert "folder" in _fails(lab, f"{inside}/")


def _long_name(lab: Lab) -> None:
    folder = lab.folder()
    _fails(lab, folder / f"{'x' * 300}.csv", 2)
    assert list(folder.iterdir()) == []


def _device(lab: Lab) -> None:
    folder = lab.folder()
    link = folder / "null.csv"
    link.symlink_to(os.devnull)
    process = lab.fork(lab.score(lab.clean, link))
    assert process.wait() in {2, 74}, process.stderr
    assert "Traceback" not in process.stderr, process.stderr
    assert Path(os.devnull).is_char_device()
