"""Battles as they come in: a tidy frame, checked, oriented one way and turned into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.errors import ConfigError, DataMissing

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WIN, TIE, LOSS = 0, 1, 2
"""Codes of what happened to the first of a pair; outcome 1, 0.5 and 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Battles:
    """n judged battles, each turned so that ``first < second`` in the order of names.

    A battle of (b, a) is the battle of (a, b) with its result and its covariates reversed, so that
    which side a model stood on changes nothing. Unless it matters: then it is a covariate.

    Attributes:
        models: names, sorted.
        first: (n,) index into ``models``.
        second: (n,) index into ``models``, larger than ``first``.
        result: (n,) WIN, TIE or LOSS of ``first``.
        weight: (n,) or None where every battle counts once.
        cluster: (n,) codes 0 .. ``n_clusters`` - 1, or None where battles are independent.
        n_clusters: how many clusters; 0 where there are none.
        covariates: (n, p), ``first``'s minus ``second``'s.
        covariate_names: p names.
        n_unjudged: rows left out because their outcome is missing.
    """

    models: tuple[str, ...]
    first: Integers
    second: Integers
    result: Integers
    weight: Floats | None
    cluster: Integers | None
    n_clusters: int
    covariates: Floats
    covariate_names: tuple[str, ...]
    n_unjudged: int

    def __len__(self) -> int:
        return len(self.first)


def check_battles(frame: pd.DataFrame, covariates: Sequence[str] = ()) -> Battles:
    """Turn a tidy frame into arrays.

    Args:
        frame: one battle a row, with columns ``a``, ``b`` (names) and ``outcome`` (1: a won, 0: b
            won, 0.5: tie, missing: not judged); optional columns ``cluster`` (what battles share:
            a prompt) and ``weight`` (positive).
        covariates: names of columns holding a's value minus b's: of lengths, of styles, or +1
            where a was shown first (or at home) and -1 where b was.

    Raises:
        ConfigError: a column is missing, a model fights itself, a value cannot be.
    """
    absent = [name for name in ("a", "b", "outcome", *covariates) if name not in frame.columns]
    if absent:
        raise ConfigError(
            f"battles have no column {', '.join(absent)}; needed are a, b, outcome"
            f"{' and the covariates' if covariates else ''}, found {', '.join(map(str, frame))}"
        )
    frame, code, n_unjudged = _judged(frame)
    a, b, models = _model_codes(frame)
    swapped = a > b
    values = np.empty((len(frame), len(covariates)))
    for column, name in enumerate(covariates):
        values[:, column] = _numbers(frame, name)
        values[swapped, column] *= -1
    weight = _weights(frame) if "weight" in frame else None
    cluster, n_clusters = _clusters(frame)
    return Battles(
        models=models,
        first=np.minimum(a, b),
        second=np.maximum(a, b),
        result=np.where(swapped, LOSS - code, code),
        weight=weight,
        cluster=cluster,
        n_clusters=n_clusters,
        covariates=values,
        covariate_names=tuple(covariates),
        n_unjudged=n_unjudged,
    )


def read_battles(path: Path) -> pd.DataFrame:
    """Read battles from CSV, JSON Lines (both also gzipped) or Parquet.

    The columns are those of ``check_battles``. Arena files, with ``model_a``, ``model_b`` and
    ``winner`` (``model_a``, ``model_b``, or ``tie`` in any spelling), are understood too; their
    ``prompt`` or ``question_id`` becomes the cluster where no column of that name is there.

    Raises:
        DataMissing: no such file.
        ConfigError: the file is of another kind, cannot be read, or names an unknown winner.
    """
    if not path.is_file():
        raise DataMissing(f"{path}: no such file of battles")
    name = path.name.lower().removesuffix(".gz")
    try:
        if name.endswith(".csv"):
            frame = pd.read_csv(path)
        elif name.endswith((".jsonl", ".ndjson")):
            frame = pd.read_json(path, lines=True)
        elif name.endswith(".parquet"):
            frame = pd.read_parquet(path)
        else:
            raise ConfigError(f"{path}: battles are read from .csv, .jsonl or .parquet")
    except (ValueError, OSError) as error:
        raise ConfigError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    return _from_arena(frame) if {"model_a", "model_b", "winner"} <= set(frame) else frame


