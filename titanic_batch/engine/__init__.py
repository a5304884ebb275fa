"""Engines: map chunk scoring over chunks, in order, in this process or in workers."""
