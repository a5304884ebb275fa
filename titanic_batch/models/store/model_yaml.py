"""Read a model's YAML, whoever wrote it: bounded, without aliases, without types of Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from titanic_batch.documents import MOST_DIGITS
from titanic_batch.errors import ModelError

#: A training schema of many categories takes a few hundred kB.
MAX_YAML_BYTES = 8 << 20

# One such schema nests in 6 levels, and has 4 events for each category: this is 60,000 of them.
_MOST_LEVELS = 40
_MOST_EVENTS = 250_000


def bentoml_missing() -> ModelError:
    """Return the error of an installation without bentoml, which brings the YAML reader too."""
    return ModelError(
        "models in the BentoML store need the bentoml package",
        hint="Install it: pip install 'titanic-batch[bentoml]'.",
    )


def read_yaml(data: bytes, where: str) -> dict[str, Any]:
    """Return the mapping that a YAML document holds.

    An alias stands for all that its anchor holds, so that a few lines of them unpack to more than
    any memory: a document that has one is refused. So is one that is nested too deeply, before
    anything is built of it: the loader recurses in C, and would take this process down.

    Raises:
        ModelError: if it is too long or too deep, uses aliases, or holds no mapping of plain
            values; or if YAML cannot be read here.
    """
    try:
        import yaml
    except ImportError as exc:
        raise bentoml_missing() from exc
    if len(data) > MAX_YAML_BYTES:
        raise _refused(f"it has more than {MAX_YAML_BYTES:,} bytes", where)
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if fault := _fault_of(yaml.parse(data, Loader=base)):
            raise _refused(fault, where)
        document = yaml.load(data, Loader=_with_short_numbers(base))  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as exc:
        raise _refused(" ".join(str(exc).split())[:300], where) from exc
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise _refused("it is not a mapping of names to values", where)
    return document


def _fault_of(events: Iterator[Any]) -> str:
    """Return what of a document must not be built, "" for nothing; it is read no further."""
    from yaml import AliasEvent, CollectionEndEvent, CollectionStartEvent

    depth = 0
    for count, event in enumerate(events):
        if isinstance(event, AliasEvent):
            return "it uses aliases (`*name`), which are not read"
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > _MOST_LEVELS:
            return f"it is nested in more than {_MOST_LEVELS} levels"
        if count > _MOST_EVENTS:
            return f"it holds more than {_MOST_EVENTS:,} values"
    return ""


def _with_short_numbers(base: Any) -> Any:
    """Return the loader, which refuses numbers that take for ever to be read."""

    class ShortNumbers(base):  # type: ignore[misc]
        pass

    # Such a number takes its square in time to be read: one in base 60 is a number, too.
    for tag, build in (
        ("tag:yaml.org,2002:int", base.construct_yaml_int),
        ("tag:yaml.org,2002:float", base.construct_yaml_float),
    ):

        def construct(loader: Any, node: Any, build: Any = build) -> Any:
            if len(str(node.value)) > MOST_DIGITS:
                raise ValueError(f"it holds a number of {len(node.value):,} characters")
            return build(loader, node)

        ShortNumbers.add_constructor(tag, construct)
    return ShortNumbers


def _refused(why: str, where: str) -> ModelError:
    return ModelError(
        f"its model.yaml cannot be read: {why}",
        where=where,
        hint="Save the model again; `titanic-batch models delete NAME:VERSION` removes this one.",
    )
