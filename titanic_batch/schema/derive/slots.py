"""Facts about each input column while it is followed through a fitted estimator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from titanic_batch.schema import Kind, Null, Scalar

#: handled: a step was trained to take it. tolerated: it would pass, unnoticed. refused: it fails.
NullUse = Literal["handled", "tolerated", "refused"]

#: any: the step reads every kind alike. unseen: the step is foreign code and does not say.
Reading = Kind | Literal["any", "unseen"]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One column between two steps.

    Attributes:
        column: Position of the input column that it still is; None once it was mixed or encoded.
        imputed: Whether an imputer has replaced its nulls.
        imputed_none: Whether one has replaced None, which others let pass.
        changed: Whether its values are no longer those of the input (scaled, binned).
    """

    column: int | None = None
    imputed: bool = False
    imputed_none: bool = False
    changed: bool = False


@dataclass(frozen=True, kw_only=True)
class Use:
    """The effect of one step on an input column.

    Attributes:
        kind: How the step reads its values.
        null: What becomes of a null there.
        null_is: Which null it was fitted with, where it takes but that one for a null.
        categories: The values that the step knows, null not among them.
        accepts_unknown: Whether the step has a trained place for other values.
        dtype: The pandas dtype that the step was trained on, where it shows.
    """

    kind: Reading
    null: NullUse
    null_is: Null | None = None
    categories: tuple[Scalar, ...] | None = None
    accepts_unknown: bool = False
    dtype: str = ""


#: A column that is asked for and then read by nothing.
IDLE = Use(kind="any", null="handled")


@dataclass(kw_only=True)
class Ledger:
    """The uses of every input column, gathered in one walk through the estimator.

    Attributes:
        uses: By position of the input column.
        readers: Class names of the foreign steps that read each column.
        foreign: Columns that code reads which is not known here, estimators among it: to such
            code 3, 3.0 and "3" may be three values.
        unlisted: Columns that an estimator takes for categories, without saying which.
    """

    uses: dict[int, list[Use]] = field(default_factory=dict)
    readers: dict[int, set[str]] = field(default_factory=dict)
    foreign: set[int] = field(default_factory=set)
    unlisted: dict[int, str] = field(default_factory=dict)

    def note(self, slot: Slot, use: Use) -> None:
        """Record that a step uses the input column behind `slot`, if it still is one."""
        if slot.column is not None:
            self.uses.setdefault(slot.column, []).append(use)

    def note_idle(self, slots: Iterable[Slot]) -> None:
        """Record that the columns must be there although nothing may read them."""
        for slot in slots:
            self.note(slot, IDLE)

    def note_unseen(self, slots: Iterable[Slot], reader: object) -> None:
        """Record that foreign code reads the columns: what they hold cannot be seen."""
        for slot in slots:
            self.note(slot, Use(kind="unseen", null=null_at(slot, tolerant=True)))
            if slot.column is not None:
                self.readers.setdefault(slot.column, set()).add(type(reader).__name__)
        self.note_foreign(slots)

    def note_foreign(self, slots: Iterable[Slot]) -> None:
        """Record that code which is not known here is shown the columns."""
        self.foreign.update(slot.column for slot in slots if slot.column is not None)


def null_at(slot: Slot, *, tolerant: bool) -> NullUse:
    """Return what becomes of a null in `slot` at a step that lets NaN pass, or does not."""
    if slot.imputed:
        return "handled"
    return "tolerated" if tolerant else "refused"


def opaque(count: int) -> list[Slot]:
    """Return `count` slots that are no input column any more."""
    return [Slot()] * count


def conform(
    slots: Sequence[Slot] | None, count: int | None, ledger: Ledger, reader: object
) -> list[Slot]:
    """Return `slots` as the `count` columns that the next step was fitted on.

    Where the numbers disagree, the step before did something that is not understood here: the
    columns are lost from sight, and that is recorded.
    """
    if slots is None:
        return opaque(count or 0)
    if count is None or count == len(slots):
        return list(slots)
    ledger.note_unseen(slots, reader)
    return opaque(count)
