"""Readability of English: the formulas of Flesch and Kincaid.

Syllables are counted by rules. (textstat looks words up in a dictionary that it downloads when it
is first used, so that its figures depend on the network.) Sentences are those of
:func:`evalsuite.scoring.story.sentence_count`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.records import Answer, Score
from evalsuite.scoring.story import sentence_count, words

_VOWELS = re.compile(r"[aeiouy]+")
# After Lingua::EN::Syllable (Greg Fast 1999): what vowel groups count too much, and too little.
_FEWER = (
    r"cius", r"cious", r"giu", r"[sct]iou", r"sia$",
    r"[^aeiouyl]ely$", r"[^aeiouylr]eful", r"[^aeiouyl]eness",
    r"[^aeiouyl]ement", r"[^aeiouy]eless",
    r"[^aeiouydt]ed$", r"[^aeiouyszxlhcg]es$", r"[^aeiouysxzcg][^aeiouy]?les$",
    r"[aeiouy][^aeiouysxzcgl]{1,2}e[sd]?where", r"[aeiouy][^aeiouy]e(?:thing|times|body|one|fore)",
    r"[^aeiouyc][ct]he?s$", r"[aeiouy]l?[^aeiouyszxcg]hes$",
)  # fmt: skip
_MORE = (
    r"[^aeiouytc]ia(?:[^l]|l$)", r"riet", r"dien", r"iu", r"[^scgtlnx]io", r"ii", r"[aeiouym]bl$",
    r"[aeiou]{3}", r"^mc", r"isms?$", r"([^aeiouyl])\1l$", r"[^l]lien", r"^coa[dglx].",
    r"[^gq]ua[^auieoyrl]", r"dnt$", r"[aiouy]ing", r"[^aeiouyr]n['’]t$",
)  # fmt: skip
_FEWER_AT = tuple(re.compile(pattern) for pattern in _FEWER)
_MORE_AT = tuple(re.compile(pattern) for pattern in _MORE)


@dataclass(frozen=True)
class Readability:
    """Counts of a text and what the formulas make of them.

    flesch_reading_ease: Flesch (1948): 100 is very easy, 0 very hard; it may lie outside.
    flesch_kincaid_grade: Kincaid et al. (1975): years of school in the United States.
    """

    words: int
    sentences: int
    syllables: int

    @property
    def flesch_reading_ease(self) -> float:
        """206.835 - 1.015 words per sentence - 84.6 syllables per word."""
        return 206.835 - 1.015 * self.words / self.sentences - 84.6 * self.syllables / self.words

    @property
    def flesch_kincaid_grade(self) -> float:
        """0.39 words per sentence + 11.8 syllables per word - 15.59."""
        return 0.39 * self.words / self.sentences + 11.8 * self.syllables / self.words - 15.59


def readability(text: str) -> Readability | None:
    """The counts of ``text``; None where it has no words."""
    tokens = words(text)
    if not tokens:
        return None
    return Readability(len(tokens), sentence_count(text), sum(map(syllables, tokens)))


def score_readability(answer: Answer) -> Sequence[Score]:
    """``flesch_reading_ease`` and ``flesch_kincaid_grade``; none where the text has no words."""
    found = readability(answer.text or "")
    if found is None:
        return []
    return [
        Score(name="flesch_reading_ease", value=found.flesch_reading_ease),
        Score(name="flesch_kincaid_grade", value=found.flesch_kincaid_grade),
    ]


def syllables(word: str) -> int:
    """Syllables of an English word by rules, at least 1; digits count one each."""
    letters = re.sub(r"['’](?:s|d|m)?$", "", word.lower())
    digits = sum(map(str.isdigit, letters))
    bare = re.sub(r"[^a-z'’]", "", letters)
    if not bare:
        return max(1, digits)
    stem = re.sub(r"(?<=[^aeiouyl])e$|(?<=[aeiouylrw]l)e$|(?<=[aeiouy])e$", "", bare) or bare
    count = len(_VOWELS.findall(stem))
    count -= sum(pattern.search(stem) is not None for pattern in _FEWER_AT)
    count += sum(pattern.search(stem) is not None for pattern in _MORE_AT)
    return max(1, count) + digits
