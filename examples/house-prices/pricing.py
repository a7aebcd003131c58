"""The model that learns prices, and how far off it is."""

from collections.abc import Iterator

import pandas as pd
from arguments import Arguments
from houses import NUMBERS, PRICE, WORDS
from sklearn.base import RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

PARTS = 5


def learn(houses: pd.DataFrame, wanted: Arguments) -> Pipeline:
    columns = make_column_transformer(
        (SimpleImputer(strategy="median"), NUMBERS), (OneHotEncoder(handle_unknown="ignore"), WORDS)
    )
    return make_pipeline(columns, _regressor(wanted)).fit(houses, houses[PRICE])


def _regressor(wanted: Arguments) -> RegressorMixin:
    if wanted.model == "linear":
        return LinearRegression()
    return RandomForestRegressor(wanted.trees, min_samples_leaf=2, max_features=0.5, random_state=0)


def cross_check(known: pd.DataFrame, wanted: Arguments) -> Iterator[float]:
    """The mean error on each of the parts, by a model that learned from the others."""
    for rest, checked in KFold(PARTS, shuffle=True, random_state=0).split(known):
        yield mean_error(learn(known.iloc[rest], wanted), known.iloc[checked])


def mean_error(model: Pipeline, houses: pd.DataFrame) -> float:
    return float(mean_absolute_error(houses[PRICE], model.predict(houses)))


def what_matters(model: Pipeline, unseen: pd.DataFrame) -> pd.DataFrame:
    """By how much the mean error rises when the values of one column are shuffled."""
    columns = unseen[[*NUMBERS, *WORDS]]
    rises = permutation_importance(
        model, columns, unseen[PRICE], scoring="neg_mean_absolute_error", n_repeats=3, random_state=0
    )
    table = pd.DataFrame({"column": columns.columns, "error_rises_by": rises.importances_mean})
    return table.sort_values("error_rises_by", ascending=False)


def predict(model: Pipeline, unseen: pd.DataFrame) -> pd.DataFrame:
    """What the model says of houses whose price is known, the furthest off first."""
    predicted = model.predict(unseen).round(-2).astype(int)
    table = unseen[["district", "kind", "living_area_m2", PRICE]].assign(predicted=predicted)
    table = table.assign(off_by=table["predicted"] - table[PRICE])
    return table.sort_values("off_by", key=abs, ascending=False).reset_index()
