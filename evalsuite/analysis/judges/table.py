"""Verdicts as they come in: a tidy frame, checked, oriented one way, joined with labels by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from evalsuite.errors import ConfigError
from evalsuite.judging.orders import OTHER, VERDICTS

Kind = Literal["pairwise", "score", "label"]
VALUE_OF: dict[str, Kind] = {"verdict": "pairwise", "score": "score", "label": "label"}
SCORED = ("", "scored", "ok")
"""What ``status`` says of a verdict that was given."""
TEXT = ("domain", "criterion", "cluster", "judge_family", "status", "shown_first")
NUMBERS = ("usd", "seconds", "length", "length_a", "length_b")
SIDED = ("system", "length", "family")
KEY = "\N{SYMBOL FOR UNIT SEPARATOR}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdicts:
    """n checked verdicts.

    Attributes:
        kind: ``pairwise`` (a, b or tie), ``score`` (a number) or ``label`` (a word).
        rows: a verdict a row. ``judge``, ``criterion``, ``unit`` (what was judged: item, systems
            and criterion), ``item``, ``cluster``, ``domain``, ``value`` and ``human`` (None where
            there is none), ``status``, ``shown_first``, ``repeat``, ``usd``, ``seconds``, and where
            given systems, lengths and families. Pairs are turned so that a is before b by name.
        n_unused_labels: labels of ``labels`` whose item no judge was asked about.
    """

    kind: Kind
    rows: pd.DataFrame
    n_unused_labels: int

    def __len__(self) -> int:
        return len(self.rows)


def check_verdicts(frame: pd.DataFrame, labels: pd.DataFrame | None = None) -> Verdicts:
    """Turn a tidy frame into checked verdicts.

    Args:
        frame: a verdict a row; see ``docs/judge-audit.md`` for its columns. ``judge``, ``item`` and
            one of ``verdict``, ``score``, ``label`` are needed.
        labels: people's verdicts, instead of a column ``human``: ``item``, the systems where the
            frame has them, ``criterion`` where it has it, and ``human``.

    Raises:
        ConfigError: a column is missing, a value cannot be, or two labels of one item differ.
    """
    kinds = [name for name in VALUE_OF if name in frame.columns]
    if len(kinds) != 1:
        raise ConfigError(
            f"verdicts need exactly one of the columns verdict, score, label; found "
            f"{', '.join(kinds) or 'none'} among {', '.join(map(str, frame.columns))}"
        )
    kind = VALUE_OF[kinds[0]]
    _need(frame, ("judge", "item"), "verdicts")
    if frame.empty:
        raise ConfigError("there are no verdicts: the table has no rows")
    rows = _oriented(_columns(frame), kind)
    rows["value"] = _values(rows, kinds[0], kind)
    rows["unit"] = _units(rows, kind)
    rows["human"], unused = _humans(rows, labels, kind)
    rows["status"] = _statuses(rows)
    rows["repeat"] = _repeats(rows)
    for name in ("domain", "criterion", "judge_family"):
        rows[name] = rows[name].fillna("") if name in rows else ""
    rows["cluster"] = rows["cluster"].fillna(rows["item"]) if "cluster" in rows else rows["item"]
    for name in ("usd", "seconds"):
        rows[name] = rows[name] if name in rows else float("nan")
    return Verdicts(kind=kind, rows=rows.reset_index(drop=True), n_unused_labels=unused)


def _need(frame: pd.DataFrame, names: Sequence[str], what: str) -> None:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ConfigError(
            f"{what} have no column {', '.join(absent)}; found {', '.join(map(str, frame.columns))}"
        )
    for name in names:
        missing = int(frame[name].isna().sum())
        if missing:
            raise ConfigError(f"{what}: column {name} is empty in {missing} rows")


def _columns(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy with names as text and numbers as numbers; empty text is missing."""
    rows = frame.copy().replace("", None)
    for name in ("judge", "item", *TEXT, *(f"system{s}" for s in ("", "_a", "_b"))):
        if name in rows:
            rows[name] = _text(rows[name])
    for name in NUMBERS:
        if name in rows:
            found = pd.to_numeric(rows[name], errors="coerce")
            wrong = rows.loc[found.isna() & rows[name].notna(), name]
            if len(wrong):
                raise ConfigError(f"column {name} holds {wrong.iloc[0]!r}, which is no number")
            if (found < 0).any():
                raise ConfigError(f"column {name} holds {found.min():g}; it is not negative")
            rows[name] = found.astype(float)
    return rows


def _text(values: pd.Series) -> pd.Series:
    """Names and labels as text: 1, and the 1.0 that a gap in the column makes of it, are "1"."""
    whole = pd.api.types.is_float_dtype(values) and bool((values.dropna() % 1 == 0).all())
    return (values.astype("Int64") if whole else values).astype(object).map(str, na_action="ignore")


