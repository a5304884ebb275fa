"""Loaders: how each format of a model file is found, inspected and loaded."""
