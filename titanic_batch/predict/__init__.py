"""Ask a model for predictions: through scikit-learn, or by a compiled plan."""
