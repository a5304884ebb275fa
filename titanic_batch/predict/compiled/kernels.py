"""Sums over trees and linear sums, row by row: no row's result depends on the rows beside it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from titanic_batch.predict.compiled.ops import apply_ops
from titanic_batch.predict.compiled.plan import Digit, Floats, Linear, Table, Trees

#: What an input becomes: numbers with NaN for null, or codes. Shape (n_rows,).
Values = npt.NDArray[Any]
#: Open leaves by code; see `Table`.
Masks = npt.NDArray[Any]

#: Up to here, counting thresholds one by one is quicker than a search.
_FEW_THRESHOLDS = 16
#: Bytes of masks that are worked on at a time: they stay in a CPU's second cache.
_BLOCK_BYTES = 1 << 19
#: Sums over fewer words are quicker than finding out which rows are alike, ...
_FEWEST_WORDS = 24
#: ... and so are those of fewer rows.
_FEWEST_ROWS = 256
#: Bytes of masks that are made for rows that are alike in their first digits.
_JOINED_BYTES = 1 << 21


def sum_trees(trees: Trees, inputs: list[Values], count: int) -> Floats:
    """Return the sums over trees of `count` rows, shape (n_outputs, n_rows)."""
    codes = [_table_codes(table, inputs, count) for table in trees.tables]
    masks = [table.masks for table in trees.tables]
    if count < _FEWEST_ROWS or masks[0].shape[1] < _FEWEST_WORDS:
        return _sums(trees, masks, codes)
    found = _distinct(codes, [len(one) for one in masks])
    if found is None:
        return _sums(trees, masks, codes)
    rows, back = found
    return _sums(trees, *_joined(masks, [code[rows] for code in codes]))[:, back]


def sum_linear(linear: Linear, inputs: list[Values], count: int) -> Floats:
    """Return the linear sums of `count` rows, shape (n_outputs, n_rows)."""
    sums = np.repeat(linear.bias[:, None], count, axis=1)
    for code_term in linear.code_terms:
        codes = inputs[code_term.input]
        for k in range(len(sums)):
            sums[k] += code_term.values[:, k].take(codes)
    for term in linear.terms:
        numbers = apply_ops(term.ops, inputs[term.input])
        for k, weight in enumerate(term.weights.tolist()):
            sums[k] += numbers * weight
    return sums


def largest_sizes(linear: Linear, inputs: list[Values]) -> Floats:
    """Return a bound, for all rows, of what the sizes of terms add up to, shape (n_outputs, 1)."""
    sizes = np.abs(linear.bias)
    for code_term in linear.code_terms:
        sizes = sizes + np.abs(code_term.values).max(axis=0)
    for term in linear.terms:
        values = inputs[term.input]
        if len(values):  # no step but the one for nulls turns a number in the middle into more
            ends = np.array([np.fmin.reduce(values), np.fmax.reduce(values), np.nan])
            sizes = sizes + np.abs(term.weights) * np.fmax.reduce(np.abs(apply_ops(term.ops, ends)))
    return sizes[:, None]


def sizes_of_rows(linear: Linear, inputs: list[Values], count: int) -> Floats:
    """Return what the sizes of each row's terms add up to, shape (n_outputs, n_rows)."""
    sizes = np.repeat(np.abs(linear.bias)[:, None], count, axis=1)
    for code_term in linear.code_terms:
        sizes += np.abs(code_term.values).take(inputs[code_term.input], axis=0).T
    for term in linear.terms:
        numbers = np.abs(apply_ops(term.ops, inputs[term.input]))
        sizes += np.abs(term.weights)[:, None] * numbers
    return sizes


def _table_codes(table: Table, inputs: list[Values], count: int) -> npt.NDArray[np.intp]:
    codes = np.zeros(count, dtype=np.intp)
    for digit in table.digits:
        codes *= digit.size
        codes += digits_of(digit, inputs[digit.input])
    return codes


