"""The candidate pipelines of the reference model: raw passenger columns in, probability out."""

from __future__ import annotations

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

#: The passenger columns that the model takes, in its order.
FEATURES = ("Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked")


def candidates(*, seed: int) -> dict[str, Pipeline]:
    """Return the unfitted candidates by name, in the order of the comparison.

    Every one has imputers on Age, Fare and Embarked, and on nothing else: a passenger without a
    class or sex is not one that the model can say anything of. Encoders fail on a value that
    training did not have, rather than score it as something else. Nothing runs in parallel inside:
    the sum over a forest's trees would depend on which ends first.
    """
    return {
        "logistic regression": Pipeline(
            [
                ("columns", _columns(one_hot=True, scaled=True)),
                ("model", LogisticRegression(max_iter=1000, random_state=seed)),
            ]
        ),
        "random forest": Pipeline(
            [
                ("columns", _columns(one_hot=True, scaled=False)),
                (
                    "model",
                    RandomForestClassifier(
                        n_estimators=100, min_samples_leaf=3, n_jobs=1, random_state=seed
                    ),
                ),
            ]
        ),
        "histogram gradient boosting": Pipeline(
            [
                ("columns", _columns(one_hot=False, scaled=False)),
                (
                    "model",
                    HistGradientBoostingClassifier(
                        learning_rate=0.05,
                        max_iter=100,
                        max_leaf_nodes=15,
                        min_samples_leaf=20,
                        # The encoded columns come first: Pclass, Sex, Embarked.
                        categorical_features=[0, 1, 2],
                        early_stopping=False,
                        random_state=seed,
                    ),
                ),
            ]
        ),
    }


def _columns(*, one_hot: bool, scaled: bool) -> ColumnTransformer:
    scaler = StandardScaler() if scaled else "passthrough"
    return ColumnTransformer(
        [
            ("category", _encoder(one_hot=one_hot), ["Pclass", "Sex"]),
            (
                "embarked",
                Pipeline(
                    [
                        ("impute", SimpleImputer(strategy="most_frequent")),
                        ("encode", _encoder(one_hot=one_hot)),
                    ]
                ),
                ["Embarked"],
            ),
            (
                "measured",
                Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", scaler)]),
                ["Age", "Fare"],
            ),
            ("counted", scaler, ["SibSp", "Parch"]),
        ]
    )


def _encoder(*, one_hot: bool) -> OneHotEncoder | OrdinalEncoder:
    if one_hot:
        return OneHotEncoder(handle_unknown="error", sparse_output=False)
    return OrdinalEncoder(handle_unknown="error")
