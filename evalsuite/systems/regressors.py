"""Models of a number learnt from rows, with scikit-learn: the counterpart of ``learners``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from evalsuite.systems.learners import SEED, Columns, Row


@dataclass(frozen=True, kw_only=True)
class Regressor:
    """What was learnt: a number for one row."""

    predict: Callable[[Row], float]


def learn_mean(rows: Sequence[Row], targets: Sequence[float]) -> Regressor:
    """The mean of the training targets for everything; of all constants the least squared error."""
    mean = math.fsum(targets) / len(targets)
    return Regressor(predict=partial(_constant, mean))


def learn_boosted(rows: Sequence[Row], targets: Sequence[float]) -> Regressor:
    """Histogram gradient boosting of the squared error; missing values are handled as such."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    columns = Columns.of(rows)
    if not columns:
        return learn_mean(rows, targets)
    estimator = HistGradientBoostingRegressor(
        categorical_features=[False] * len(columns.numbers) + [True] * len(columns.words),
        # The default of 20 cannot split a table of 40 rows at all.
        min_samples_leaf=max(1, min(20, len(rows) // 20)),
        random_state=SEED,
    )
    return _fitted(estimator, columns.matrix, rows, targets)


def learn_ridge(rows: Sequence[Row], targets: Sequence[float]) -> Regressor:
    """Ridge regression (penalty 1) over scaled numbers, one-hot words and missing indicators."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    columns = Columns.of(rows)
    if not columns:
        return learn_mean(rows, targets)
    estimator = make_pipeline(DictVectorizer(sparse=False), StandardScaler(), Ridge())
    return _fitted(estimator, columns.indicators, rows, targets)


def _fitted(
    estimator: Any,
    features: Callable[[Sequence[Row]], Any],
    rows: Sequence[Row],
    targets: Sequence[float],
) -> Regressor:
    estimator.fit(features(rows), list(targets))
    return Regressor(predict=partial(_predicted, estimator, features))


def _constant(mean: float, row: Row) -> float:
    return mean


def _predicted(estimator: Any, features: Callable[[Sequence[Row]], Any], row: Row) -> float:
    return float(estimator.predict(features([row]))[0])
