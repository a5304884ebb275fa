"""Advice: options that let a refused file through, each tried on its rows before it is given."""
