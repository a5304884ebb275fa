"""Compile trees: leaves become bits, and an input's digit a row of the bits that it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from titanic_batch.predict.compiled.compile.boundaries import raw_thresholds
from titanic_batch.predict.compiled.compile.leaves import Forest, Tree, Wanted, leaf_paths, takes
from titanic_batch.predict.compiled.compile.walk import Derived, NotCompilableError
from titanic_batch.predict.compiled.ops import apply_ops
from titanic_batch.predict.compiled.plan import (
    CategoryInput,
    Digit,
    Floats,
    LeafSum,
    NumberInput,
    Op,
    Table,
    Trees,
)

#: With more words in a tree, scikit-learn's own walk from its root is quicker; a few words in all
#: cost no more than to find a row's digits.
_MOST_WORDS_PER_TREE, _FEW_WORDS = 12, 64
#: Larger tables take too long to make and to read.
_MOST_BYTES = 64 << 20
#: Tables are merged up to this size: it still fits into a CPU's second cache.
_MERGED_BYTES = 1 << 20
#: Cells of a matrix of leaves and digits that are worked on at a time.
_CELLS = 1 << 20


@dataclass(frozen=True)
class Origin:
    """Where a derived column comes from.

    Attributes:
        input: The plan's input.
        derived: What was done to it.
        table: A category's values, by code and derived column; None for a number.
    """

    input: int
    derived: Derived
    table: Floats | None

    def ops(self, forest: Forest) -> tuple[Op, ...]:
        """Return all that is done to it before a tree compares it."""
        return (*(self.derived.ops or ()), *forest.rounding)


@dataclass(frozen=True)
class _Leaf:
    """A leaf's place among words and bits."""

    word: int
    bit: int
    tree: Tree


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """The leaves' places.

    Attributes:
        forest: The trees.
        leaves: All leaves.
        asked: By derived column, the leaves whose paths ask something of it, and what.
        full: All leaves of each word, as bits.
        sums: The leaves' values.
    """

    forest: Forest
    leaves: list[_Leaf]
    asked: dict[int, list[tuple[int, Wanted]]]
    full: npt.NDArray[np.unsignedinteger]
    sums: tuple[LeafSum, ...]


def compile_trees(
    forest: Forest, inputs: Sequence[NumberInput | CategoryInput], origins: Sequence[Origin]
) -> Trees:
    """Compile trees into tables, one per input that they look at.

    Args:
        forest: The trees.
        inputs: What the plan reads.
        origins: Where each derived column comes from.

    Raises:
        NotCompilableError: if they have too many leaves, or the tables would be too large.
    """
    layout = _lay_out(forest)
    tables = [
        _table(at, inputs[at], origins, layout)
        for at in sorted({origins[column].input for column in layout.asked})
    ]
    if not tables:  # no tree asks anything
        tables.append(Table(digits=(), masks=layout.full[None, :]))
    largest = sum(float(np.abs(tree.values[tree.left < 0]).max()) for tree in forest.trees)
    return Trees(
        tables=tuple(tables),
        sums=layout.sums,
        divisor=forest.divisor,
        exact=_is_exact(forest),
        magnitude=largest + max(abs(base) for base in forest.bases),
    )


def merged(trees: Trees) -> Trees:
    """Return the same sums over fewer tables: small ones are made one, of all their digits."""
    tables: list[Table] = []
    for table in sorted(trees.tables, key=lambda table: len(table.masks)):
        last = tables[-1] if tables else None
        if last is None or len(last.masks) * table.masks.nbytes > _MERGED_BYTES:
            tables.append(table)
            continue
        both = last.masks[:, None, :] & table.masks[None, :, :]
        masks = both.reshape(-1, both.shape[-1])
        tables[-1] = Table(digits=last.digits + table.digits, masks=masks)
    return replace(trees, tables=tuple(tables))


