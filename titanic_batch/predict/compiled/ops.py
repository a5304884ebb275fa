"""What a pipeline does to a number before the model sees it, step by step as scikit-learn does."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from titanic_batch.predict.compiled.plan import Floats, Op

#: How many numbers each kind of step takes.
OP_ARGUMENTS = {
    "fill": 1,
    "sub": 1,
    "div": 1,
    "mul": 1,
    "add": 1,
    "clip": 2,
    "float32": 0,
    "isnan": 0,
}


def apply_ops(ops: Iterable[Op], numbers: Floats) -> Floats:
    """Return what `ops` make of numbers, shape (n,); `numbers` itself is left as it is."""
    result = numbers
    for name, *args in ops:
        if name == "fill":
            null = np.isnan(result)
            if null.any():
                result = np.where(null, args[0], result)
        elif name == "sub":
            result = result - args[0]
        elif name == "div":
            result = result / args[0]
        elif name == "mul":
            result = result * args[0]
        elif name == "add":
            result = result + args[0]
        elif name == "clip":
            result = np.clip(result, args[0], args[1])
        elif name == "float32":
            result = result.astype(np.float32).astype(np.float64)
        elif name == "isnan":
            result = np.isnan(result).astype(np.float64)
        else:
            raise ValueError(f"no such step: {name}")
    return result


def stays_finite(ops: Iterable[Op], numbers: Floats) -> npt.NDArray[np.bool_]:
    """Return which numbers stay finite on their way: scikit-learn takes no others."""
    finite = np.isfinite(numbers)
    for op in ops:
        numbers = apply_ops((op,), numbers)
        finite &= np.isfinite(numbers)
    return finite
