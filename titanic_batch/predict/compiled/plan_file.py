"""Plans as files: numpy's .npz with a JSON header. Arrays only, nothing that runs when it is read.

The same plan is the same bytes. What is read is held against every bound that the kernels rely on,
so a file that was damaged, or written to do harm, is refused before a row is scored.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from titanic_batch.predict.compiled.ops import OP_ARGUMENTS
from titanic_batch.predict.compiled.plan import (
    CategoryInput,
    CodeTerm,
    Digit,
    LeafSum,
    Linear,
    Link,
    NumberInput,
    ScoringPlan,
    Table,
    Term,
    Trees,
)

FORMAT_VERSION = 1
_MOST_BYTES = 1 << 30
_HEADER = "header"
_MASK_TYPES = ("|u1", "<u2", "<u4", "<u8")
_CLASS_KINDS = "biufUO"


class PlanFileError(Exception):
    """What was read is no plan; the text says why."""


def plan_to_bytes(plan: ScoringPlan, name: str, about: dict[str, Any] | None = None) -> bytes:
    """Return a plan as the content of a file.

    Args:
        plan: The plan.
        name: Says of what it is the plan.
        about: What is known of the model, as JSON; see `plan_about`.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}

    def put(array: npt.NDArray[Any]) -> str:
        name = f"a{len(arrays)}"
        arrays[name] = np.ascontiguousarray(array)
        return name

    header = {
        "format": FORMAT_VERSION,
        "name": name,
        "about": about,
        "columns": plan.column_count,
        "inputs": [_input_to_json(one) for one in plan.inputs],
        "link": plan.link,
        "classes": None if plan.classes is None else plan.classes.tolist(),
        "class_type": None if plan.classes is None else plan.classes.dtype.str,
    }
    body = plan.body
    if isinstance(body, Linear):
        header["linear"] = {
            "terms": [[term.input, term.ops, put(term.weights)] for term in body.terms],
            "code_terms": [[term.input, put(term.values)] for term in body.code_terms],
            "bias": put(body.bias),
        }
    else:
        header["trees"] = {
            "tables": [
                {
                    "digits": [
                        [d.input, d.size, None if d.thresholds is None else put(d.thresholds)]
                        for d in table.digits
                    ],
                    "masks": put(table.masks),
                }
                for table in body.tables
            ],
            "sums": [[one.start, one.base, put(one.values)] for one in body.sums],
            "divisor": body.divisor,
            "exact": body.exact,
            "magnitude": body.magnitude,
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{_HEADER: np.frombuffer(text, np.uint8)}, **arrays)
    return file.getvalue()


def plan_from_bytes(data: bytes, name: str) -> ScoringPlan:
    """Read the plan that was written under a name.

    Raises:
        PlanFileError: if it is none, of another name or version, damaged, or points outside itself.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        _require(size <= _MOST_BYTES, "size")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            loaded = {name: arrays[name] for name in arrays.files}
        header = json.loads(loaded[_HEADER].tobytes())
        _require(header["format"] == FORMAT_VERSION, "format")
        if header["name"] != name:
            raise PlanFileError("it is of another model")  # noqa: TRY301
        return _Reader(header, loaded).plan()
    except PlanFileError:
        raise
    except Exception as exc:  # a damaged file may raise anything
        raise PlanFileError(f"it is damaged ({type(exc).__name__})") from exc


def plan_about(data: bytes) -> object:
    """Return what a plan's file, which `plan_from_bytes` took, says of the model."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return json.loads(arrays[_HEADER].tobytes())["about"]


def _input_to_json(one: NumberInput | CategoryInput) -> dict[str, Any]:
    if isinstance(one, NumberInput):
        return {
            "column": one.column,
            "low": one.low,
            "high": one.high,
            "refuses_null": one.refuses_null,
        }
    return {"column": one.column, "categories": one.categories, "refused": one.refused}


def _require(condition: object, what: str) -> None:
    if not condition:
        raise PlanFileError(f"it is damaged ({what})")


