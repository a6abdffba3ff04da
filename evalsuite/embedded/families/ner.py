"""Named entities in one to three invented news sentences.

Prompt: ``Entities: Yesterday Mara Belkoson flew from Torliville to Lake Venba.``
Answer: ``PER: Mara Belkoson; LOC: Torliville; LOC: Lake Venba``, in order of
occurrence. A sentence is a lead, a clause and a tail; the combination is held out,
and so is every name. From level 3 on, names may come without the ending that gives
their kind away, so that only the context tells it.
"""

from __future__ import annotations

import random
import re
from typing import Any

from evalsuite.embedded.families.names import date, first_name, stem, year
from evalsuite.embedded.items import Item, Split, split_of

__all__ = ["LABELS", "draw"]

LABELS: tuple[str, ...] = ("PER", "ORG", "LOC", "DATE")

# Slots: P person, O organisation, L place, D day, Y period, N a number that is no entity.
_LEADS = (
    "",
    "yesterday ",
    "in {Y}, ",
    "according to {O}, ",
    "last week ",
    "after the storm, ",
    "reports say that ",
    "as {P} recalls, ",
)
_CLAUSES = (
    "{P} works for {O}",
    "{P} moved to {L}",
    "{O} opened an office in {L}",
    "{O} hired {P}",
    "{P} met {P}",
    "{O} bought {O}",
    "the team of {P} left {L}",
    "reporters asked {P} about {O}",
    "{P} flew from {L} to {L}",
    "the head of {O} is {P}",
    "a flood hit {L}",
    "{P} will visit {L}",
    "{L} is home to {O}",
    "nobody at {O} called {P}",
    "the museum in {L} was founded by {P}",
    "shares of {O} fell when {P} resigned",
    "{P} sold the house to {P}",
    "the mayor of {L} thanked {O}",
    "{O} lost {N} workers",
    "{P} paid {N} coins to {O}",
    "a train from {L} reached {L}",
    "{P} wrote a book about {L}",
    "the court in {L} fined {O}",
    "{O} and {O} signed a deal",
)
_TAILS = (
    "",
    " on {D}",
    " in {Y}",
    " near {L}",
    " with {P}",
    " for {N} days",
    " before lunch",
    " with the help of {O}",
)
_FILLERS = (
    "It was raining all day.",
    "They spoke for {N} hours about the weather.",
    "Nothing else is known.",
)
_KIND = {"P": "PER", "O": "ORG", "L": "LOC", "D": "DATE", "Y": "DATE"}
_SLOT = re.compile(r"\{(\w)\}")


def draw(rng: random.Random, split: Split) -> Item:
    """Draw one text of the split with its entities."""
    while True:
        level = rng.randint(1, 4)
        key, skeleton = _skeleton(rng, level)
        if split_of(key) != split:
            continue
        text, spans = _fill(rng, split, skeleton, level)
        # An answer names surfaces, not offsets: each must point at one place only.
        if all(text.count(span["text"]) == 1 for span in spans):
            return _item(key, level, text, spans)


def _item(key: str, level: int, text: str, spans: list[dict[str, Any]]) -> Item:
    return Item(
        family="ner",
        level=level,
        template=key,
        prompt=f"Entities: {text}",
        answer="; ".join(f"{span['label']}: {span['text']}" for span in spans),
        target=spans,
        metadata={"text": text, "labels": list(LABELS)},
    )


def _skeleton(rng: random.Random, level: int) -> tuple[str, list[str]]:
    """Sentences with open slots, and the key that identifies the composition."""
    count = {1: 1, 2: 1, 3: 2, 4: 3}[level]
    sentences, keys = [], []
    for clause in rng.sample(range(len(_CLAUSES)), count):
        lead, tail = rng.randrange(len(_LEADS)), rng.randrange(len(_TAILS))
        if level != 2 and lead and tail:
            # Both ends at once only at level 2; longer texts take one end a sentence.
            lead, tail = rng.choice([(lead, 0), (0, tail)])
        sentence = _LEADS[lead] + _CLAUSES[clause] + _TAILS[tail]
        sentences.append(sentence[0].upper() + sentence[1:] + ".")
        keys.append(f"{lead}.{clause}.{tail}")
    if level >= 3 and rng.random() < 0.3:
        which = rng.randrange(len(_FILLERS))
        at = rng.randint(1, count)
        sentences.insert(at, _FILLERS[which])
        keys.insert(at, f"filler{which}")
    return "ner:" + "|".join(keys), sentences


def _fill(
    rng: random.Random, split: Split, sentences: list[str], level: int
) -> tuple[str, list[dict[str, Any]]]:
    text, spans = "", []
    pieces = _SLOT.split(" ".join(sentences))
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            text += piece
            continue
        surface = _surface(rng, split, piece, level)
        if piece in _KIND:
            span = {"start": len(text), "end": len(text) + len(surface)}
            spans.append({**span, "label": _KIND[piece], "text": surface})
        text += surface
    return text, spans


def _surface(rng: random.Random, split: Split, slot: str, level: int) -> str:
    if slot == "N":
        return str(rng.randint(2, 99))
    if slot == "D":
        return date(rng, split)
    if slot == "Y":
        return year(rng, split)
    bare = level >= 3 and rng.random() < 0.3
    if slot == "P":
        first = first_name(rng, split)
        if bare:
            return first
        return f"{first} {stem(rng, split)}{rng.choice(('son', 'man', 'ez', 'ov'))}"
    name = stem(rng, split)
    if bare:
        return name
    if slot == "L":
        ending = rng.choice(("ville", "ton", "burg", "land", ""))
        front = "" if ending else rng.choice(("New ", "Port ", "Lake "))
        return front + name + ending
    return name + rng.choice((" Labs", " Corp", " Bank", " Group", " Media", " University", "soft"))
