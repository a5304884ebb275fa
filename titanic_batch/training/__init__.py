"""Training: make models, learn their schemas, and save them. Importing this imports nothing heavy.

train         the reference model, of several candidates
learn_schema  estimator and training data -> TrainingSchema
registering   an existing model: load it, learn or derive its schema, save it
saving        estimator -> store, and a pickle file
"""

from titanic_batch.training.reading import Reading
from titanic_batch.training.registering import register_model
from titanic_batch.training.saving import save_model
from titanic_batch.training.schema_edits import SchemaEdits

__all__ = ["Reading", "SchemaEdits", "register_model", "save_model"]