def digits_of(digit: Digit, values: Values) -> npt.NDArray[np.intp]:
    """Return what trees see of an input's values, shape (n_rows,)."""
    thresholds = digit.thresholds
    if thresholds is None:
        return values.astype(np.intp, copy=False)
    if len(thresholds) <= _FEW_THRESHOLDS:
        counts = np.zeros(len(values), dtype=np.uint8)
        for threshold in thresholds.tolist():
            counts += values > threshold
        digits = counts.astype(np.intp)
    else:
        digits = np.searchsorted(thresholds, values)
    null = np.isnan(values)
    if null.any():
        digits[null] = len(thresholds) + 1
    return digits


def _distinct(
    codes: list[npt.NDArray[np.intp]], sizes: list[int]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]] | None:
    """Return the first row of each kind, in the codes' order, and each row's kind.

    None where there are more kinds than can be counted.
    """
    if math.prod(sizes) >= 1 << 62:
        return None
    key = codes[0]
    for code, size in zip(codes[1:], sizes[1:], strict=True):
        key = key * size + code
    _, rows, back = np.unique(key, return_index=True, return_inverse=True)
    return rows, back.reshape(-1)


def _joined(masks: list[Masks], codes: list[npt.NDArray[np.intp]]) -> tuple[list[Masks], list[Any]]:
    """Join the first tables into one of just those rows that occur, as long as these are few.

    Args:
        masks: The tables' masks.
        codes: Each row's place in each of them; rows are in the order of these.
    """
    masks, codes = list(masks), list(codes)
    while len(masks) > 1:
        differs = np.concatenate([[True], np.any([c[1:] != c[:-1] for c in codes[:2]], axis=0)])
        firsts = np.flatnonzero(differs)
        if firsts.size * masks[0][0].nbytes > _JOINED_BYTES:
            break
        joined = masks[0][codes[0][firsts]]
        joined &= masks[1][codes[1][firsts]]
        masks[:2], codes[:2] = [joined], [np.cumsum(differs) - 1]
    return masks, codes


def _sums(trees: Trees, masks: list[Masks], codes: list[npt.NDArray[np.intp]]) -> Floats:
    first = masks[0]
    count, words, kind = len(codes[0]), first.shape[1], first.dtype
    block = max(32, min(512, _BLOCK_BYTES // (words * kind.itemsize)))
    bits = kind.itemsize * 8
    places = np.empty(words, dtype=np.intp)
    for leaf_sum in trees.sums:
        count_ = len(leaf_sum.values)
        places[leaf_sum.start : leaf_sum.start + count_] = np.arange(count_) * (bits + 1)
    flat = [leaf_sum.values.reshape(-1) for leaf_sum in trees.sums]
    one = kind.type(1)
    sums = np.empty((len(trees.sums), count))
    open_leaves = np.empty((block, words), kind)
    others = np.empty((block, words), kind)
    bit_counts = np.empty((block, words), np.uint8)
    indexes = np.empty((block, words), np.intp)
    reached = np.empty((block, max(len(leaf_sum.values) for leaf_sum in trees.sums)))
    for start in range(0, count, block):
        stop = min(start + block, count)
        size = stop - start
        leaves = np.take(first, codes[0][start:stop], axis=0, out=open_leaves[:size], mode="clip")
        for more, code in zip(masks[1:], codes[1:], strict=True):
            np.take(more, code[start:stop], axis=0, out=others[:size], mode="clip")
            np.bitwise_and(leaves, others[:size], out=leaves)
        # One bit at most is left, the leaf that is reached: less one, it is as many bits as its
        # place says. Of a word without any, all bits are left: the place that holds 0.0.
        np.subtract(leaves, one, out=leaves)
        np.bitwise_count(leaves, out=bit_counts[:size])
        np.add(bit_counts[:size], places, out=indexes[:size])
        for k, leaf_sum in enumerate(trees.sums):
            own = slice(leaf_sum.start, leaf_sum.start + len(leaf_sum.values))
            values = reached[:size, : len(leaf_sum.values)]
            np.take(flat[k], indexes[:size, own], out=values, mode="clip")
            sums[k, start:stop] = values.sum(axis=1) + leaf_sum.base
    return sums
