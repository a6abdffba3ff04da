"""Plans: calls whose arguments may be results of other calls, compared as graphs.

A plan is a list of calls. The argument ``"$2"`` is the result of its second call (so TinyAgent
writes them, Erdogan et al. 2024, arXiv:2409.00608). Two plans are the same if their graphs are:
the order in which independent calls are listed does not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

REFERENCE = re.compile(r"\$([0-9]{1,4})(?![0-9])")


class Step(NamedTuple):
    """One call of a plan: the function's name and its arguments."""

    name: str
    arguments: Mapping[str, Any]


Plan = Sequence[Step]


def plans_match(said: Plan, wanted: Plan) -> bool:
    """Whether both have the same calls with the same arguments, in an order that does not matter.

    Texts are compared without regard to case and white space, numbers by value (``3`` is ``3.0``,
    but not ``"3"``). A plan that refers to itself in a circle, or to a call that is not there,
    matches nothing.
    """
    return _isomorphic(said, wanted, values=True)


def graphs_match(said: Plan, wanted: Plan) -> bool:
    """Whether both have the same functions with the same dependencies, whatever else is passed.

    This is TinyAgent's success rate: isomorphism of the graphs of function names.
    """
    return _isomorphic(said, wanted, values=False)


def argument_f1(said: Plan, wanted: Plan) -> float:
    """F1 of the arguments: (function, name, value), each as often as it occurs, from 0 to 1.

    A result that is passed on counts by the function it comes from. Two plans without arguments
    agree (1.0).
    """
    given, right = Counter(_triples(said)), Counter(_triples(wanted))
    total = given.total() + right.total()
    return 2 * (given & right).total() / total if total else 1.0


def has_references(plan: Plan) -> bool:
    """Whether an argument of the plan is a result of another call."""
    return any(_references(step.arguments) for step in plan)


# --- graphs -------------------------------------------------------------------------------------


def _isomorphic(said: Plan, wanted: Plan, *, values: bool) -> bool:
    if len(said) != len(wanted):
        return False
    order = _order(said)
    if order is None or _order(wanted) is None:
        return False
    ours = [_node(step, values) for step in said]
    theirs = [_node(step, values) for step in wanted]

    def placed(position: int, at: dict[int, int]) -> bool:
        """Whether the calls from ``position`` on can be placed beside those that are."""
        if position == len(order):
            return True
        label, edges = ours[order[position]]
        moved = sorted((where, at[other]) for where, other in edges)
        return any(
            placed(position + 1, {**at, order[position]: other})
            for other, (their_label, their_edges) in enumerate(theirs)
            if other not in at.values() and (label, moved) == (their_label, sorted(their_edges))
        )

    return placed(0, {})


def _order(plan: Plan) -> list[int] | None:
    """Positions with each call after those that it refers to; None for a circle or a loose end."""
    needs = [{int(one) - 1 for one in _references(step.arguments)} for step in plan]
    order: list[int] = []
    waiting = list(range(len(plan)))
    while waiting:
        ready = [node for node in waiting if needs[node] <= set(order)]
        if not ready:
            return None
        order += ready
        waiting = [node for node in waiting if node not in ready]
    return order


def _node(step: Step, values: bool) -> tuple[Hashable, list[tuple[str, int]]]:
    """What a call is, and where in it which call's result is used; of places only if ``values``."""
    if not values:
        used = dict.fromkeys(_references(step.arguments))
        return step.name, [("", int(one) - 1) for one in used]
    edges = [(where, int(one) - 1) for where, one in _placed(step.arguments, "")]
    return (step.name, _shape(step.arguments)), edges


def _placed(value: Any, where: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [one for key, inner in value.items() for one in _placed(inner, f"{where}.{key}")]
    if isinstance(value, list | tuple):
        return [one for at, inner in enumerate(value) for one in _placed(inner, f"{where}[{at}]")]
    if isinstance(value, str):
        return [(f"{where}:{at}", one) for at, one in enumerate(REFERENCE.findall(value))]
    return []


def _references(value: Any) -> list[str]:
    return [one for _, one in _placed(value, "")]


def _shape(value: Any) -> Hashable:
    """A value for comparing, with references without their numbers."""
    if isinstance(value, Mapping):
        pairs = [(str(key), _shape(one)) for key, one in value.items()]
        return ("object", tuple(sorted(pairs, key=lambda pair: pair[0])))
    if isinstance(value, list | tuple):
        return ("list", tuple(_shape(one) for one in value))
    if isinstance(value, str):
        folded = unicodedata.normalize("NFKC", REFERENCE.sub("$", value)).casefold()
        return ("text", " ".join(folded.split()))
    if isinstance(value, bool) or value is None:
        return ("constant", str(value))
    if isinstance(value, int | float):
        return ("number", float(value) if abs(value) < 1e300 else str(value))
    return ("other", repr(value))


def _triples(plan: Plan) -> list[tuple[str, str, Hashable]]:
    names = {str(at + 1): step.name for at, step in enumerate(plan)}
    return [
        (step.name, name, (_shape(value), tuple(names.get(one) for one in _references(value))))
        for step in plan
        for name, value in step.arguments.items()
    ]