def _from_arena(frame: pd.DataFrame) -> pd.DataFrame:
    winner = frame["winner"].astype("string")
    outcome = winner.map({"model_a": 1.0, "model_b": 0.0}).astype("float64")
    outcome = outcome.mask(winner.str.startswith("tie").fillna(False).astype(bool), 0.5)
    unknown = sorted(set(winner[outcome.isna()].dropna()))
    if unknown:
        raise ConfigError(
            f"winner {unknown[0]!r}: write model_a, model_b or tie, or leave it empty"
        )
    renamed = frame.rename(columns={"model_a": "a", "model_b": "b"}).assign(outcome=outcome)
    for column in ("prompt", "question_id"):
        if column in renamed and "cluster" not in renamed:
            renamed = renamed.rename(columns={column: "cluster"})
    return renamed


def _judged(frame: pd.DataFrame) -> tuple[pd.DataFrame, Integers, int]:
    """The rows with an outcome, their codes, and how many rows have none."""
    outcome = _floats(frame["outcome"], "outcome")
    missing = np.isnan(outcome)
    n_unjudged = int(missing.sum())
    if n_unjudged:
        frame, outcome = frame[~missing], outcome[~missing]
    if not len(outcome):
        raise ConfigError("there is no battle with an outcome")
    code = np.rint(2 - 2 * outcome)
    wrong = (code < WIN) | (code > LOSS) | (2 - 2 * outcome != code)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ConfigError(
            f"battle {frame.index[row]}: outcome {outcome[row]:g}; write 1 (a won), 0 (b won), "
            "0.5 (tie) or nothing (not judged)"
        )
    return frame, code.astype(np.int64), n_unjudged


def _model_codes(frame: pd.DataFrame) -> tuple[Integers, Integers, tuple[str, ...]]:
    codes, found = [], []
    for side in ("a", "b"):
        code, names = pd.factorize(frame[side])
        if (code < 0).any():
            raise ConfigError(
                f"battle {frame.index[int(np.argmin(code))]}: {side} names no model; every battle "
                "needs two"
            )
        codes.append(code)
        found.append([str(name) for name in names])
    models = tuple(sorted({*found[0], *found[1]}))
    place = {name: index for index, name in enumerate(models)}
    a, b = (
        np.array([place[name] for name in names], dtype=np.int64)[code]
        for code, names in zip(codes, found, strict=True)
    )
    same = a == b
    if same.any():
        row = int(np.argmax(same))
        raise ConfigError(
            f"battle {frame.index[row]}: {models[a[row]]} fights itself; drop the row"
        )
    return a, b, models


def _clusters(frame: pd.DataFrame) -> tuple[Integers | None, int]:
    if "cluster" not in frame:
        return None, 0
    codes, names = pd.factorize(frame["cluster"])
    if (codes < 0).any():
        row = frame.index[int(np.argmin(codes))]
        raise ConfigError(
            f"battle {row}: cluster is missing; give each battle one, or drop the column"
        )
    return codes.astype(np.int64), len(names)


def _weights(frame: pd.DataFrame) -> Floats:
    weight = _numbers(frame, "weight")
    if (weight <= 0).any():
        row = int(np.argmax(weight <= 0))
        raise ConfigError(
            f"battle {frame.index[row]}: weight {weight[row]:g}; a weight is positive"
        )
    return weight


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    values = _floats(frame[name], name)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise ConfigError(f"battle {frame.index[row]}: {name} is not a finite number")
    return values


def _floats(column: pd.Series[Any], name: str) -> Floats:
    try:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"column {name}: {error}; it holds numbers") from error
