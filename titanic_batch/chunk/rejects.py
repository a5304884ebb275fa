"""Make rejects of faults: one per record, its first fault, with the record as it stands."""

from __future__ import annotations

from collections import Counter

from titanic_batch.faults import Fault
from titanic_batch.publish.rejects import Reject
from titanic_batch.sources.base import Chunk, Parsed, Parser


def reject_records(
    parser: Parser, chunk: Chunk, parsed: Parsed, faults: list[Fault]
) -> tuple[tuple[Reject, ...], Counter[str]]:
    """Return one reject per record with a fault, its first, and the count of the others."""
    first: dict[int, Fault] = {fault.index: fault for fault in parsed.faults}
    others: Counter[str] = Counter()
    for fault in faults:
        index = fault.index if parsed.rows is None else int(parsed.rows[fault.index])
        if index in first:
            others[fault.reason] += 1
        else:
            first[index] = fault
    indices = sorted(first)
    records = parser.raw_records(chunk, indices)
    rejects = tuple(
        Reject(
            row=chunk.first_row + index,
            line=record.line,
            column=first[index].column,
            reason=first[index].reason,
            record=record.text,
            said=first[index].said,
        )
        for index, record in zip(indices, records, strict=True)
    )
    return rejects, others
