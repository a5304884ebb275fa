"""The trust ledger: a JSON file of model hashes that its owner trusts.

    {"ledger_version": 1,
     "trusted": {"<sha256>": {"ref": "titanic_model:abc123", "added_at": "2026-11-22T03:00:00Z",
                              "reason": "written", "also": ["best_model.pkl"]}}}

`reason` is "written" for a model that titanic-batch wrote on this machine and "trusted" for one
that the user vouched for. Each user has a ledger in their configuration directory. A second one,
only read here, can be shared by an administrator: $TITANIC_BATCH_TRUST_FILE names it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from titanic_batch.documents import open_regular, parse_json, read_bounded
from titanic_batch.errors import FileAccessError, UntrustedModelError
from titanic_batch.interrupts import interruptible
from titanic_batch.models.trust.write_access import Exposure, exposure_of, exposure_of_place
from titanic_batch.printable import printable_json
from titanic_batch.stores import write_file

LEDGER_VERSION = 1
LOCK_TIMEOUT_S = 30.0

TRUST_FILE_VARIABLE = "TITANIC_BATCH_TRUST_FILE"

_CURE_UNWRITABLE = (
    "Give the hash with --trust SHA256 or the TITANIC_BATCH_TRUST environment variable instead."
)
# A nightly copy under a new name must not make the ledger grow for ever.
_MOST_NAMES = 20

# An entry takes a few hundred bytes.
_MOST_BYTES = 64 << 20

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Why one hash is trusted.

    Attributes:
        ref: The model's tag or file, when it was added.
        added_at: ISO 8601, UTC.
        reason: "written" by titanic-batch, or "trusted" by the user.
        also: Other tags or files that had the same bytes when they were added.
    """

    ref: str
    added_at: str
    reason: Literal["written", "trusted"]
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every tag or file that it was added under."""
        return (self.ref, *self.also)


def user_ledger_path() -> Path | None:
    """Return where the user's own ledger is; None for a user without a home directory."""
    import platformdirs

    try:
        path = platformdirs.user_config_path("titanic-batch") / "trusted.json"
    except (OSError, RuntimeError):
        return None
    return path if path.is_absolute() else None


def shared_ledger_path() -> Path | None:
    """Return the shared ledger that the environment names, if it does."""
    text = os.environ.get(TRUST_FILE_VARIABLE, "")
    return Path(text) if text else None


def read_ledger(path: Path, *, required: bool = False) -> dict[str, Entry]:
    """Return the entries of a ledger, by hash.

    Args:
        path: The ledger.
        required: Whether a missing file is an error; otherwise it is an empty ledger.

    Raises:
        UntrustedModelError: if others can change it, or it is damaged or unreadable.
    """
    try:
        with open_regular(path) as file:
            _refuse_exposed(exposure_of(path, os.fstat(file.fileno())), path)
            document = parse_json(read_bounded(file, _MOST_BYTES))
    except (FileNotFoundError, NotADirectoryError) as exc:
        if not required:
            return {}
        raise UntrustedModelError(
            "the trust ledger does not exist",
            where=str(path),
            hint=f"Correct or unset {TRUST_FILE_VARIABLE}.",
        ) from exc
    except (OSError, ValueError) as exc:
        if isinstance(exc, PermissionError) and not required and not _can_enter(path.parent):
            return {}  # another user's home, as in a container that sets HOME=/root
        raise _unreadable(path, str(exc)) from exc
    return _entries(path, document)


def add_to_ledger(path: Path | None, sha256: str, ref: str, reason: str) -> None:
    """Add one hash; a hash that is there already keeps its entry, and gets the other name, too.

    Raises:
        FileAccessError: if the ledger cannot be written.
        UntrustedModelError: if others can change it, or it is damaged.
    """

    def add(entries: dict[str, Entry]) -> bool:
        if sha256 in entries:
            known = entries[sha256]
            entries[sha256] = replace(known, also=_with(known, ref))
            return entries[sha256] != known
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        kind: Literal["written", "trusted"] = "written" if reason == "written" else "trusted"
        entries[sha256] = Entry(ref=ref, added_at=now, reason=kind)
        return True

    _update(path, add)


