"""Predictions as the service returns them, in the terms of the model's own schema."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from titanic_batch.schema import TrainingSchema
from titanic_batch.serving.outcomes import RecordOutcome, Refusal, Scored
from titanic_batch.serving.planning import PREDICTION, PROBABILITY

MESSAGE = "message"
MODEL = "model"


@dataclass(frozen=True, kw_only=True)
class Words:
    """The words for a model's answers.

    Attributes:
        field: The name of the prediction: the model's target in lower case ("survived").
        message: What its labels mean ("1 = 생존, 0 = 사망"); empty where nobody said.
        tag: The model that answers.
    """

    field: str
    message: str
    tag: str


def words_of(schema: TrainingSchema, tag: str) -> Words:
    """Return how a model's answers are worded."""
    return Words(field=field_name(schema), message=_message(schema), tag=tag)


def field_name(schema: TrainingSchema) -> str:
    """Return the name under which a model answers: its target's, as a JSON field is spelled."""
    name = re.sub(r"\W+", "_", schema.target or "").strip("_").lower()
    taken = name in ("", MESSAGE, MODEL) or name.startswith(PROBABILITY)
    return PREDICTION if taken else name


def answer(outcome: RecordOutcome, words: Words) -> dict[str, Any]:
    """Return an outcome as JSON: a prediction, or an `error` with its reason and column."""
    if isinstance(outcome, Refusal):
        return {"error": outcome.message, "reason": outcome.reason, "column": outcome.column}
    message = {MESSAGE: words.message} if words.message else {}
    return {words.field: outcome.label, **message, **outcome.probabilities, MODEL: words.tag}


def as_json(document: dict[str, Any]) -> bytes:
    """Return an answer as UTF-8, with every letter as it is.

    The name of a refused record's column may be no text, half of a surrogate pair: then all letters
    are escaped.
    """
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":")).encode()


def read_answer(
    document: Mapping[str, Any], field: str, *, regressor: bool
) -> RecordOutcome | None:
    """Return the outcome that `answer` made this document of; None where it made no such one.

    The document may be anybody's: an address may be mistyped, and what answers there no scorer.
    """
    if "error" in document:
        texts = [document.get(name) for name in ("error", "reason", "column")]
        if not all(isinstance(text, str) for text in texts):
            return None
        message, reason, column = cast("list[Any]", texts)
        return Refusal(reason=reason, column=column, message=message)
    label = document.get(field)
    probabilities = {name: document[name] for name in document if name.startswith(PROBABILITY)}
    fits = _is_score(label) if regressor else isinstance(label, str | int | float)
    if not fits or not all(_is_score(value) for value in probabilities.values()):
        return None
    return Scored(label=label, probabilities=probabilities)


def _is_score(value: object) -> bool:
    """Return whether a value is a number that can be compared with another."""
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def _message(schema: TrainingSchema) -> str:
    classes = [str(value) for value in schema.classes or ()] or list(schema.labels)
    if len(classes) == 2:
        classes.reverse()  # what the probability is of comes first
    return ", ".join(f"{name} = {schema.labels[name]}" for name in classes if name in schema.labels)
