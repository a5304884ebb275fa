"""RecordOutcome: what becomes of one record. It is scored, or refused for a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from titanic_batch.faults import Reason

#: Why a record gets no score: as in rejects files, or because its columns are not the model's.
RefusalReason = Reason | Literal["wrong-columns"]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """The prediction for one record.

    Attributes:
        label: The prediction.
        probabilities: By the name of the output column that the batch command would write.
    """

    label: Any
    probabilities: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why one record was not scored.

    Attributes:
        reason: As rejects files name it.
        column: The column it is about; empty where it is about the whole record.
        message: The same in words.
    """

    reason: RefusalReason
    column: str
    message: str


RecordOutcome = Scored | Refusal


def refusal(reason: RefusalReason, column: str, said: str = "") -> Refusal:
    """Return a refusal in the words that the batch command has for a rejected row.

    Args:
        reason: As rejects files name it.
        column: The column it is about, if any.
        said: What the model said of it, if anything.
    """
    message = f"column {column}: {reason}" if column else reason
    if said:
        message += f": {said}"
    return Refusal(reason=reason, column=column, message=message)
