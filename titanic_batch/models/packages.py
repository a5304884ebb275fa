"""Name the package to install for a module that a model needs, where that is beyond doubt.

Whoever registers a name in a package index gets his code run by all who are told to install it. So
only packages that everybody knows are named, and never one after a module's own name.
"""

from __future__ import annotations

#: Top-level module and the package that it comes from, of libraries that models are made with.
_PACKAGES = {
    "bentoml": "bentoml",
    "catboost": "catboost",
    "category_encoders": "category-encoders",
    "cloudpickle": "cloudpickle",
    "dill": "dill",
    "feature_engine": "feature-engine",
    "hdbscan": "hdbscan",
    "imblearn": "imbalanced-learn",
    "interpret": "interpret",
    "joblib": "joblib",
    "keras": "keras",
    "lifelines": "lifelines",
    "lightgbm": "lightgbm",
    "lz4": "lz4",
    "mapie": "MAPIE",
    "mlflow": "mlflow",
    "mlxtend": "mlxtend",
    "ngboost": "ngboost",
    "nltk": "nltk",
    "numba": "numba",
    "numpy": "numpy",
    "optbinning": "optbinning",
    "pandas": "pandas",
    "patsy": "patsy",
    "polars": "polars",
    "pyarrow": "pyarrow",
    "pygam": "pygam",
    "pyod": "pyod",
    "scikeras": "scikeras",
    "scipy": "scipy",
    "shap": "shap",
    "sklearn": "scikit-learn",
    "sklearn_pandas": "sklearn-pandas",
    "skops": "skops",
    "skorch": "skorch",
    "skrub": "skrub",
    "sksurv": "scikit-survival",
    "sktime": "sktime",
    "spacy": "spacy",
    "statsmodels": "statsmodels",
    "tensorflow": "tensorflow",
    "torch": "torch",
    "transformers": "transformers",
    "umap": "umap-learn",
    "xgboost": "xgboost",
}


def package_of(module: str) -> str | None:
    """Return the well-known package that a module comes from; None where it comes from another."""
    return _PACKAGES.get(module.partition(".")[0])


def missing_module(module: str) -> tuple[str, str]:
    """Return what to say of a module that cannot be imported, and what to do."""
    what = f"it needs the module {module}, which is not installed here"
    package = package_of(module)
    if package is not None:
        return what, f"Install it: pip install {package}."
    top = module.partition(".")[0]
    return what, (
        f"A module named {top} must be on PYTHONPATH: set it to the full path of the "
        "folder of the code that the model was made with."
    )


def other_version(module: str, lacks: str) -> tuple[str, str]:
    """Return what to say of a module that is there and lacks something, and what to do.

    Args:
        module: The module.
        lacks: What it lacks, as part of a sentence.
    """
    top = module.partition(".")[0]
    what = f"it needs {lacks}, which the {top} that is installed here does not have"
    package = package_of(module)
    if package is not None:
        return what, f"Install the version of {package} that it was made with."
    return what, (
        f"The module named {top} on PYTHONPATH must be the one that the model was made with."
    )
