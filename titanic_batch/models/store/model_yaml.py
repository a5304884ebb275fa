"""Read a model's YAML, whoever wrote it: bounded, without aliases, without types of Python."""

from __future__ import annotations

from typing import Any

from titanic_batch.errors import ModelError

#: A training schema of many categories takes a few hundred kB.
MAX_YAML_BYTES = 8 << 20

# Longer ones take their square in time to be read: a number in base 60 is a number, too.
_LONGEST_NUMBER = 400


def read_yaml(data: bytes, where: str) -> dict[str, Any]:
    """Return the mapping that a YAML document holds.

    An alias stands for all that its anchor holds, so that a few lines of them unpack to more than
    any memory: a document that has one is refused.

    Raises:
        ModelError: if it is too long, uses aliases, or holds no mapping of plain values; or if
            YAML cannot be read here.
    """
    try:
        import yaml
    except ImportError as exc:
        raise ModelError(
            "models in the BentoML store need the bentoml package",
            cure="Install it: pip install 'titanic-batch[bentoml]'.",
        ) from exc
    if len(data) > MAX_YAML_BYTES:
        raise _refused(f"it has more than {MAX_YAML_BYTES:,} bytes", where)
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(data, Loader=base)):
            raise _refused("it uses aliases (`*name`), which are not read", where)
        document = yaml.load(data, Loader=_with_short_numbers(base))  # noqa: S506 - a safe one
    except RecursionError as exc:
        raise _refused("it is nested too deeply", where) from exc
    except (yaml.YAMLError, ValueError, TypeError, OverflowError) as exc:
        raise _refused(" ".join(str(exc).split())[:300], where) from exc
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise _refused("it is no mapping of names to values", where)
    return document


def _with_short_numbers(base: Any) -> Any:
    """Return the loader, which refuses numbers that take for ever to be read."""

    class ShortNumbers(base):  # type: ignore[misc]
        pass

    for tag, build in (
        ("tag:yaml.org,2002:int", base.construct_yaml_int),
        ("tag:yaml.org,2002:float", base.construct_yaml_float),
    ):

        def construct(loader: Any, node: Any, build: Any = build) -> Any:
            if len(str(node.value)) > _LONGEST_NUMBER:
                raise ValueError(f"it holds a number of {len(node.value):,} characters")
            return build(loader, node)

        ShortNumbers.add_constructor(tag, construct)
    return ShortNumbers


def _refused(why: str, where: str) -> ModelError:
    return ModelError(
        f"its model.yaml cannot be read: {why}",
        where=where,
        cure="Save the model again; `titanic-batch models delete NAME:VERSION` removes this one.",
    )
