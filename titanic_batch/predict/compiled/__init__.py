"""Score with a compiled plan: a fitted pipeline as arrays of numbers."""
