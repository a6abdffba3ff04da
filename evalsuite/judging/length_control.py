"""AlpacaEval's length-controlled win rate, with difficulties looked up by instruction.

Dubois, Galambosi, Liang & Hashimoto (2024), "Length-controlled AlpacaEval". The judge's preference
for a model over the baseline on instruction i has log-odds

    quality + difficulty * difficulty_i + length * tanh(delta_i / sd(delta)),

delta_i = characters of the baseline's answer less the model's; the length-controlled win rate is
the mean preference with the length term left out. In ``alpaca_eval`` the difficulty is found by the
*row number* left after unjudged instructions were dropped, so that a model with a missing verdict
gets its neighbours' difficulties. Here it is found by the instruction.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.errors import ConfigError

Floats = NDArray[np.float64]

STEPS = 100


def length_controlled_win_rates(
    annotations: pd.DataFrame,
    weights: pd.DataFrame,
    difficulty: pd.Series[float],
    *,
    key: str = "index",
) -> pd.DataFrame:
    """Length-controlled win rates from fitted weights.

    Args:
        annotations: a judged answer a row, columns ``model`` and ``key``; each instruction once.
        weights: a model a row (its index), columns ``difficulty`` and ``quality``, log-odds.
        difficulty: of each instruction; its index holds the values of ``key``.
        key: column of ``annotations`` that names the instruction.

    Returns:
        Sorted by model: ``model``, ``length_controlled_win_rate`` (percent), ``n`` instructions.

    Raises:
        ConfigError: an instruction without difficulty, judged twice, or a model without weights.
    """
    joined = _joined(annotations, difficulty, key)
    models = pd.Index(sorted(set(joined["model"])))
    absent = models.difference(weights.index)
    if len(absent) or not {"difficulty", "quality"} <= set(weights):
        missing = f"model {absent[0]}" if len(absent) else "columns difficulty and quality"
        raise ConfigError(f"weights lack {missing}")
    own = weights.loc[joined["model"], ["difficulty", "quality"]].to_numpy(dtype=np.float64)
    p = _sigmoid(own[:, 0] * joined["difficulty"].to_numpy(dtype=np.float64) + own[:, 1])
    by_model = pd.Series(100 * p).groupby(joined["model"].to_numpy())
    return pd.DataFrame(
        {
            "model": models,
            "length_controlled_win_rate": by_model.mean().loc[models].to_numpy(),
            "n": by_model.size().loc[models].to_numpy(),
        }
    )


def fit_length_control(
    annotations: pd.DataFrame, difficulty: pd.Series[float], *, key: str = "index"
) -> pd.DataFrame:
    """Fit the model's three weights by maximum likelihood, without a penalty.

    ``alpaca_eval`` adds two gamed copies of the baseline at weight 0.1 and an L1 penalty chosen by
    cross-validation; its published weights are therefore not these. Preferences are fractional
    (probabilities of the judge), so errors are sandwich errors.

    Args:
        annotations: columns ``model``, ``key``, ``preference`` (0 .. 1 for the model),
            ``len_model`` and ``len_baseline`` (characters).
        difficulty: of each instruction; its index holds the values of ``key``.
        key: column of ``annotations`` that names the instruction.

    Returns:
        A frame, indexed by model: ``length``, ``difficulty``, ``quality`` (log-odds),
        ``length_controlled_win_rate`` and its ``standard_error`` (percent; delta method plus the
        spread over instructions), ``n``.

    Raises:
        ConfigError: as above, a preference outside 0 .. 1, or a model whose weights have no finite
            value, which is named.
    """
    lacking = {"preference", "len_model", "len_baseline"} - set(annotations)
    if lacking:
        raise ConfigError(f"annotations have no column {', '.join(sorted(lacking))}")
    joined = _joined(annotations, difficulty, key)
    if not joined["preference"].between(0, 1).all():
        raise ConfigError("a preference is a probability, 0 to 1; leave failed judgements out")
    rows = {str(model): _fit_one(str(model), one) for model, one in joined.groupby("model")}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def _joined(annotations: pd.DataFrame, difficulty: pd.Series[float], key: str) -> pd.DataFrame:
    absent = {"model", key} - set(annotations)
    if absent:
        raise ConfigError(f"annotations have no column {', '.join(sorted(absent))}")
    if not difficulty.index.is_unique:
        again = difficulty.index[difficulty.index.duplicated()][0]
        raise ConfigError(f"instruction {again} has two difficulties")
    twice = annotations.duplicated(["model", key])
    if twice.any():
        model, instruction = annotations.loc[twice, ["model", key]].iloc[0]
        raise ConfigError(
            f"{model} was judged twice on instruction {instruction}; keep one verdict"
        )
    known = annotations[key].isin(difficulty.index[difficulty.notna()])
    if not known.all():
        some = annotations.loc[~known, key].drop_duplicates().head(3)
        raise ConfigError(f"no difficulty for instruction {', '.join(map(str, some))}")
    return annotations.assign(difficulty=difficulty.loc[annotations[key]].to_numpy())


def _fit_one(model: str, rows: pd.DataFrame) -> dict[str, float]:
    """Newton's method for the fractional logit of one model."""
    y = rows["preference"].to_numpy(dtype=np.float64)
    delta = (rows["len_baseline"] - rows["len_model"]).to_numpy(dtype=np.float64)
    spread = float(delta.std(ddof=1)) if len(rows) > 1 else 0.0
    if len(rows) < 4 or spread == 0:
        raise ConfigError(f"{model}: length control needs 4 answers or more, of several lengths")
    hard = rows["difficulty"].to_numpy(dtype=np.float64)
    x = np.column_stack([np.tanh(delta / spread), hard, np.ones(len(y))])
    at = np.zeros(3)
    for _ in range(STEPS):
        p = _sigmoid(x @ at)
        information = x.T @ ((p * (1 - p))[:, None] * x)
        if np.linalg.cond(information) > 1e12:
            break
        step = np.linalg.solve(information, x.T @ (y - p))
        at = at + step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            return _row(x, y, at)
    raise ConfigError(f"{model}: its length-control weights have no finite value; too few answers")


def _row(x: Floats, y: Floats, at: Floats) -> dict[str, float]:
    p = _sigmoid(x @ at)
    bare = x * np.array([0.0, 1.0, 1.0])
    q = _sigmoid(bare @ at)
    inverse = np.linalg.inv(x.T @ ((p * (1 - p))[:, None] * x))
    slope = ((q * (1 - q))[:, None] * bare).mean(axis=0)
    # Each instruction's influence on the mean: through the weights, and by being in the sample.
    influence = ((y - p)[:, None] * x) @ inverse @ slope + (q - q.mean()) / len(q)
    factor = len(y) / (len(y) - x.shape[1])
    return {
        "length": float(at[0]),
        "difficulty": float(at[1]),
        "quality": float(at[2]),
        "length_controlled_win_rate": 100 * float(q.mean()),
        "standard_error": 100 * float(np.sqrt(factor * (influence**2).sum())),
        "n": len(y),
    }


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))
