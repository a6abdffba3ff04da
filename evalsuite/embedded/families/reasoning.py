"""Word problems of one to four arithmetic steps, answered by short worked steps.

Prompt: ``At first Mara owns 12 coins. Then Mara loses 5 of them. How many coins
does Mara have now?`` Answer: ``12-5=7 #### 7``. The level is the number of steps;
levels 3 and 4 may mention a number that has nothing to do with the question.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from evalsuite.embedded.families import words
from evalsuite.embedded.families.names import first_name
from evalsuite.embedded.items import Item, Split, split_of

__all__ = ["draw"]

_OBJECTS = words(
    "apples pens books coins shells cards marbles stamps cups stones nuts eggs keys hats seeds "
    "plums buttons ribbons tickets candles"
)
_START = (
    "{n} has {v} {o}.",
    "At first {n} owns {v} {o}.",
    "There are {v} {o} in the box of {n}.",
    "This morning {n} counts {v} {o}.",
    "In the drawer {n} keeps {v} {o}.",
)
_QUESTIONS = (
    "How many {o} does {n} have now?",
    "How many {o} are left for {n}?",
    "What number of {o} does {n} end up with?",
    "Count the {o} of {n}.",
)
_PHRASES: dict[str, tuple[str, ...]] = {
    "add": (
        "{n} buys {k} more.",
        "{m} gives {n} {k} {o}.",
        "{n} finds another {k}.",
        "Later {k} {o} arrive from {m}.",
    ),
    "sub": (
        "Then {n} loses {k} of them.",
        "{n} gives {k} {o} to {m}.",
        "{k} of the {o} break.",
        "{m} takes {k} away.",
    ),
    "double": ("The number of {o} doubles.", "{n} gets as many again."),
    "times": ("Now {n} gets {k} times as many.", "The pile grows to {k} times its size."),
    "half": ("{n} sells half of the {o}.", "Half of them go to {m}."),
    "groups": ("{k} friends bring {j} {o} each.", "{n} buys {k} boxes of {j} {o}."),
}
_NOISE = (
    "{m} has {k} {p}.",
    "It is {k} minutes past noon.",
    "The {p} cost {k} cents.",
)
_HIGHEST_START = 60
# Steps that add or multiply are offered only below this, so that numbers stay short.
_CEILING = 120


@dataclass(frozen=True, slots=True)
class _Step:
    """One arithmetic step: how it is told, what it computes."""

    text: str
    key: str
    work: str
    value: int


def draw(rng: random.Random, split: Split) -> Item:
    """Draw one word problem of the split."""
    while True:
        item = _compose(rng, split)
        if split_of(item.template) == split:
            return item


def _compose(rng: random.Random, split: Split) -> Item:
    level = rng.randint(1, 4)
    name, thing = first_name(rng, split), rng.choice(_OBJECTS)
    value = rng.randint(3, _HIGHEST_START)
    start = rng.randrange(len(_START))
    texts = [_START[start].format(n=name, v=value, o=thing)]
    keys, works = [f"start{start}"], []
    noise_at = rng.randrange(level) if level >= 3 and rng.random() < 0.5 else -1
    for position in range(level):
        if position == noise_at:
            text, key = _noise(rng, split, thing)
            texts.append(text)
            keys.append(key)
        step = _step(rng, split, name, thing, value)
        texts.append(step.text)
        keys.append(step.key)
        works.append(step.work)
        value = step.value
    question = rng.randrange(len(_QUESTIONS))
    texts.append(_QUESTIONS[question].format(n=name, o=thing))
    keys.append(f"ask{question}")
    return Item(
        family="reasoning",
        level=level,
        template="reasoning:" + "-".join(keys),
        prompt=" ".join(texts),
        answer="; ".join(works) + f" #### {value}",
        target=str(value),
        metadata={"name": name, "object": thing, "steps": level},
    )


def _noise(rng: random.Random, split: Split, thing: str) -> tuple[str, str]:
    which = rng.randrange(len(_NOISE))
    other = rng.choice([o for o in _OBJECTS if o != thing])
    text = _NOISE[which].format(m=first_name(rng, split), k=rng.randint(2, 50), p=other)
    return text, f"noise{which}"


def _step(rng: random.Random, split: Split, name: str, thing: str, value: int) -> _Step:
    kind = rng.choice(_possible(value))
    which = rng.randrange(len(_PHRASES[kind]))
    k, j = rng.randint(2, 30), rng.randint(2, 6)
    if kind == "add":
        work, after = f"{value}+{k}={value + k}", value + k
    elif kind == "sub":
        k = rng.randint(1, min(value - 1, 60))
        work, after = f"{value}-{k}={value - k}", value - k
    elif kind == "double":
        work, after = f"{value}*2={value * 2}", value * 2
    elif kind == "times":
        k = rng.randint(3, 5)
        work, after = f"{value}*{k}={value * k}", value * k
    elif kind == "half":
        work, after = f"{value}/2={value // 2}", value // 2
    else:
        k = rng.randint(2, 6)
        after = value + k * j
        work = f"{k}*{j}={k * j}, {value}+{k * j}={after}"
    text = _PHRASES[kind][which].format(n=name, o=thing, k=k, j=j, m=first_name(rng, split))
    return _Step(text, f"{kind}{which}", work, after)


def _possible(value: int) -> list[str]:
    """Kinds of step that keep the number a positive whole one of at most three digits."""
    kinds = []
    if value <= _CEILING - 30:
        kinds += ["add", "add", "groups"]
    if value >= 2:
        kinds += ["sub", "sub"]
    if value <= _CEILING // 2:
        kinds.append("double")
    if value <= _CEILING // 5:
        kinds.append("times")
    if value % 2 == 0 and value >= 4:
        kinds.append("half")
    return kinds
