"""Two- or three-sentence stories under constraints that a program can check.

Prompt: ``Write a story about a brave fox named Mara. Use the words lamp, river.
Set it in the valley. Write 2 sentences.`` The level is the number of words to use
(two to five); level 4 also names a word to avoid. Names, animals and words of the
test split never occur in training. Half of the training words and animals are crossings
of two others ("lamp" and "river" give "laver"): a model that sees only a few hundred real
words learns to recognise them by their first letters instead of copying them.

The reference is a fixed function of the place and the adjective. That is on purpose:
with nothing left to chance, a model's log-probabilities speak about whether it can
do the task and not about which of many good stories it happens to tell.
"""

from __future__ import annotations

import random

from evalsuite.embedded.families import words
from evalsuite.embedded.families.names import first_name
from evalsuite.embedded.items import Item, Split, split_of

__all__ = ["ANIMALS", "WORDS", "draw"]

_ADJECTIVES = words("wise tiny brave shy clever lazy gentle proud hungry lonely merry quiet")
_PLACES = words("forest village valley castle meadow harbor market desert cave tower")

ANIMALS: dict[Split, tuple[str, ...]] = {
    "train": words(
        "fox bear mouse rabbit crow dog hen goat frog horse sheep duck snake tiger camel hare "
        "otter beaver badger robin raven swan crab toad mole pony calf bull lion zebra panda "
        "lemur turtle salmon spider beetle cricket moose donkey pigeon falcon gander hamster "
        "parrot walrus weasel ferret monkey"
    ),
    "validation": words("cat lamb eagle lizard dolphin heron puppy squid"),
    "test": words("owl wolf seal goose lobster sparrow kitten tortoise stoat magpie"),
}
WORDS: dict[Split, tuple[str, ...]] = {
    "train": words(
        "lamp river bridge apple drum mirror boat clock garden letter coin bell map rope stone "
        "window candle table chair basket blanket bottle bucket button carpet cheese chimney "
        "cloud coat cookie crown cup curtain cushion door dress engine feather fence field flag "
        "flower flute fork fountain gate glass glove guitar hammer harp hill honey hook house "
        "island jacket jar jewel jug kettle key kitchen knife lantern leaf lemon light lock log "
        "marble mask medal melon milk mill moon nail needle nest net oven page paint paper path "
        "pear pearl pebble pen pepper piano picture pie pillow pin pipe plate pocket pond pot "
        "potato purse puzzle quilt rain ribbon ring road rock roof root rug sack saddle sail salt "
        "sand scarf seed shed shell ship shirt shoe shovel sign silver soap sock song spade spoon "
        "stair star statue stick stool stove straw string sugar swing sword tent thread ticket "
        "towel toy train tree trumpet trunk tub tunnel umbrella vase violin wagon wall watch "
        "water wheel whistle wool wreath yarn bench brush berry bread broom anchor acorn "
        "arrow ball banner barrel bead"
    ),
    "validation": words(
        "kite ladder cabin cake cart chest cherry comb corn card desk dish fan flour lace pump "
        "mat nut petal plank raft sponge torch vest whip"
    ),
    "test": words(
        "hat brick blade belt bone bowl branch cabbage canoe carrot chain compass crate "
        "dart doll envelope fiddle grape helmet hose ink iron ladle lever mitten mop mug onion "
        "paddle parcel peach pencil plum poster sled saucer tray shelf tile"
    ),
}

_HELD_OUT = {
    word
    for held in (ANIMALS["validation"], ANIMALS["test"], WORDS["validation"], WORDS["test"])
    for word in held
}

_WHO = (
    "Write a story about a {a} {c} named {n}.",
    "Tell a tale of a {a} {c} called {n}.",
    "The hero is a {a} {c} named {n}.",
    "It is about {n}, a {a} {c}.",
)
_USE = (
    "Use the words {w}.",
    "Include these words: {w}.",
    "It must mention {w}.",
    "Words to use: {w}.",
)
_WHERE = ("Set it in the {p}.", "Place: {p}.", "It happens in the {p}.", "The place is the {p}.")
_LONG = ("Write {k} sentences.", "Length: {k} sentences.", "Make it {k} sentences long.")
_AVOID = ("Avoid the word {x}.", "Never say {x}.", "Leave out the word {x}.")

