"""Rows of eight small tables, to be classified by each table's fixed hidden rule.

Prompt: ``Table ship: weight=84 | fragile=no | zone=B | age=3 | class=?`` Answer:
``truck``. The rule is never shown; it is learnt from rows. The level is that of
the rule: one threshold (1), a small tree (2), a difference or a comparison (3),
a sum or a product (4). Both the row's values and the way it is written out
(table, order of columns, style) are held out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evalsuite.embedded.items import Item, Split, split_of

__all__ = ["TABLES", "Table", "draw"]

Value = int | str
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns (a range or a set of words), its rule, its labels."""

    name: str
    level: int
    columns: Mapping[str, tuple[int, int] | tuple[str, ...]]
    labels: tuple[str, ...]
    rule: Callable[[Row], str]


def _int(row: Row, name: str) -> int:
    return int(row[name])


def _ship(row: Row) -> str:
    if row["fragile"] == "yes":
        return "courier"
    return "truck" if _int(row, "weight") > 40 else "post"


def _soil(row: Row) -> str:
    if _int(row, "ph") < 45:
        return "acid"
    return "basic" if _int(row, "ph") > 70 else "neutral"


def _plant(row: Row) -> str:
    if _int(row, "petal") < 20:
        return "alba"
    if _int(row, "petal") < 48:
        return "rosa" if row["color"] == "red" else "viola"
    return "magna" if _int(row, "stem") > 50 else "minor"


def _churn(row: Row) -> str:
    angry = _int(row, "calls") >= 6 and row["plan"] != "pro"
    new = _int(row, "months") < 24 and _int(row, "bill") > 60
    return "leave" if angry or new else "stay"


def _loan(row: Row) -> str:
    score = _int(row, "income") - _int(row, "debt") + (15 if row["owner"] == "yes" else 0)
    if score >= 45:
        return "approve"
    return "review" if score >= 20 else "reject"


def _race(row: Row) -> str:
    return min(("red", "blue", "green"), key=lambda lane: _int(row, lane))


def _grade(row: Row) -> str:
    marks = [_int(row, subject) for subject in ("math", "art", "sport")]
    if sum(marks) >= 170:
        return "gold"
    return "silver" if sum(marks) >= 130 or max(marks) >= 92 else "none"


def _order(row: Row) -> str:
    total = _int(row, "price") * _int(row, "count")
    if row["member"] == "yes":
        total -= 10
    if total >= 60:
        return "free"
    return "half" if total >= 25 else "full"


_YES_NO = ("yes", "no")

TABLES: tuple[Table, ...] = (
    Table(
        "ship",
        1,
        {"weight": (1, 99), "fragile": _YES_NO, "zone": ("A", "B", "C", "D"), "age": (1, 40)},
        ("courier", "truck", "post"),
        _ship,
    ),
    Table(
        "soil",
        1,
        {"ph": (10, 99), "depth": (1, 60), "color": ("red", "brown", "black"), "rain": (1, 90)},
        ("acid", "neutral", "basic"),
        _soil,
    ),
    Table(
        "plant",
        2,
        {
            "petal": (1, 70),
            "stem": (5, 99),
            "color": ("red", "blue", "white"),
            "zone": ("A", "B", "C", "D"),
        },
        ("alba", "rosa", "viola", "magna", "minor"),
        _plant,
    ),
    Table(
        "churn",
        2,
        {
            "months": (1, 72),
            "calls": (0, 12),
            "plan": ("basic", "plus", "pro"),
            "bill": (10, 99),
        },
        ("leave", "stay"),
        _churn,
    ),
    Table(
        "loan",
        3,
        {"income": (10, 99), "debt": (0, 60), "owner": _YES_NO, "age": (18, 80)},
        ("approve", "review", "reject"),
        _loan,
    ),
    Table(
        "race",
        3,
        {"red": (10, 99), "blue": (10, 99), "green": (10, 99), "wind": (0, 9)},
        ("red", "blue", "green"),
        _race,
    ),
    Table(
        "grade",
        4,
        {"math": (0, 99), "art": (0, 99), "sport": (0, 99), "age": (10, 19)},
        ("gold", "silver", "none"),
        _grade,
    ),
    Table(
        "order",
        4,
        {"price": (1, 15), "count": (1, 12), "member": _YES_NO, "age": (18, 80)},
        ("free", "half", "full"),
        _order,
    ),
)

# How a cell is written, and what stands between cells.
_STYLES = (("{}={}", " | "), ("{}: {}", ", "), ("{} {}", "; "), ("{} is {}", ", "))
_ASKS = ("class=?", "class?", "which class?")


def draw(rng: random.Random, split: Split) -> Item:
    """Draw one row of one table, belonging to the split."""
    table = rng.choice(TABLES)
    template, order, style, ask = _layout(rng, split, table)
    row = _row(rng, split, table)
    cell, between = _STYLES[style]
    cells = between.join(cell.format(name, row[name]) for name in order)
    return Item(
        family="tabular",
        level=table.level,
        template=template,
        prompt=f"Table {table.name}: {cells}{between}{_ASKS[ask]}",
        answer=table.rule(row),
        target=table.rule(row),
        metadata={"table": table.name, "columns": row, "labels": list(table.labels)},
    )


def _layout(rng: random.Random, split: Split, table: Table) -> tuple[str, list[str], int, int]:
    while True:
        order = list(table.columns)
        rng.shuffle(order)
        style, ask = rng.randrange(len(_STYLES)), rng.randrange(len(_ASKS))
        template = f"tabular:{table.name}:{'-'.join(order)}:style{style}:ask{ask}"
        if split_of(template) == split:
            return template, order, style, ask


def _row(rng: random.Random, split: Split, table: Table) -> dict[str, Value]:
    # Drawn without repeated numbers in a race, so that the winner is unique.
    while True:
        row = {name: _cell(rng, kind) for name, kind in table.columns.items()}
        tied = table.name == "race" and len({row["red"], row["blue"], row["green"]}) < 3
        if not tied and split_of(f"row:{table.name}:{row}") == split:
            return row


def _cell(rng: random.Random, kind: tuple[int, int] | tuple[str, ...]) -> Value:
    low, high = kind[0], kind[-1]
    if isinstance(low, int) and isinstance(high, int):
        return rng.randint(low, high)
    return str(rng.choice(kind))
