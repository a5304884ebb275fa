"""Chunk scoring: parse, align, predict, lay out. Runs in any process, on one chunk at a time."""