def _lay_out(forest: Forest) -> _Layout:
    """Give each leaf a place, tree by tree and from left to right."""
    most = max(tree.leaf_count for tree in forest.trees)
    bits = next((bits for bits in (8, 16, 32) if most <= bits), 64)
    words = [-(-tree.leaf_count // bits) for tree in forest.trees]
    if sum(words) > max(_FEW_WORDS, _MOST_WORDS_PER_TREE * len(words)):
        raise NotCompilableError("its trees have too many leaves")
    if _digit_count(forest) * sum(words) * bits // 8 > _MOST_BYTES:
        raise NotCompilableError("its trees have too many thresholds and leaves")
    starts = np.concatenate([[0], np.cumsum(words)]).tolist()
    values = np.zeros((len(forest.bases), starts[-1], bits + 1))
    full = [0] * starts[-1]
    leaves: list[_Leaf] = []
    asked: dict[int, list[tuple[int, Wanted]]] = {}
    for tree, start in zip(forest.trees, starts[:-1], strict=True):
        own = slice(None) if tree.output is None else slice(tree.output, tree.output + 1)
        for place, (node, path) in enumerate(leaf_paths(tree)):
            word, bit = start + place // bits, place % bits
            for column, wanted in path.items():
                asked.setdefault(column, []).append((len(leaves), wanted))
            leaves.append(_Leaf(word, bit, tree))
            full[word] |= 1 << bit
            values[own, word, bit] = tree.values[node]
    spans = [(0, starts[-1])] * len(forest.bases)
    if forest.trees[0].output is not None:  # trees of one output stand side by side
        spans = list(pairwise(starts[:: len(forest.trees) // len(forest.bases)]))
    return _Layout(
        forest=forest,
        leaves=leaves,
        asked=asked,
        full=np.array(full, np.dtype(f"u{bits // 8}")),
        sums=tuple(
            LeafSum(start=start, base=base, values=values[output, start:stop])
            for output, (base, (start, stop)) in enumerate(zip(forest.bases, spans, strict=True))
        ),
    )


def _table(
    at: int,
    one: NumberInput | CategoryInput,
    origins: Sequence[Origin],
    layout: _Layout,
) -> Table:
    """Return which leaves each digit of an input leaves open."""
    forest = layout.forest
    columns = [column for column in layout.asked if origins[column].input == at]
    ops = {column: origins[column].ops(forest) for column in columns}
    thresholds: Floats | None = None
    samples: Floats = np.zeros(0)
    if isinstance(one, NumberInput):
        found = [raw_thresholds(ops[column], _thresholds(forest, column)) for column in columns]
        thresholds = np.unique(np.concatenate(found))
        samples = np.concatenate([thresholds, [one.high, np.nan]])
    size = one.code_count if isinstance(one, CategoryInput) else len(samples)
    blocked = np.zeros((size, len(layout.full)), layout.full.dtype)
    for column in columns:
        table = origins[column].table
        with np.errstate(all="ignore"):
            values = apply_ops(ops[column], samples if table is None else table[:, column])
        _block(blocked, values, layout.asked[column], layout.leaves)
    digit = Digit(input=at, thresholds=thresholds, size=size)
    return Table(digits=(digit,), masks=layout.full & ~blocked)


def _digit_count(forest: Forest) -> int:
    """Return how many digits numbers may have, all columns together."""
    asks = [tree.left >= 0 for tree in forest.trees]
    features = [tree.feature[ask] for tree, ask in zip(forest.trees, asks, strict=True)]
    numbers = [tree.threshold[ask] for tree, ask in zip(forest.trees, asks, strict=True)]
    pairs = np.stack([np.concatenate(features).astype(np.float64), np.concatenate(numbers)])
    return len(np.unique(pairs, axis=1).T)


def _thresholds(forest: Forest, column: int) -> Floats:
    found = [tree.threshold[(tree.left >= 0) & (tree.feature == column)] for tree in forest.trees]
    return np.unique(np.concatenate(found))


def _block(
    blocked: npt.NDArray[np.unsignedinteger],
    values: Floats,
    paths: list[tuple[int, Wanted]],
    leaves: list[_Leaf],
) -> None:
    """Set the bits of the leaves that a derived column's values do not come to.

    Args:
        blocked: Shape (n_digits, n_words).
        values: What the column is for each digit, shape (n_digits,).
        paths: Leaves, ascending, and what they ask of the column.
        leaves: All of them.
    """
    step = max(_CELLS // max(len(values), 1), 1)
    null = np.isnan(values)
    for start in range(0, len(paths), step):
        some = paths[start : start + step]
        above = np.array([wanted.above for _, wanted in some])[:, None]
        up_to = np.array([wanted.up_to for _, wanted in some])[:, None]
        taken = (values > above) & ~(values > up_to)
        taken[:, null] = np.array([wanted.null for _, wanted in some])[:, None]
        for row, (leaf, wanted) in enumerate(some):
            if wanted.sets:
                taken[row] = takes(leaves[leaf].tree, wanted, values)
        places = [leaves[leaf] for leaf, _ in some]
        ones = np.array([1 << place.bit for place in places], blocked.dtype)
        words = np.array([place.word for place in places])
        bits = np.where(taken, blocked.dtype.type(0), ones[:, None])
        firsts = np.flatnonzero(np.concatenate([[True], words[1:] != words[:-1]]))
        blocked[:, words[firsts]] |= np.bitwise_or.reduceat(bits, firsts, axis=0).T


def _is_exact(forest: Forest) -> bool:
    """Return whether summing up rounds nothing: there is one tree, or leaves hold whole numbers."""
    if len(forest.trees) == 1:
        return not any(forest.bases)
    values = np.concatenate([tree.values[tree.left < 0] for tree in forest.trees])
    return not any(forest.bases) and bool((values == np.floor(values)).all())