def _with(entry: Entry, ref: str) -> tuple[str, ...]:
    return entry.also if ref in entry.names else (*entry.also, ref)[-_MOST_NAMES:]


def remove_from_ledger(path: Path | None, hashes: set[str]) -> dict[str, Entry]:
    """Remove hashes; return the entries that were there.

    Raises:
        FileAccessError: if the ledger cannot be written.
        UntrustedModelError: if others can change it, or it is damaged.
    """
    removed: dict[str, Entry] = {}

    def remove(entries: dict[str, Entry]) -> bool:
        for sha256 in hashes & entries.keys():
            removed[sha256] = entries.pop(sha256)
        return bool(removed)

    if path is not None and path.exists():
        _update(path, remove)
    return removed


def _update(path: Path | None, change: Callable[[dict[str, Entry]], bool]) -> None:
    from filelock import FileLock, Timeout

    if path is None:
        raise FileAccessError(
            "there is no home directory to keep a trust ledger in", hint=_CURE_UNWRITABLE
        )
    try:
        _make_private(path.parent)
        _refuse_exposed(exposure_of_place(path), path)
        with interruptible():
            held = FileLock(f"{path}.lock", timeout=LOCK_TIMEOUT_S).acquire()
        with held:
            entries = read_ledger(path)
            if change(entries):
                document = {
                    "ledger_version": LEDGER_VERSION,
                    "trusted": {sha256: asdict(entry) for sha256, entry in entries.items()},
                }
                text = printable_json(document, indent=2) + "\n"  # names that are no UTF-8, too
                write_file(path, text.encode(), "writing it", mode=0o600)
    except Timeout as exc:
        raise FileAccessError(
            f"another process has held the trust ledger for {LOCK_TIMEOUT_S:.0f} s",
            where=str(path),
            hint="Try again.",
        ) from exc
    except (OSError, FileAccessError) as exc:
        reason = exc.message if isinstance(exc, FileAccessError) else (exc.strerror or str(exc))
        raise FileAccessError(
            f"the trust ledger cannot be written: {reason}", where=str(path), hint=_CURE_UNWRITABLE
        ) from exc


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it, for the user alone, whatever the umask."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _entries(path: Path, document: object) -> dict[str, Entry]:
    if not isinstance(document, dict) or document.get("ledger_version") != LEDGER_VERSION:
        raise _unreadable(path, f"it does not have ledger_version {LEDGER_VERSION}")
    trusted = document.get("trusted")
    if not isinstance(trusted, dict):
        raise _unreadable(path, "it has no `trusted` object")
    entries: dict[str, Entry] = {}
    for sha256, fields in trusted.items():
        if not _HASH.fullmatch(sha256) or not isinstance(fields, dict):
            raise _unreadable(path, f"its entry {sha256[:80]!r} is not a SHA-256 with an object")
        entries[sha256] = Entry(
            ref=str(fields.get("ref", "")),
            added_at=str(fields.get("added_at", "")),
            reason="written" if fields.get("reason") == "written" else "trusted",
            also=_texts(fields.get("also")),
        )
    return entries


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _refuse_exposed(exposure: Exposure | None, path: Path) -> None:
    if exposure is not None:
        raise UntrustedModelError(
            f"{exposure.why}, so nothing in this trust ledger counts",
            where=str(path),
            hint=f"Look through it, then run `{exposure.command}`; or give the hash with --trust "
            "SHA256.",
        )


def _can_enter(folder: Path) -> bool:
    try:
        return os.access(folder, os.X_OK) and folder.is_dir()
    except OSError:
        return False


def _unreadable(path: Path, reason: str) -> UntrustedModelError:
    return UntrustedModelError(
        f"the trust ledger cannot be read: {reason}",
        where=str(path),
        hint="Fix or remove it; `titanic-batch models trust REF` starts a new one.",
    )
