"""Compare verdicts row by row, and add up what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from titanic_batch.serving.outcomes import RecordOutcome, Refusal, Scored

#: Scores further apart than this differ.
TOLERANCE = 1e-12
MOST_DIFFERENCES = 100


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A row on which batch and service do not agree.

    Attributes:
        row: 1-based data record.
        batch: What the batch command says, in words.
        service: What the service says.
    """

    row: int
    batch: str
    service: str


@dataclass(frozen=True, kw_only=True)
class ParityReport:
    """The comparison of a file's batch scores with a service's answers.

    Attributes:
        input: The file.
        url: The service.
        model: Tag of the model that scored the batch.
        service_model: Tag of the model that the service names; empty where it scored nothing.
        rows: Rows read.
        unsent: Rows that are no records, such as a CSV line with a field too many: rejected by the
            batch, and nothing that could be sent.
        compared: Rows sent.
        equal: Those with the same verdict: label and probabilities, or reason and column.
        rejected: Those of `equal` that both reject.
        labels_differing: Rows that both score, with another label.
        verdicts_differing: Rows that one scores and the other rejects, or for another reason.
        largest_difference: Of a probability, or of a regressor's prediction.
        differences: The first rows that are not equal.
    """

    input: str
    url: str
    model: str
    service_model: str
    rows: int
    unsent: int
    compared: int
    equal: int
    rejected: int
    labels_differing: int
    verdicts_differing: int
    largest_difference: float
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        """Whether every row that was sent got the same verdict, and there was one."""
        return self.compared == self.equal > 0


class ParityTotals:
    """Adds up rows as they are compared."""

    def __init__(self, *, regressor: bool) -> None:
        self.unsent = self.compared = self.equal = self.rejected = 0
        self.labels = self.verdicts = 0
        self.largest = 0.0
        self.service_model = ""
        self._regressor = regressor
        self._differences: list[Difference] = []

    def add(
        self, row: int, batch: RecordOutcome, service: RecordOutcome | None, answer: object
    ) -> None:
        """Compare one row; `answer` is what the service said, for one that is no verdict."""
        self.compared += 1
        if isinstance(batch, Scored) and isinstance(service, Scored):
            same = self._compare(batch, service)
        else:
            same = isinstance(batch, Refusal) and _same_refusal(batch, service)
            self.rejected += same
            self.verdicts += not same
        self.equal += same
        if not same and len(self._differences) < MOST_DIFFERENCES:
            said = str(answer) if service is None else _words(service)
            self._differences.append(Difference(row=row, batch=_words(batch), service=said))

    def _compare(self, batch: Scored, service: Scored) -> bool:
        if batch.probabilities.keys() != service.probabilities.keys():
            self.verdicts += 1
            return False
        pairs = [
            (batch.probabilities[name], service.probabilities[name]) for name in batch.probabilities
        ]
        if self._regressor:
            pairs.append((batch.label, service.label))
        elif not _is_same(batch.label, service.label):
            self.labels += 1
        gaps = [
            abs(one - other) / (max(1.0, abs(one)) if self._regressor else 1.0)
            for one, other in pairs
        ]
        self.largest = max(self.largest, *gaps, 0.0)
        same_label = self._regressor or _is_same(batch.label, service.label)
        return same_label and max(gaps, default=0.0) <= TOLERANCE

    def report(self, input: str, url: str, model: str) -> ParityReport:
        """Return what was added up."""
        return ParityReport(
            input=input,
            url=url,
            model=model,
            service_model=self.service_model,
            rows=self.compared + self.unsent,
            unsent=self.unsent,
            compared=self.compared,
            equal=self.equal,
            rejected=self.rejected,
            labels_differing=self.labels,
            verdicts_differing=self.verdicts,
            largest_difference=self.largest,
            differences=tuple(self._differences),
        )


def _same_refusal(batch: Refusal, service: RecordOutcome | None) -> bool:
    if not isinstance(service, Refusal):
        return False
    return replace(service, message="") == replace(batch, message="")


def _is_same(label: object, other: object) -> bool:
    """Return whether two labels are one: true is not 1."""
    return label == other and isinstance(label, bool) == isinstance(other, bool)


def _words(verdict: RecordOutcome) -> str:
    if isinstance(verdict, Refusal):
        return f"rejected, {verdict.message}"
    scores = ", ".join(f"{name} {value!r}" for name, value in verdict.probabilities.items())
    return f"{verdict.label}" + (f" ({scores})" if scores else "")
