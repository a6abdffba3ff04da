"""Small invented worlds that tools are asked about: people, events, products, cities, rooms.

A world is wholly determined by its name. Its names are invented and every value is drawn from the
hash of what it belongs to, so nothing can be known of it without calling a tool.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from evalsuite.embedded.families.names import first_name, stem
from evalsuite.embedded.items import Split

_FIRST_DAY = date(2031, 1, 1)
_EVENTS = ("review", "workshop", "planning", "briefing", "interview", "training")
_PRODUCTS = ("desk lamp", "office chair", "notebook", "keyboard", "monitor", "printer", "headset")
_ROOMS = ("Oak Room", "Maple Room", "Birch Room", "Cedar Room", "Willow Room", "Linden Room")
_PEOPLE, _CITIES, _OF_EACH = 6, 5, 4


@dataclass(frozen=True)
class World:
    """What there is in a world; :meth:`number` and the like say how much, when and which."""

    name: str
    people: tuple[str, ...]
    cities: tuple[str, ...]
    events: tuple[str, ...]
    products: tuple[str, ...]
    rooms: tuple[str, ...]

    def number(self, table: str, *key: str, low: int, high: int) -> int:
        """The value of ``table`` for ``key``, from low to high, always the same."""
        return self._random(table, key).randint(low, high)

    def pick(self, table: str, *key: str, among: Sequence[str]) -> str:
        """Which one of ``among`` belongs to ``key``, never one that is part of it."""
        return self._random(table, key).choice([one for one in among if one not in key])

    def day(self, table: str, *key: str) -> date:
        """A day of 2031 or 2032."""
        return _FIRST_DAY + timedelta(days=self.number(table, *key, low=0, high=729))

    def find(self, kind: str, wanted: str) -> str:
        """The name of a thing as the world writes it, whatever its case.

        Args:
            kind: "people", "cities", "events", "products" or "rooms".
            wanted: The name as it was given.

        Raises:
            ValueError: If there is no such thing.
        """
        for name in getattr(self, kind):
            if name.casefold() == " ".join(wanted.split()).casefold():
                return str(name)
        one = {"people": "contact", "cities": "city", "events": "event"}.get(kind, kind[:-1])
        raise ValueError(f"no {one} named {wanted!r}")

    def _random(self, table: str, key: Sequence[str]) -> random.Random:
        return random.Random("/".join((self.name, table, *key)))


@functools.lru_cache(maxsize=256)
def world(split: Split, number: int) -> World:
    """The world number ``number`` of a split; names of people and cities belong to the split."""
    name = f"{split}-{number}"
    rng = random.Random(f"evalsuite/world/{name}")
    people: dict[str, None] = {}
    while len(people) < _PEOPLE:
        people[first_name(rng, split)] = None
    stems: dict[str, None] = {}
    while len(stems) < _CITIES + _OF_EACH:
        stems[stem(rng, split)] = None
    cities, titles = list(stems)[:_CITIES], list(stems)[_CITIES:]
    kinds = rng.sample(_EVENTS, _OF_EACH)
    return World(
        name=name,
        people=tuple(people),
        cities=tuple(cities),
        events=tuple(f"{title} {kind}" for title, kind in zip(titles, kinds, strict=True)),
        products=tuple(rng.sample(_PRODUCTS, _OF_EACH)),
        rooms=tuple(rng.sample(_ROOMS, _OF_EACH)),
    )
