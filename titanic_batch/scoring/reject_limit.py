"""RejectLimit: how many rows may be rejected."""

from __future__ import annotations

from dataclasses import dataclass

from titanic_batch.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class RejectLimit:
    """The most rows that may be rejected; exactly one of the two is set.

    Attributes:
        count: At most so many rows.
        share: At most this share of the rows read, 0 to 1.
    """

    count: int | None = None
    share: float | None = None

    def exceeded_by(self, rejected: int, read: int, *, finished: bool) -> bool:
        """Return whether the limit is exceeded; a share is known only when all is read."""
        if self.count is not None:
            return rejected > self.count
        return finished and self.share is not None and rejected > self.share * read

    @property
    def is_zero(self) -> bool:
        """Whether no row may be rejected."""
        return not self.count and not self.share


def reject_limit(text: str) -> RejectLimit:
    """Parse `--max-rejects`: a count, or a percentage.

    Raises:
        UsageError: if it is neither.
    """
    try:
        if text.endswith("%"):
            percent = float(text[:-1])
            if 0 <= percent <= 100:
                return RejectLimit(share=percent / 100)
        elif int(text) >= 0:
            return RejectLimit(count=int(text))
    except ValueError:
        pass
    raise UsageError(
        f"--max-rejects {text!r} is neither a count nor a percentage",
        hint="Give for example --max-rejects 10 or --max-rejects 1%.",
    )
