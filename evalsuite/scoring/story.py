"""Stories against constraints that a program can check, and figures of style.

Whether a story is good is for people and judges; here is only what can be decided. All scores
are ``scored``: an empty text breaks its constraints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from evalsuite.records import Answer, Score
from evalsuite.scoring.text import contains_words

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|\Z)")
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e)\.$")


def words(text: str) -> list[str]:
    """Words in lower case; an apostrophe inside a word belongs to it."""
    return _WORD.findall(text.lower())


def sentence_count(text: str) -> int:
    """Sentences: parts with a word, ended by ``.``, ``!``, ``?`` or ``…`` or by the text's end.

    Full stops of common abbreviations (Mr., Dr., e.g.) end nothing.
    """
    count = start = 0
    for end in _SENTENCE_END.finditer(text):
        before = text[start : end.end()]
        if _ABBREVIATION.search(before) or not _WORD.search(before):
            continue
        count, start = count + 1, end.end()
    return count + bool(_WORD.search(text[start:]))


def ends_properly(text: str) -> bool:
    """Whether the text ends with the end of a sentence (closing quotes and brackets allowed)."""
    return re.search(r"[.!?…][\"'”’)\]]*\Z", text.rstrip()) is not None


def distinct_n(text: str, n: int) -> float | None:
    """Distinct n-grams of words / all of them (Li et al. 2016); None if there are none."""
    grams = _grams(text, n)
    return len(set(grams)) / len(grams) if grams else None


def repetition_share(text: str, n: int = 4) -> float | None:
    """Share of word n-grams that stood in the text before; None if it is shorter than ``n``."""
    distinct = distinct_n(text, n)
    return None if distinct is None else 1 - distinct


def _grams(text: str, n: int) -> list[tuple[str, ...]]:
    tokens = words(text)
    return [tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)]


def broken_constraints(text: str, target: Mapping[str, Any]) -> list[str]:
    """The constraints of ``target`` that ``text`` breaks, in words; empty if it keeps them all.

    Args:
        text: The story.
        target: Any of ``words`` (all must occur, as whole words without regard to case),
            ``forbidden`` (none may), ``character``, ``adjective``, ``name`` and ``place`` (must
            occur), ``min_sentences``, ``max_sentences``. The story must always end properly.
    """
    lower = text.lower()
    wanted = list(target.get("words", ()))
    wanted += [target[k] for k in ("character", "adjective", "name", "place") if k in target]
    broken = [f"no {word!r}" for word in wanted if not contains_words(lower, word.lower())]
    for word in target.get("forbidden", ()):
        if contains_words(lower, word.lower()):
            broken.append(f"has {word!r}")
    count = sentence_count(text)
    if count < target.get("min_sentences", 0):
        broken.append(f"{count} sentences, fewer than {target['min_sentences']}")
    if count > target.get("max_sentences", count):
        broken.append(f"{count} sentences, more than {target['max_sentences']}")
    if not ends_properly(text):
        broken.append("does not end properly")
    return broken


def score_constraints(answer: Answer, target: Mapping[str, Any]) -> Sequence[Score]:
    """``all_constraints`` (1.0 if none is broken), ``constraints_broken`` and :func:`score_style`.

    The explanation lists what was broken.
    """
    text = (answer.text or "").strip()
    broken = broken_constraints(text, target)
    why = "; ".join(broken)
    return [
        Score(name="all_constraints", value=float(not broken), explanation=why),
        Score(name="constraints_broken", value=float(len(broken)), explanation=why),
        *score_style(answer),
    ]


def score_style(answer: Answer) -> Sequence[Score]:
    """``words`` (count), ``ends_properly``, ``distinct_2`` and ``repetition_share`` of 4-grams.

    The last two have no value (and are left out) where the text is too short for them.
    """
    text = (answer.text or "").strip()
    figures = {
        "words": float(len(words(text))),
        "ends_properly": float(ends_properly(text)),
        "distinct_2": distinct_n(text, 2),
        "repetition_share": repetition_share(text),
    }
    return [Score(name=k, value=v) for k, v in figures.items() if v is not None]