def _oriented(rows: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """Pairs with the name of a before that of b, everything that has sides turned with them."""
    if kind != "pairwise":
        return rows
    if "shown_first" in rows:
        wrong = rows.loc[~rows["shown_first"].isin(["a", "b"]) & rows["shown_first"].notna()]
        if len(wrong):
            raise ConfigError(f"shown_first is a or b, not {wrong['shown_first'].iloc[0]!r}")
    else:
        rows["shown_first"] = None
    if ("system_a" in rows) != ("system_b" in rows):
        raise ConfigError("pairs need both columns system_a and system_b, or neither")
    if "system_a" not in rows:
        return rows
    _need(rows, ("system_a", "system_b"), "verdicts")
    same = rows.loc[rows["system_a"] == rows["system_b"], "system_a"]
    if len(same):
        raise ConfigError(f"{same.iloc[0]} is compared with itself in {len(same)} rows")
    turned = rows["system_a"] > rows["system_b"]
    for name in SIDED:
        a, b = f"{name}_a", f"{name}_b"
        if a in rows and b in rows:
            rows[a], rows[b] = rows[a].where(~turned, rows[b]), rows[b].where(~turned, rows[a])
    for name in ("verdict", "human", "shown_first"):
        if name in rows:
            rows[name] = rows[name].where(~turned, rows[name].replace(OTHER))
    return rows


def _values(rows: pd.DataFrame, column: str, kind: Kind) -> pd.Series:
    """The column as a, b or tie, as numbers, or as text; None where missing."""
    given = rows[column]
    if kind == "score":
        found = pd.to_numeric(given, errors="coerce").astype(float)
        wrong = given[found.isna() & given.notna()]
        if len(wrong):
            raise ConfigError(f"{column} holds {wrong.iloc[0]!r}; a judge that failed has none")
        return found
    text = _text(given)
    if kind == "pairwise":
        wrong = text[~text.isin(VERDICTS) & text.notna()]
        if len(wrong):
            raise ConfigError(f"{column} is a, b, tie or empty, not {wrong.iloc[0]!r}")
    return text.astype(object).where(text.notna(), None)


def _units(rows: pd.DataFrame, kind: Kind) -> pd.Series:
    names = [
        "item",
        *(("system_a", "system_b") if kind == "pairwise" else ("system",)),
        "criterion",
    ]
    unit = pd.Series("", index=rows.index, dtype=object)
    for name in names:
        if name in rows:
            unit = unit + KEY + rows[name].fillna("").astype(object)
    return unit


def _humans(rows: pd.DataFrame, labels: pd.DataFrame | None, kind: Kind) -> tuple[pd.Series, int]:
    """The label of each row's unit, wherever it was written, and how many labels were not used."""
    if labels is not None and "human" in rows:
        raise ConfigError("labels are given twice: as a column human and as a table of labels")
    source = rows
    if labels is not None:
        _need(labels, ("item",), "labels")
        if "human" not in labels:
            raise ConfigError("the table of labels has no column human")
        source = _oriented(_columns(labels), kind)
        for name in ("system", "system_a", "system_b", "criterion"):
            if (name in rows) != (name in source):
                raise ConfigError(f"labels and verdicts cannot be joined: only one has {name}")
        source = source.assign(unit=_units(source, kind))
    if "human" not in source:
        return pd.Series(None, index=rows.index, dtype=object), 0
    known = source.assign(human=_values(source, "human", kind)).dropna(subset=["human"])
    found = known.drop_duplicates(["unit", "human"])
    twice = found[found.duplicated("unit", keep=False)]
    if len(twice):
        item = twice["item"].iloc[0]
        raise ConfigError(f"item {item} has {len(twice.query('item == @item'))} different labels")
    by_unit = found.set_index("unit")["human"]
    humans = rows["unit"].map(by_unit)
    if kind != "score":
        humans = humans.astype(object).where(humans.notna(), None)
    return humans, int((~by_unit.index.isin(rows["unit"])).sum())


def _statuses(rows: pd.DataFrame) -> pd.Series:
    """``scored``, or why there is no verdict; ``no_verdict`` where nothing says why."""
    said = rows["status"].fillna("") if "status" in rows else pd.Series("", index=rows.index)
    given = rows["value"].notna()
    contradictory = given & ~said.isin(SCORED)
    if contradictory.any():
        example = said[contradictory].iloc[0]
        raise ConfigError(
            f"{int(contradictory.sum())} rows have a verdict and the status {example}: a failure "
            "has no verdict"
        )
    return said.where(~said.isin(SCORED), "no_verdict").where(~given, "scored")


def _repeats(rows: pd.DataFrame) -> pd.Series:
    """Number of times the judge was asked the same before, in the order of rows."""
    key = ["judge", "unit", *(["shown_first"] if "shown_first" in rows else [])]
    if "repeat" in rows:
        twice = rows.duplicated([*key, "repeat"])
        if twice.any():
            row = rows[twice].iloc[0]
            raise ConfigError(
                f"judge {row['judge']} has two verdicts on item {row['item']} of repeat "
                f"{row['repeat']}, in the same order"
            )
        return rows["repeat"]
    return rows.groupby(key, dropna=False).cumcount()
