"""Models: references, loaders, trust, and the store. Importing this imports no heavy library.

    reference   what a model reference means
    loader      the Loader protocol and the registry of loaders
    opening     reference -> VerifiedModel: found, hashed, trusted; nothing unpickled
    loading     VerifiedModel -> LoadedModel: exactly the hashed bytes, in any process
    trust       the gate, and the ledger behind it
    trusting    change what the ledger holds
    saving      estimator -> store, and a pickle file
    store       the BentoML store as a folder
    listing     what the store holds
    archives    export, import, delete
    unpacking   what an archive may hold

scikit-learn, pandas, joblib, skops and bentoml are imported inside the functions that need them.
"""

from titanic_batch.models.archives import delete_model, export_model, import_model
from titanic_batch.models.artifact import Artifact, LoadedModel, VerifiedModel
from titanic_batch.models.listing import ModelDetails, ModelSummary, list_models, show_model
from titanic_batch.models.loader import Loader
from titanic_batch.models.loading import load_estimator
from titanic_batch.models.opening import open_model
from titanic_batch.models.registering import Reading, SchemaEdits, register_model
from titanic_batch.models.saving import save_model
from titanic_batch.models.trusting import trust_model, untrust_model

__all__ = [
    "Artifact",
    "LoadedModel",
    "Loader",
    "ModelDetails",
    "ModelSummary",
    "Reading",
    "SchemaEdits",
    "VerifiedModel",
    "delete_model",
    "export_model",
    "import_model",
    "list_models",
    "load_estimator",
    "open_model",
    "register_model",
    "save_model",
    "show_model",
    "trust_model",
    "untrust_model",
]
