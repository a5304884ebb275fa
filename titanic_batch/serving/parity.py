"""Parity: score a file as the batch command does, send its rows to a service, and compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from titanic_batch.errors import InputMissingError, TitanicBatchError
from titanic_batch.interrupts import interruptible
from titanic_batch.scoring.finding import InputFile
from titanic_batch.scoring.model import open_chosen_model
from titanic_batch.scoring.options import ScoreOptions
from titanic_batch.scoring.reading import source_of
from titanic_batch.serving.client import ServiceClient
from titanic_batch.serving.client_rows import records_of
from titanic_batch.serving.planning import outcomes_of, scoring_context
from titanic_batch.serving.predictions import MODEL, field_name, read_answer
from titanic_batch.serving.scorer import open_with_plan
from titanic_batch.serving.totals import ParityReport, ParityTotals


def compare(input: str, url: str, options: ScoreOptions, *, batch_size: int) -> ParityReport:
    """Score a file both ways and compare, row by row.

    Args:
        input: CSV, JSON Lines or Parquet.
        url: The running service.
        options: The model, and how the file is read; nothing that changes scores.
        batch_size: Records sent at a time; 1 sends each alone to /predict.

    Raises:
        TitanicBatchError: for all that stops `score` before its first row, and a service that
            cannot be reached.
    """
    client = ServiceClient(url)
    model = open_chosen_model(options)
    with interruptible():
        session = open_with_plan(model)
    field = field_name(session.description.schema)
    regressor = session.description.info.classes is None
    totals = ParityTotals(regressor=regressor)
    source = source_of(InputFile(path=input), options)
    try:
        context = scoring_context(
            source.schema,
            source.parser,
            session.description,
            input=input,
            text_cells=source.text_cells,
            numbers=options.numbers,
        )
        for chunk in source.chunks():
            with interruptible():
                (result,) = session.score([(context, chunk)])
            if isinstance(result, TitanicBatchError):
                raise result
            outcomes = outcomes_of(result, chunk)
            records = records_of(context, chunk)
            totals.unsent += chunk.row_count - len(records)
            for part in _parts(records, batch_size):
                answers = _ask(client, [record for _, record in part], batch_size)
                for (row, _), document in zip(part, answers, strict=True):
                    if isinstance(document.get(MODEL), str):
                        totals.service_model = document[MODEL]
                    answered = read_answer(document, field, regressor=regressor)
                    totals.add(row, outcomes[row - chunk.first_row], answered, document)
    finally:
        source.close()
        client.close()
    if not totals.compared + totals.unsent:
        raise InputMissingError("the input has a header and no data rows", where=input)
    return totals.report(input, client.url, model.tag)


def _parts(records: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _ask(
    client: ServiceClient, records: Sequence[dict[str, Any]], batch_size: int
) -> list[dict[str, Any]]:
    if batch_size == 1:
        return [client.predict(record) for record in records]
    return client.predict_batch(records)