class _Reader:
    """Makes a plan of a header and arrays, all of it checked."""

    def __init__(self, header: dict[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self._header = header
        self._arrays = arrays
        self._inputs: tuple[NumberInput | CategoryInput, ...] = ()

    def plan(self) -> ScoringPlan:
        """Return the plan."""
        header = self._header
        column_count = _count(header["columns"])
        self._inputs = tuple(_input(one, column_count) for one in header["inputs"])
        classes = self._classes()
        _require(header["link"] in get_args(Link), "link")
        body = self._linear() if "linear" in header else self._trees()
        outputs = len(body.bias) if isinstance(body, Linear) else len(body.sums)
        _require(_fits(header["link"], outputs, classes), "outputs")
        return ScoringPlan(
            column_count=column_count,
            inputs=self._inputs,
            body=body,
            link=header["link"],
            classes=classes,
        )

    def _classes(self) -> npt.NDArray[Any] | None:
        values, kind = self._header["classes"], self._header["class_type"]
        if values is None:
            return None
        dtype = np.dtype(kind)
        _require(dtype.kind in _CLASS_KINDS, "classes")
        _require(all(isinstance(value, str | int | float) for value in values), "classes")
        return np.array(values, dtype=dtype)

    def _linear(self) -> Linear:
        body = self._header["linear"]
        bias = self._floats(body["bias"], 1)
        outputs = len(bias)
        terms = []
        for at, ops, name in body["terms"]:
            _require(isinstance(self._input(at), NumberInput), "terms")
            weights = self._floats(name, 1)
            _require(len(weights) == outputs, "weights")
            terms.append(Term(input=at, ops=tuple(map(_op, ops)), weights=weights))
        code_terms = []
        for at, name in body["code_terms"]:
            one, values = self._input(at), self._floats(name, 2)
            _require(isinstance(one, CategoryInput), "code_terms")
            assert isinstance(one, CategoryInput), "just required"
            _require(values.shape == (one.code_count, outputs), "code_terms")
            code_terms.append(CodeTerm(input=at, values=values))
        _require(outputs > 0, "bias")
        return Linear(terms=tuple(terms), code_terms=tuple(code_terms), bias=bias)

    def _trees(self) -> Trees:
        body = self._header["trees"]
        tables = tuple(self._table(table) for table in body["tables"])
        _require(tables, "tables")
        words, kind = tables[0].masks.shape[1], tables[0].masks.dtype
        _require(all(t.masks.shape[1] == words and t.masks.dtype == kind for t in tables), "masks")
        sums = []
        for start, base, name in body["sums"]:
            values = self._floats(name, 2)
            _require(values.shape[1] == kind.itemsize * 8 + 1, "leaves")
            _require(len(values) and _count(start) + len(values) <= words, "words")
            _require(not values[:, -1].any(), "leaves")
            sums.append(LeafSum(start=start, base=_finite(base), values=values))
        _require(_is_partition(sums, words), "sums")
        divisor, magnitude = _finite(body["divisor"]), _finite(body["magnitude"])
        _require(divisor > 0.0 and magnitude >= 0.0 and isinstance(body["exact"], bool), "trees")
        return Trees(
            tables=tables,
            sums=tuple(sums),
            divisor=divisor,
            exact=body["exact"],
            magnitude=magnitude,
        )

    def _table(self, table: dict[str, Any]) -> Table:
        digits = tuple(self._digit(*digit) for digit in table["digits"])
        masks = self._arrays[table["masks"]]
        size = 1
        for digit in digits:
            size *= digit.size
        _require(masks.dtype.str in _MASK_TYPES and masks.ndim == 2, "masks")
        _require(len(masks) == size and masks.shape[1] > 0, "masks")
        return Table(digits=digits, masks=masks)

    def _digit(self, at: int, size: int, name: str | None) -> Digit:
        one = self._input(at)
        if isinstance(one, CategoryInput):
            _require(name is None and size == one.code_count, "digits")
            return Digit(input=at, thresholds=None, size=size)
        thresholds = self._floats(str(name), 1)
        _require((np.diff(thresholds) > 0).all(), "thresholds")
        _require(size == len(thresholds) + 2, "digits")
        return Digit(input=at, thresholds=thresholds, size=size)

    def _input(self, at: int) -> NumberInput | CategoryInput:
        _require(_count(at) < len(self._inputs), "inputs")
        return self._inputs[at]

    def _floats(self, name: str, dimensions: int) -> npt.NDArray[np.float64]:
        array = self._arrays[name]
        _require(array.dtype.str == "<f8" and array.ndim == dimensions, "numbers")
        _require(np.isfinite(array).all(), "numbers")
        return array


def _input(one: dict[str, Any], column_count: int) -> NumberInput | CategoryInput:
    column = _count(one["column"])
    _require(column < column_count, "columns")
    if "categories" not in one:
        _require(isinstance(one["refuses_null"], bool), "inputs")
        return NumberInput(
            column=column,
            low=_finite(one["low"]),
            high=_finite(one["high"]),
            refuses_null=one["refuses_null"],
        )
    categories = tuple(one["categories"])
    _require(all(isinstance(value, str | int | float) for value in categories), "categories")
    return CategoryInput(
        column=column, categories=categories, refused=tuple(map(_count, one["refused"]))
    )


def _op(op: list[Any]) -> tuple[Any, ...]:
    name, *values = op
    _require(OP_ARGUMENTS.get(name) == len(values), "steps")
    return (name, *map(_finite, values))


def _count(value: Any) -> int:
    _require(type(value) is int and value >= 0, "counts")
    return int(value)


def _finite(value: Any) -> float:
    _require(type(value) in (int, float) and np.isfinite(value), "numbers")
    return float(value)


def _is_partition(sums: list[LeafSum], words: int) -> bool:
    """Return whether all sums are over all words, or each over words of its own, side by side."""
    if all(one.start == 0 and len(one.values) == words for one in sums):
        return True
    edges = [0]
    for one in sums:
        if one.start != edges[-1]:
            return False
        edges.append(one.start + len(one.values))
    return edges[-1] == words


def _fits(link: str, outputs: int, classes: npt.NDArray[Any] | None) -> bool:
    """Return whether so many outputs are predictions of such classes."""
    if link in ("value", "exp"):
        return classes is None and outputs == 1
    if classes is None or len(classes) < 2:
        return False
    if link == "logistic":
        return outputs == 1 and len(classes) == 2
    if link in ("softmax", "normalized"):
        return outputs == len(classes)
    return outputs == len(classes) or (outputs == 1 and len(classes) == 2)
