"""Trust: which model files may be loaded at all."""
