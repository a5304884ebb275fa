"""Alignment: how an input's columns become the model's. Planned once, applied to each chunk."""
