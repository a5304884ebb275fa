"""The BentoML model store: what it holds, and how models come and go, without importing bentoml."""
