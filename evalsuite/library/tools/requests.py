"""Generated requests: a question in words, the plan of calls that answers it, and the answer."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from evalsuite.embedded.items import Split, split_of
from evalsuite.library.tools.catalogue import CATALOGUE
from evalsuite.library.tools.execution import compute, is_rounded, shown
from evalsuite.library.tools.phrases import (
    ARITHMETIC,
    CONVERSIONS,
    FRACTIONS,
    FRAMES,
    LITERALS,
    LOOKUPS,
    NAMED,
    QUANTITIES,
    Kind,
    Phrase,
)
from evalsuite.library.tools.world import World, world
from evalsuite.records import ToolCall
from evalsuite.scoring.text import contains_words

MOST_CALLS = 3
_TEXTS = {"person", "city", "room", "email", "phone", "weekday", "date"}
_GIVEN = {*NAMED, *QUANTITIES, "date", "count", "fraction", "percentage"}
_ALL = (*LOOKUPS, *CONVERSIONS, *ARITHMETIC)
_BY_KIND: dict[Kind, list[Phrase]] = {
    kind: [phrase for phrase in _ALL if phrase.gives == kind]
    for kind in dict.fromkeys(phrase.gives for phrase in _ALL)
}
_CALENDAR = {"add_days", "days_between", "get_weekday", "get_day_of_year"}
_LOOKED_UP = {phrase.tool for phrase in LOOKUPS} - _CALENDAR
_ARITHMETIC = {phrase.tool for phrase in ARITHMETIC}
_COMPUTED = 0.4  # share of phrases that are arithmetic where they could be
_SLOT = re.compile(r"\{(\w+)\}")
_REFERENCE = re.compile(r"\$([0-9]+)")

Step = dict[str, Any]
"""A call: ``{"name": ..., "arguments": {...}}``, where ``"$1"`` is the result of the first call."""


@dataclass(frozen=True)
class Asked:
    """A request about a world.

    Attributes:
        world: What it is about.
        text: The question.
        plan: The calls in order, with references to results.
        calls: The same calls as they are made, with the results in place of references.
        results: What the tools said, in order.
        numeric: Whether the answer, the last result, is a number.
        template: Its skeleton without names and numbers, which belongs to one split.
    """

    world: World
    text: str
    plan: tuple[Step, ...]
    calls: tuple[Step, ...]
    results: tuple[str, ...]
    numeric: bool
    template: str


@dataclass
class _Draft:
    """A request in the making: its calls so far and the wordings they came from."""

    plan: list[Step]
    keys: list[str]


def requests(split: Split) -> Iterator[Asked]:
    """Endless and deterministic; no template of one split occurs in another, no question twice."""
    rng = random.Random(f"evalsuite/tools/{split}")
    seen: set[str] = set()
    number = 0
    while True:
        asked = _draw(rng, split, number)
        if asked is not None and asked.text not in seen:
            seen.add(asked.text)
            yield asked
            number += 1


def _draw(rng: random.Random, split: Split, number: int) -> Asked | None:
    """One try at a request; None where it cannot be one of this split.

    It must take a tool: something in it has to be looked up, and the answer does not stand in the
    question. No result that another call works on is rounded, so there is one right answer.
    """
    place = world(split, number)
    n_calls = rng.randint(1, MOST_CALLS)
    top = rng.choice((*LOOKUPS, *CONVERSIONS)).gives
    phrase = _phrase(rng, top, n_calls, within_join=False)
    if phrase is None:
        return None
    draft = _Draft(plan=[], keys=[])
    words = _fill(rng, place, phrase, n_calls, draft, within_join=False)
    frame = rng.randrange(len(FRAMES))
    template = f"tools:frame{frame}-" + "-".join(draft.keys)
    if words is None or split_of(template) != split:
        return None
    if not any(step["name"] in _LOOKED_UP for step in draft.plan):
        return None
    done = _carried_out(place, draft.plan)
    text = FRAMES[frame].format(words)
    if done is None or contains_words(text.casefold(), done[1][-1].casefold()):
        return None
    calls, results = done
    return Asked(
        world=place,
        text=text,
        plan=tuple(draft.plan),
        calls=calls,
        results=results,
        numeric=phrase.gives not in _TEXTS,
        template=template,
    )


def _phrase(rng: random.Random, kind: Kind, n_calls: int, *, within_join: bool) -> Phrase | None:
    """A phrase that gives ``kind`` and may consist of ``n_calls`` calls."""
    computed = rng.random() < _COMPUTED
    fitting = [
        phrase
        for phrase in _BY_KIND.get(kind, ())
        if not (phrase.joins and within_join) and (n_calls == 1 or _nestable(phrase))
    ]
    liked = [phrase for phrase in fitting if (phrase.tool in _ARITHMETIC) == computed]
    return rng.choice(liked or fitting) if fitting else None


def _nestable(phrase: Phrase) -> list[str]:
    return [slot for slot, kind in phrase.slots.items() if kind in _BY_KIND]


def _fill(
    rng: random.Random,
    place: World,
    phrase: Phrase,
    n_calls: int,
    draft: _Draft,
    *,
    within_join: bool,
) -> str | None:
    """The words of ``phrase`` over ``n_calls`` calls, which go to the draft.

    None where the calls cannot be shared out so.
    """
    shares = _shares(rng, phrase, n_calls - 1)
    inside = within_join or phrase.joins
    wording = rng.randrange(len(phrase.wordings))
    draft.keys.append(f"{phrase.tool}{wording}({','.join(str(shares[s]) for s in phrase.slots)})")
    words: dict[str, str] = {}
    values: dict[str, Any] = {}
    for slot, kind in phrase.slots.items():
        if shares[slot] == 0:
            if kind not in _GIVEN:
                return None
            words[slot], values[slot] = _given(rng, place, kind)
            continue
        inner = _phrase(rng, kind, shares[slot], within_join=inside)
        if inner is None:
            return None
        said = _fill(rng, place, inner, shares[slot], draft, within_join=inside)
        if said is None:
            return None
        words[slot], values[slot] = _without_double_article(phrase, said), f"${len(draft.plan)}"
    if len(phrase.slots) > 1 and len(set(map(str, values.values()))) < len(values):
        return None  # the distance from a city to itself
    draft.plan.append({"name": phrase.tool, "arguments": _arguments(phrase, values)})
    return phrase.wordings[wording].format(**words)


def _without_double_article(phrase: Phrase, said: str) -> str:
    """Titles and products have an article before their slot; what calls fill has its own."""
    doubled = any("the {" in wording for wording in phrase.wordings)
    return said.removeprefix("the ") if doubled else said


def _shares(rng: random.Random, phrase: Phrase, n_calls: int) -> dict[str, int]:
    """How many of ``n_calls`` calls each slot gets."""
    shares = dict.fromkeys(phrase.slots, 0)
    places = _nestable(phrase)
    for _ in range(n_calls):
        shares[rng.choice(places)] += 1
    return shares


def _given(rng: random.Random, place: World, kind: Kind) -> tuple[str, Any]:
    """A thing or a number that the request names: in words, and as an argument."""
    if kind in NAMED:
        name = rng.choice(getattr(place, NAMED[kind]))
        return name, name
    if kind == "date":
        day = (date(2031, 1, 1) + timedelta(days=rng.randrange(730))).isoformat()
        return day, day
    if kind == "count":
        count = rng.randint(2, 12)
        return str(count), count
    if kind == "fraction":
        by = rng.choice(list(FRACTIONS))
        return FRACTIONS[by], by
    if kind == "percentage":
        percent = rng.randrange(5, 100, 5)
        return str(percent), percent
    number = rng.randint(2, 400) if kind != "celsius" else rng.randint(-20, 40)
    return LITERALS[kind].format(number), number


def _arguments(phrase: Phrase, values: Mapping[str, Any]) -> dict[str, Any]:
    if phrase.arguments is None:
        names = CATALOGUE[phrase.tool].tool.parameters["properties"]
        return {name: values[name] for name in names}

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        slot = _SLOT.fullmatch(value)
        return values[slot[1]] if slot else value

    return {name: filled(value) for name, value in phrase.arguments.items()}


def _carried_out(place: World, plan: list[Step]) -> tuple[tuple[Step, ...], tuple[str, ...]] | None:
    """The calls of a plan as they are made, and what the tools say.

    None where two calls are the same, or one works on a rounded number.
    """
    calls: list[Step] = []
    results: list[str] = []
    rounded = False
    for step in plan:
        arguments = resolved(step["arguments"], results, numeric=_numeric(step["name"]))
        call = {"name": step["name"], "arguments": arguments}
        if rounded or call in calls:
            return None
        calls.append(call)
        wanted = ToolCall(name=step["name"], arguments=json.dumps(arguments))
        value = compute(place, wanted, CATALOGUE)
        rounded = is_rounded(value)
        results.append(shown(value))
    return tuple(calls), tuple(results)


def _numeric(tool: str) -> bool:
    kinds = CATALOGUE[tool].tool.parameters["properties"].values()
    return any(kind["type"] in ("number", "array") for kind in kinds)


def resolved(value: Any, results: list[str], *, numeric: bool) -> Any:
    """``value`` with ``"$1"`` replaced by the first result; as a number where ``numeric``."""
    if isinstance(value, dict):
        return {name: resolved(one, results, numeric=numeric) for name, one in value.items()}
    if isinstance(value, list):
        return [resolved(one, results, numeric=numeric) for one in value]
    reference = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if reference is None:
        return value
    said = results[int(reference[1]) - 1]
    return json.loads(said) if numeric else said
