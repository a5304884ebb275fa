"""Change whom the user trusts: `models trust` and `models untrust`."""

from __future__ import annotations

from dataclasses import dataclass

from titanic_batch.errors import ModelError
from titanic_batch.models.opening import inspect_model
from titanic_batch.models.trust import ledger
from titanic_batch.models.trust.gate import HASH, trusted_by


@dataclass(frozen=True, kw_only=True)
class TrustChange:
    """The result of `trust_model` or `untrust_model`.

    Attributes:
        ref: The model's tag or file.
        hashes: The SHA-256 hashes that were added or removed.
        still_trusted_by: After `untrust_model`: what still trusts one of them, in words.
    """

    ref: str
    hashes: tuple[str, ...]
    still_trusted_by: tuple[str, ...] = ()


def trust_model(ref: str) -> TrustChange:
    """Record the model that `ref` names now as trusted, without loading it.

    Raises:
        ModelError: if there is no such model.
        FileAccessError: if the ledger cannot be written.
        UntrustedModelError: if others can write the ledger, or it is damaged.
    """
    found = inspect_model(ref)
    name = found.exact_ref
    ledger.add_to_ledger(ledger.user_ledger_path(), found.sha256, name, "trusted")
    return TrustChange(ref=name, hashes=(found.sha256,))


def untrust_model(ref: str) -> TrustChange:
    """Take a model out of the user's ledger: the one that `ref` names now, and older entries.

    Args:
        ref: A reference, or a SHA-256. A model that is gone is found by the name in the ledger.

    Raises:
        ModelError: if the ledger holds nothing of it.
        FileAccessError: if the ledger cannot be written.
        UntrustedModelError: if others can write the ledger, or it is damaged.
    """
    names, hashes = {ref}, set[str]()
    if HASH.fullmatch(ref.lower()):
        hashes.add(ref.lower())
    else:
        try:
            found = inspect_model(ref)
        except ModelError:
            pass  # gone, perhaps: the ledger may still name it
        else:
            names.add(found.exact_ref)
            hashes.add(found.sha256)
    own = ledger.user_ledger_path()
    entries = ledger.read_ledger(own) if own is not None else {}
    hashes |= {sha256 for sha256, entry in entries.items() if names.intersection(entry.names)}
    removed = ledger.remove_from_ledger(own, hashes)
    still = tuple(sorted({by for sha256 in hashes if (by := trusted_by(sha256))}))
    if not removed and not still:
        raise ModelError("your trust ledger holds nothing of it", where=ref)
    return TrustChange(ref=ref, hashes=tuple(sorted(removed)), still_trusted_by=still)
