"""The trust gate: whether a model's bytes may be loaded, judged by their SHA-256 alone.

A hash is trusted if any of these names it, asked in this order:

1. the caller: `--trust`, a job file, `trust=`;
2. the environment variable TITANIC_BATCH_TRUST (read here and nowhere else, so that the command
   line, job files and the Python API agree on it);
3. the user's own ledger: models that titanic-batch wrote, and `titanic-batch models trust`;
4. the shared ledger that TITANIC_BATCH_TRUST_FILE names;
5. the bento that this code was unpacked from (see `titanic_batch.models.store.packed`).

Hashes in arguments and the environment are separated by commas or spaces.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from titanic_batch.errors import FileAccessError, UntrustedModelError, UsageError
from titanic_batch.models.store.packed import packed_environment
from titanic_batch.models.trust import ledger
from titanic_batch.printable import shell_quoted

TRUST_VARIABLE = "TITANIC_BATCH_TRUST"

HASH = re.compile(r"[0-9a-f]{64}")


def parse_hashes(texts: Iterable[str], *, where: str) -> frozenset[str]:
    """Return the SHA-256 hashes in `texts`, in lower case.

    Raises:
        UsageError: if one is not 64 hexadecimal digits.
    """
    hashes = [part.lower() for text in texts for part in re.split(r"[\s,]+", text) if part]
    for sha256 in hashes:
        if not HASH.fullmatch(sha256):
            raise UsageError(
                f"{sha256[:80]!r} is not a SHA-256: it takes 64 hexadecimal digits",
                where=where,
                hint="`sha256sum FILE` or `titanic-batch models show REF` prints it.",
            )
    return frozenset(hashes)


def trusted_by(sha256: str, trust: Sequence[str] = ()) -> str:
    """Return what trusts a hash, in words; "" where nothing does.

    Raises:
        UsageError: if `trust` or the environment holds something that is no hash.
        UntrustedModelError: if a ledger that had to be asked is writable by others, or damaged.
    """
    if sha256 in parse_hashes(trust, where="--trust"):
        return "--trust"
    if sha256 in parse_hashes([os.environ.get(TRUST_VARIABLE, "")], where=TRUST_VARIABLE):
        return TRUST_VARIABLE
    own = ledger.user_ledger_path()
    if own is not None and (entry := ledger.read_ledger(own).get(sha256)):
        return "written by titanic-batch" if entry.reason == "written" else "your ledger"
    shared = ledger.shared_ledger_path()
    if shared is not None and sha256 in ledger.read_ledger(shared, required=True):
        return f"the shared ledger {shared}"
    if sha256 in parse_hashes([packed_environment().get(TRUST_VARIABLE, "")], where="bento.yaml"):
        return "the bento"
    return ""


def change_since_trusted(name: str) -> str:
    """Return a note that the model has changed since it was trusted; "" if it never was.

    Call it for a hash that nothing trusts.

    Args:
        name: A full tag, or an absolute path: what a ledger calls a model.

    Raises:
        UntrustedModelError: if a ledger is writable by others, or damaged.
    """
    own, shared = ledger.user_ledger_path(), ledger.shared_ledger_path()
    entries = [
        *(ledger.read_ledger(own).items() if own is not None else ()),
        *(ledger.read_ledger(shared, required=True).items() if shared is not None else ()),
    ]
    known = {sha256: entry for sha256, entry in entries if _is_named(entry, name)}
    if not known:
        return ""
    sha256, entry = max(known.items(), key=lambda item: item[1].added_at)
    day = entry.added_at.partition("T")[0]
    what = "titanic-batch wrote it" if entry.reason == "written" else "it was trusted"
    return f"it has changed since {what} on {day}, with SHA-256 {sha256}"


def _is_named(entry: ledger.Entry, name: str) -> bool:
    """Return whether an entry is of the model of a name; a file may be reached by several paths."""
    if name in entry.names:
        return True
    if not Path(name).is_absolute():
        return False
    own = Path(name).resolve()
    return any(Path(ref).is_absolute() and Path(ref).resolve() == own for ref in entry.names)


def require_trusted(
    sha256: str, ref: str, *, reason: str, name: str = "", trust: Sequence[str] = ()
) -> None:
    """Let a hash pass that is trusted.

    Args:
        sha256: The hash of the bytes that are to be loaded.
        ref: The model, as the suggested command names it.
        reason: Why these bytes need trust.
        name: The model, as a ledger names it; the same where left out.
        trust: Hashes that the caller vouches for.

    Raises:
        UntrustedModelError: if nothing trusts it, with the command to run.
        UsageError: if `trust` or the environment holds something that is no hash.
    """
    if trusted_by(sha256, trust):
        return
    changed = change_since_trusted(name or ref)
    what = f"{changed}, so" if changed else "the model is not trusted, so"
    who = "who changed it" if changed else "who made it"
    raise UntrustedModelError(
        f"{what} it was not loaded: {reason} (SHA-256 {sha256})",
        where=ref,
        hint=f"If you know {who}, run `{trust_command(ref)}`, or pass --trust {sha256}.",
    )


def trust_command(ref: str) -> str:
    """Return the command that makes a model trusted, ready to paste."""
    # A name that starts with a dash would be read as an option.
    dashes = "-- " if ref.startswith("-") else ""
    return f"titanic-batch models trust {dashes}{shell_quoted(ref)}"


def record_written(sha256: str, ref: str, *, reason: str = "written") -> str:
    """Record a model that titanic-batch has just written.

    Args:
        sha256: The hash of its bytes.
        ref: Its tag or file.
        reason: "written"; "trusted" where the bytes are another's, who passed the gate.

    Returns:
        A warning where there is nowhere to record it, else "". The model is whole either way.
    """
    try:
        ledger.add_to_ledger(ledger.user_ledger_path(), sha256, ref, reason)
    except (FileAccessError, UntrustedModelError) as exc:
        return f"{ref} was written but not recorded as trusted (SHA-256 {sha256}): {exc}"
    return ""
