"""The script that one would write by hand, and that titanic-batch is measured against.

It checks nothing, but it is no straw man: fixed dtypes, so that every chunk has the same schema;
bounded memory; one pass of predict_proba, from which the label follows too.

    python bench/by_hand.py passengers.csv scored.parquet model.pkl
    python bench/by_hand.py passengers/ scored/ model.pkl
"""

import sys
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

DTYPES = {
    "PassengerId": "int64",
    "Pclass": "int64",
    "Name": "str",
    "Sex": "str",
    "Age": "float64",
    "SibSp": "int64",
    "Parch": "int64",
    "Ticket": "str",
    "Fare": "float64",
    "Cabin": "str",
    "Embarked": "str",
}


def main(input_path: str, output_path: str, model_path: str) -> None:
    model = joblib.load(model_path)
    if not Path(input_path).is_dir():
        score(input_path, output_path, model)
        return
    Path(output_path).mkdir()
    for path in sorted(Path(input_path).glob("*.csv")):
        score(path, Path(output_path) / f"{path.stem}.parquet", model)


def score(input_path: str | Path, output_path: str | Path, model: Any) -> None:
    features = list(model.feature_names_in_)
    writer = None
    for chunk in pd.read_csv(input_path, dtype=DTYPES, chunksize=100_000):
        probabilities = model.predict_proba(chunk[features])
        chunk["prediction"] = model.classes_[probabilities.argmax(axis=1)]
        chunk["probability"] = probabilities[:, 1]
        table = pa.Table.from_pandas(chunk, preserve_index=False)
        if writer is None:
            writer = pq.ParquetWriter(output_path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
