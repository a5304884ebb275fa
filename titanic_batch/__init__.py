"""Score passenger files with a scikit-learn model, unattended, every night.

    manifest = titanic_batch.score("input.csv", "scored.parquet", model="titanic_model:latest")

Keywords are named as the command's flags; errors carry the command's exit codes.
"""

# Nothing is imported here: with `python -m`, the working folder still comes first on the path.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from titanic_batch.publish.verify import verify
    from titanic_batch.scoring.api import score, score_files
    from titanic_batch.scoring.batch_scorer import BatchScorer

__version__ = "0.1.0"

__all__ = ["BatchScorer", "__version__", "score", "score_files", "verify"]


def __getattr__(name: str) -> object:
    # Imported when first asked for: the command line answers --help without pyarrow.
    if name in ("score", "score_files"):
        from titanic_batch.scoring import api

        return getattr(api, name)
    if name == "BatchScorer":
        from titanic_batch.scoring.batch_scorer import BatchScorer

        return BatchScorer
    if name == "verify":
        from titanic_batch.publish.verify import verify

        return verify
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