_OPENINGS = (
    "In the {p} lived a {a} {c} named {n}",
    "Once a {a} {c} named {n} walked through the {p}",
    "A {a} {c} called {n} came to the {p}",
    "Long ago the {p} was home to a {a} {c} named {n}",
    "Deep in the {p} slept a {a} {c} called {n}",
)
_WHEN = ("One day", "That night", "At dawn", "By chance")
_ONE = ("saw the {} there", "lost the {} again", "painted the {}", "sang to the {}")
_TWO = (
    "found the {} under the {}",
    "carried the {} to the {}",
    "dreamed of the {} and the {}",
    "hid the {} behind the {}",
)
_ENDINGS = (
    "Everyone in the {p} smiled.",
    "From then on {n} was never sad.",
    "The {c} slept well that night.",
    "And the {p} was quiet again.",
)


def draw(rng: random.Random, split: Split) -> Item:
    """Draw one story request of the split."""
    while True:
        level, sentences = rng.randint(1, 4), rng.randint(2, 3)
        order = rng.sample(range(3), 3)
        phrases = [rng.randrange(4) for _ in range(3)]
        length, avoid = rng.randrange(3), rng.randrange(3)
        key = f"writing:{level}:{sentences}:{order}:{phrases}:{length}"
        key += f":{avoid}" if level == 4 else ""
        if split_of(key) == split:
            break
    chosen, name = rng.sample(WORDS[split], level + 2), first_name(rng, split)
    adjective, animal = rng.choice(_ADJECTIVES), rng.choice(ANIMALS[split])
    if split == "train":
        chosen, animal = _crossed(rng, chosen, animal)
    facts = {
        "n": name,
        "a": adjective,
        "c": animal,
        "p": rng.choice(_PLACES),
        "w": ", ".join(chosen[:-1]),
        "k": str(sentences),
        "x": chosen[-1],
    }
    parts = (_WHO[phrases[0]], _USE[phrases[1]], _WHERE[phrases[2]])
    prompt = " ".join([*(parts[i] for i in order), _LONG[length]])
    prompt += f" {_AVOID[avoid]}" if level == 4 else ""
    return _item(key, level, sentences, prompt.format(**facts), facts, chosen)


def _crossed(rng: random.Random, chosen: list[str], animal: str) -> tuple[list[str], str]:
    """Replace about half of the words, and half of the animals, by crossings."""
    known = set(chosen)
    result = []
    for word in chosen:
        crossing = _cross(rng, word, rng.choice(WORDS["train"]))
        fresh = crossing not in _HELD_OUT and crossing not in known
        result.append(crossing if fresh and rng.random() < 0.5 else word)
        known.add(crossing)
    crossing = _cross(rng, animal, rng.choice(ANIMALS["train"]))
    fresh = crossing not in _HELD_OUT and crossing not in known
    return result, crossing if fresh and rng.random() < 0.5 else animal


def _cross(rng: random.Random, one: str, other: str) -> str:
    head, tail = (one, other) if rng.random() < 0.5 else (other, one)
    return head[: (len(head) + 1) // 2] + tail[len(tail) // 2 :]


def _item(
    key: str, level: int, sentences: int, prompt: str, facts: dict[str, str], chosen: list[str]
) -> Item:
    wanted = chosen[:-1]
    return Item(
        family="writing",
        level=level,
        template=key,
        prompt=prompt,
        answer=_story(facts, wanted, sentences),
        target={
            "words": wanted,
            "forbidden": chosen[-1:] if level == 4 else [],
            "character": facts["c"],
            "adjective": facts["a"],
            "name": facts["n"],
            "place": facts["p"],
            "min_sentences": sentences,
            "max_sentences": sentences,
        },
        metadata={"words": len(wanted), "sentences": sentences},
    )


def _story(facts: dict[str, str], wanted: list[str], sentences: int) -> str:
    place, mood = _PLACES.index(facts["p"]), _ADJECTIVES.index(facts["a"])
    opening = _OPENINGS[place % len(_OPENINGS)].format(**facts) + "."
    deeds = _deeds(wanted, mood)
    deed = f"{_WHEN[mood % len(_WHEN)]} {facts['n']} {_join(deeds)}."
    if sentences == 2:
        return f"{opening} {deed}"
    return f"{opening} {deed} {_ENDINGS[place % len(_ENDINGS)].format(**facts)}"


def _deeds(wanted: list[str], mood: int) -> list[str]:
    """Spread the words, in the order given, over deeds of two words (and one of a single)."""
    deeds = []
    for at in range(0, len(wanted) - 1, 2):
        deeds.append(_TWO[(mood + at // 2) % len(_TWO)].format(*wanted[at : at + 2]))
    if len(wanted) % 2:
        deeds.append(_ONE[mood % len(_ONE)].format(wanted[-1]))
    return deeds


def _join(deeds: list[str]) -> str:
    if len(deeds) == 1:
        return deeds[0]
    return ", ".join(deeds[:-1]) + " and " + deeds[-1]
