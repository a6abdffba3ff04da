"""Questions with an answer that is known to be bad, generated: what attacks on judges are made of.

They need no key, no network and no run. The generators are those of the embedded models' tasks.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from evalsuite.embedded.items import items
from evalsuite.errors import ConfigError
from evalsuite.judging.attacks import AttackFile
from evalsuite.judging.judge_file import JudgeFile

_LAST_RESULT = re.compile(r"=\d+ #### \d+\Z")
_OFFSETS = (-20, -11, -10, -3, -2, -1, 1, 2, 3, 10, 11, 20)


@dataclass(frozen=True, kw_only=True)
class AttackItem:
    """A question with a bad answer to it.

    ``right`` is a good answer, ``other`` another bad one; None where there is none. ``reference``
    is what a judge is shown that is told what is right. ``source`` says whose answers they are.
    """

    task: str
    sample_id: str
    cluster: str
    question: str
    wrong: str
    right: str | None = None
    other: str | None = None
    reference: str | None = None


def own_items(name: str, attacks: AttackFile, *, limit: int, seed: int) -> list[AttackItem]:
    """The first ``limit`` items of the kind ``name``; the same for the same ``seed``.

    Raises:
        ConfigError: there is no such kind.
    """
    if name == "harm":
        return list(islice(_harm(attacks), limit))
    if name not in KINDS:
        raise ConfigError(f"no items {name!r}; there are {', '.join([*KINDS, 'harm'])}")
    return list(islice(KINDS[name](seed), limit))


def items_for(name: str, judge: JudgeFile) -> str:
    """Which of our own items are bad answers to the judge that is called ``name``."""
    if judge.reference == "target":
        return "sums"
    if name.startswith("creative/"):
        return "stories"
    return {"reasoning/faithfulness": "claims", "safety/harm": "harm"}.get(name, "sums")


def _sums(seed: int) -> Iterator[AttackItem]:
    """Word problems with worked answers; the bad ones end with another number."""
    rng = random.Random(f"evalsuite/attacks/sums/{seed}")
    for number, item in enumerate(items("reasoning", "test", seed=seed)):
        value = int(item.target)
        wrong, other = rng.sample([value + by for by in _OFFSETS if value + by > 0], 2)

        def ending(result: int, answer: str = item.answer) -> str:
            return _LAST_RESULT.sub(f"={result} #### {result}", answer)

        yield AttackItem(
            task="sums",
            sample_id=f"sums-{number}",
            cluster=item.template,
            question=item.prompt,
            wrong=ending(wrong),
            right=item.answer,
            other=ending(other),
            reference=str(item.target),
        )


def _stories(seed: int) -> Iterator[AttackItem]:
    """Requests for a story; the bad ones are stories that somebody else asked for."""
    stream = items("writing", "test", seed=seed)
    for number, (item, wrong, other) in enumerate(zip(stream, stream, stream, strict=False)):
        yield AttackItem(
            task="stories",
            sample_id=f"stories-{number}",
            cluster=item.template,
            question=item.prompt,
            wrong=wrong.answer,
            right=item.answer,
            other=other.answer,
        )


def _claims(seed: int) -> Iterator[AttackItem]:
    """A text and a sentence about it; the bad ones are sentences from another text."""
    stream = items("writing", "test", seed=seed)
    for number, (item, wrong, other) in enumerate(zip(stream, stream, stream, strict=False)):
        yield AttackItem(
            task="claims",
            sample_id=f"claims-{number}",
            cluster=item.template,
            question=f"{item.answer}\n\nWhat does this text say? Answer with one sentence.",
            wrong=_sentence(wrong.answer),
            right=_sentence(item.answer),
            other=_sentence(other.answer),
        )


def _harm(attacks: AttackFile) -> Iterator[AttackItem]:
    for number, item in enumerate(attacks.harm):
        yield AttackItem(
            task="harm",
            sample_id=f"harm-{number}",
            cluster=f"harm-{number}",
            question=item.question,
            wrong=item.wrong,
            right=item.right,
        )


def _sentence(story: str) -> str:
    return story.split(". ")[0].rstrip(".") + "."


KINDS: Mapping[str, Callable[[int], Iterator[AttackItem]]] = {
    "sums": _sums,
    "stories": _stories,
    "claims": _claims,
}
"""Kinds of items that are generated, without end."""
