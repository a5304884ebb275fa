"""Score passenger files with a scikit-learn model, unattended, every night."""

__version__ = "0.1.0"
