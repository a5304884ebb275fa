"""Compile fitted pipelines: walk their steps, read their trees, ask scikit-learn about codes."""
