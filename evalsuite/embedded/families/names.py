"""Invented names. A name's split is decided by a hash of its stem.

All splits build their names from the same syllables, so a model that has learnt
to copy syllables can copy a name it has never seen.
"""

from __future__ import annotations

import random

from evalsuite.embedded.families import words
from evalsuite.embedded.items import Split, split_of

__all__ = ["date", "first_name", "stem", "year"]

_FIRST_HEAD = words("Ma Le To Ni Ru Sa Da Ko Vi Pe Ja Lu Mi Ra Ti Ze An El Is Or Ul Bri Cla Fre")
_FIRST_TAIL = words("ra la na ro mi lo ta ri len ser rek dan mar vin bel dia tho ka ny su")
_STEM_HEAD = words(
    "Kar Bel Tor Van Mel Dor Fen Gal Hol Jar Lin Mor Nor Pel Ral Sol Tal Vor Wen Zel Bran Cal Dun "
    "Es"
)
_STEM_MIDDLE = words("a e i o ar el en in or un al is")
_STEM_TAIL = words("ba da ko li ma ne ro sa ti vu be gi")
_MONTHS = words(
    "January February March April May June July August September October November December"
)
_YEARS = (1950, 2039)


def first_name(rng: random.Random, split: Split) -> str:
    """A person's first name belonging to the split."""
    while True:
        middle = rng.choice(_FIRST_TAIL) if rng.random() < 0.3 else ""
        name = rng.choice(_FIRST_HEAD) + middle + rng.choice(_FIRST_TAIL)
        if split_of(f"name:{name}") == split:
            return name


def stem(rng: random.Random, split: Split) -> str:
    """Stem of a surname, place or organisation belonging to the split."""
    while True:
        middle = rng.choice(_STEM_MIDDLE) if rng.random() < 0.6 else ""
        name = rng.choice(_STEM_HEAD) + middle + rng.choice(_STEM_TAIL)
        if split_of(f"name:{name}") == split:
            return name


def date(rng: random.Random, split: Split) -> str:
    """A day such as ``5 March`` or ``5 March 2012`` belonging to the split."""
    while True:
        day = f"{rng.randint(1, 28)} {rng.choice(_MONTHS)}"
        text = f"{day} {rng.randint(*_YEARS)}" if rng.random() < 0.5 else day
        if split_of(f"date:{text}") == split:
            return text


def year(rng: random.Random, split: Split) -> str:
    """A period such as ``2012`` or ``March 2012`` belonging to the split."""
    while True:
        number = str(rng.randint(*_YEARS))
        text = f"{rng.choice(_MONTHS)} {number}" if rng.random() < 0.5 else number
        if split_of(f"date:{text}") == split:
            return text
