"""Scoring: one run from INPUT to OUTPUT, with everything that can be told of it."""
