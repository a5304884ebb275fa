"""titanic-batch without what it keeps for a rerun: what resumability costs.

The arguments are those of titanic-batch.

    python bench/unkept.py score passengers.csv scored.parquet
"""

from titanic_batch.__main__ import main
from titanic_batch.publish.publication import Publication


def _keep_nothing(_publication: Publication, _fingerprint: str) -> None:
    """Give a run no work folder."""


if __name__ == "__main__":
    setattr(Publication, "open_work", _keep_nothing)  # noqa: B010  # mypy knows it as a method
    main()
