"""Models: references, loaders, trust, and the store. Importing this imports no heavy library.

    reference   what a model reference means
    loaders/    the Loader protocol, its registry, and the built-in ones
    opening     reference -> VerifiedModel: found, hashed, trusted; nothing unpickled
    loading     VerifiedModel -> LoadedModel: exactly the hashed bytes, in any process
    trust/      the gate, and the ledger behind it
    store/      the BentoML store as a folder: what it holds, export, import, delete

scikit-learn, pandas, joblib, skops and bentoml are imported inside the functions that need them.
"""

from titanic_batch.models.artifact import Artifact, LoadedModel, VerifiedModel
from titanic_batch.models.loaders.base import Loader
from titanic_batch.models.loading import load_estimator
from titanic_batch.models.opening import open_model
from titanic_batch.models.store.archives import delete_model, export_model, import_model
from titanic_batch.models.store.listing import ModelDetails, ModelSummary, list_models, show_model
from titanic_batch.models.trust.trusting import trust_model, untrust_model

__all__ = [
    "Artifact",
    "LoadedModel",
    "Loader",
    "ModelDetails",
    "ModelSummary",
    "VerifiedModel",
    "delete_model",
    "export_model",
    "import_model",
    "list_models",
    "load_estimator",
    "open_model",
    "show_model",
    "trust_model",
    "untrust_model",
]
