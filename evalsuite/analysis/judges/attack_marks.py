"""What each verdict of a battery of attacks is worth to the answer that was to be judged."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evalsuite.judging.attacks import OTHER, RIGHT, BatteryRecord

KEYS = ["item", "place", "repeat"]
"""Columns in which the verdicts with and without an attack on the same answer are the same."""
SEPARATOR = "\N{INFORMATION SEPARATOR ONE}"
FOR_A = {"a": 1.0, "tie": 0.5, "b": 0.0}


def attack_marks(rows: pd.DataFrame, record: BatteryRecord, criterion: str) -> pd.DataFrame:
    """One row a question: who was judged (``system``), and what its verdict is worth.

    ``worth`` is that of the label (of a comparison: others beaten, a tie being half), ``value`` the
    same with the chances of the labels where they are known, ``top`` the most there is; ``place``
    is 1 where the subject was shown last. NaN where the judge gave no verdict.
    """
    item, cluster = (rows["task"] + SEPARATOR + rows[name] for name in ("sample_id", "cluster"))
    rows = rows.assign(item=item, cluster=cluster)
    if rows["system_a"].notna().any():
        return pd.DataFrame(_compared(rows))
    scale = record.scales.get(criterion, {})
    judged = rows["status"] == "judged"
    # a mean of a panel or over criteria lies between the labels, and is worth what it is
    worth = rows["verdict"].map(scale).astype(float).fillna(rows["value"])
    tops = [max(values.values()) for values in record.scales.values()]
    top = max(scale.values()) if scale else sum(tops) / len(tops)
    return pd.DataFrame(
        {
            "item": rows["item"],
            "place": 0,
            "repeat": rows["repeat"],
            "cluster": rows["cluster"],
            "system": rows["system"],
            "worth": worth.where(judged),
            "value": rows["value"].where(judged).astype(float),
            "top": top,
            "error_kind": rows["error_kind"],
        }
    ).reset_index(drop=True)


@dataclass
class _Mark:
    """A question of a judge that compares, as its pairs are added up."""

    item: str
    place: int
    repeat: int
    cluster: str
    system: str
    error_kind: str | None
    worth: float = 0.0
    value: float = 0.0
    top: float = 0.0


def _compared(rows: pd.DataFrame) -> list[_Mark]:
    """The marks of a judge that compares: the pairs of one question that its subject is in."""
    found: dict[tuple[str, int, int], _Mark] = {}
    for row in rows.to_dict("records"):
        a, b = row["system_a"], row["system_b"]
        subject = next((name for name in (a, b) if name not in (RIGHT, OTHER)), None)
        if subject is None:
            continue
        key = (row["item"], row["answer_repeat"], row["repeat"])
        mark = found.get(key)
        if mark is None:
            mark = found[key] = _Mark(
                item=row["item"],
                place=row["answer_repeat"] % 2,
                repeat=row["repeat"],
                cluster=row["cluster"],
                system=subject,
                error_kind=row["error_kind"],
            )
        given = row["status"] == "judged"
        label, value = (FOR_A[row["verdict"]], row["value"]) if given else (float("nan"),) * 2
        mark.worth += label if subject == a else 1 - label
        mark.value += value if subject == a else 1 - value
        mark.top += 1
    return list(found.values())
