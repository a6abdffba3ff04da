"""How different the answers of one system are from each other.

All of it depends on how many texts there are and how long they are: compare systems on the same
samples, and look at the number of words beside it.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence

from evalsuite.scoring.corpus_texts import mean, once, texts_of
from evalsuite.scoring.story import words
from evalsuite.task import CorpusMetric, Graded

Gram = tuple[str, ...]
_ORDERS = (1, 2, 3, 4)


def distinct_across(texts: Sequence[str], n: int) -> float | None:
    """Different word n-grams of all texts / all of them (Li et al. 2016); None if there are none.

    N-grams do not span two texts.
    """
    grams = [gram for text in texts for gram in _grams(words(text), n)]
    return len(set(grams)) / len(grams) if grams else None


def self_bleu(texts: Sequence[str]) -> float | None:
    """Mean BLEU-4 of each text with all the others as references (Zhu et al. 2018), 0 to 1.

    High where texts are alike. Over lower-case words, smoothed as sacrebleu's sentence BLEU (exp,
    orders as far as the text has them), to which it is equal; time grows with the words, not with
    the pairs of texts. None for fewer than two texts with words.
    """
    tokens = [found for text in texts if (found := words(text))]
    if len(tokens) < 2:
        return None
    counts = [[Counter(_grams(one, n)) for n in _ORDERS] for one in tokens]
    highest = [_two_highest([one[order] for one in counts]) for order in range(len(_ORDERS))]
    lengths = Counter(map(len, tokens))
    values = []
    for at, one in enumerate(tokens):
        lengths[len(one)] -= 1
        nearest = min(
            (length for length, count in lengths.items() if count),
            key=lambda length: (abs(length - len(one)), length),
        )
        lengths[len(one)] += 1
        matches = [
            sum(
                min(count, most if holder != at else second)
                for gram, count in counts[at][order].items()
                for most, holder, second in [highest[order][gram]]
            )
            for order in range(len(_ORDERS))
        ]
        totals = [max(0, len(one) - order) for order in range(len(_ORDERS))]
        values.append(_bleu(matches, totals, len(one), nearest))
    return sum(values) / len(values)


def _two_highest(counts: Sequence[Counter[Gram]]) -> dict[Gram, tuple[int, int, int]]:
    """Of each n-gram: its highest count in a text, which text that is, the highest in the others.

    So the most that all texts but one have of it needs no look at them.
    """
    highest: dict[Gram, tuple[int, int, int]] = {}
    for at, counter in enumerate(counts):
        for gram, count in counter.items():
            most, holder, second = highest.get(gram, (0, -1, 0))
            if count > most:
                highest[gram] = (count, at, most)
            elif count > second:
                highest[gram] = (most, holder, count)
    return highest


def _bleu(matches: Sequence[int], totals: Sequence[int], length: int, nearest: int) -> float:
    """BLEU of counts; an order without a match counts half of the one before, as in sacrebleu."""
    if not any(matches):
        return 0.0
    logarithms, smooth = [], 1.0
    for matched, total in zip(matches, totals, strict=True):
        if not total:
            break
        if not matched:
            smooth *= 2
        logarithms.append(math.log(matched / total if matched else 1 / (smooth * total)))
    brevity = 1.0 if length >= nearest else math.exp(1 - nearest / length)
    return brevity * math.exp(sum(logarithms) / len(logarithms))


def compression_ratio(texts: Sequence[str]) -> float | None:
    """Bytes of all texts / bytes of them compressed (zlib, level 9); None for no text.

    High where texts repeat themselves or each other (Shaib et al. 2024, arXiv:2403.00553).
    """
    joined = "\n".join(texts).encode()
    return len(joined) / len(zlib.compress(joined, 9)) if joined else None


def diversity_metrics() -> dict[str, CorpusMetric]:
    """``distinct_1_across``, ``distinct_2_across``, ``self_bleu``, ``self_bleu_repeats``.

    Also ``compression_ratio``, and ``diversity_n``, the texts that they are over: failed answers
    and those without text have nothing to compare. ``self_bleu_repeats`` is the mean over samples
    of the self-BLEU of their repeats; None where no sample was answered twice.
    """

    @once
    def across(graded: Sequence[Graded]) -> float | None:
        return self_bleu(_texts(graded))

    @once
    def repeats(graded: Sequence[Graded]) -> float | None:
        by_sample: dict[str, list[str]] = {}
        for row, text in zip(graded, texts_of(graded), strict=True):
            if text is not None:
                by_sample.setdefault(row.sample.id, []).append(text)
        found = [self_bleu(texts) for texts in by_sample.values()]
        return mean([value for value in found if value is not None])

    return {
        "distinct_1_across": lambda graded: distinct_across(_texts(graded), 1),
        "distinct_2_across": lambda graded: distinct_across(_texts(graded), 2),
        "self_bleu": across,
        "self_bleu_repeats": repeats,
        "compression_ratio": lambda graded: compression_ratio(_texts(graded)),
        "diversity_n": lambda graded: float(len(_texts(graded))),
    }


def _texts(graded: Sequence[Graded]) -> list[str]:
    return [text for text in texts_of(graded) if text is not None]


def _grams(tokens: Sequence[str], n: int) -> list[Gram]:
    return [tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)]
