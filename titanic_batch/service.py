"""The online twin: the model that scores files at night, behind BentoML's API.

    bentoml serve titanic_batch.service:TitanicService

TITANIC_BATCH_MODEL says which model (titanic_model:latest). It is found, hashed and trusted as in
`titanic-batch score`, and every record takes the same steps as a row of a file. A bento that
`bentoml build` makes of this holds the exact model, and its hash as trusted.
TITANIC_BATCH_MAX_BODY says how long a request's body may be (16MB).
"""

# BentoML reads annotations when this module is imported: they are no strings here.
# ruff: noqa: E402

from titanic_batch.import_path import shut_working_folder

shut_working_folder()  # bentoml puts it first; before anything else is imported

from http import HTTPStatus
from typing import Annotated, Any

import bentoml
from pydantic import WithJsonSchema
from starlette.responses import Response

from titanic_batch import __version__
from titanic_batch.scoring.options import MODEL_VARIABLE
from titanic_batch.serving.bodies import BodyCheck
from titanic_batch.serving.hosting import (
    check_loads,
    log_whole_lines,
    max_body_bytes,
    served_model,
)
from titanic_batch.serving.openapi import answer_schema, record_schema
from titanic_batch.serving.outcomes import Refusal
from titanic_batch.serving.page import OwnPage
from titanic_batch.serving.predictions import answer, as_json, words_of
from titanic_batch.serving.scorer import open_scorer

log_whole_lines()
_MODEL = served_model()

Record = Annotated[Any, WithJsonSchema(record_schema(_MODEL.schema))]
Answer = Annotated[Any, WithJsonSchema(answer_schema(_MODEL.schema))]


@bentoml.service(
    name="titanic_service",
    # A long request must not keep the others waiting.
    threads=8,
    traffic={"timeout": 60},
    envs=[
        {"name": MODEL_VARIABLE, "value": _MODEL.tag},
        {"name": "TITANIC_BATCH_TRUST", "value": _MODEL.sha256},
        {"name": "BENTOML_DO_NOT_TRACK", "value": "true"},
    ],
)
class TitanicService:
    """Scores records one by one or in lists, as `titanic-batch score` scores the rows of a file."""

    model = bentoml.models.BentoModel(_MODEL.tag)

    @bentoml.on_deployment  # type: ignore[untyped-decorator]  # bentoml leaves it untyped
    @staticmethod
    def check_model() -> None:
        """Load the model before any worker does: where it can't be, the command ends in a line."""
        check_loads(_MODEL)

    def __init__(self) -> None:
        self._scorer = open_scorer(_MODEL)
        self._words = words_of(self._scorer.session.description.schema, _MODEL.tag)

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, record: Record, /) -> Answer:
        """Score one record: a flat JSON object, a value for each column, in any order.

        A record that cannot be scored is answered with 400, and the reason that a rejects file
        would name.
        """
        (outcome,) = self._scorer.score([record])
        status = HTTPStatus.BAD_REQUEST if isinstance(outcome, Refusal) else HTTPStatus.OK
        # A response of our own: bentoml's would escape every letter that is not ASCII.
        body = as_json(answer(outcome, self._words))
        return Response(body, status_code=status, media_type="application/json")

    @bentoml.api(batchable=True, max_batch_size=1000, max_latency_ms=60_000)  # type: ignore[untyped-decorator]
    def predict_batch(self, records: list[Record], /) -> list[Answer]:
        """Score a list of records: an answer for each, in their order.

        A record that cannot be scored has an `error`, a `reason` and a `column` in its place.
        """
        return [answer(outcome, self._words) for outcome in self._scorer.score(records)]


TitanicService.add_asgi_middleware(  # type: ignore[attr-defined]
    OwnPage,
    tag=_MODEL.tag,
    version=__version__,
    example=record_schema(_MODEL.schema).get("example", {}),
)
TitanicService.add_asgi_middleware(  # type: ignore[attr-defined]
    BodyCheck, routes={"/predict": dict, "/predict_batch": list}, max_bytes=max_body_bytes()
)
