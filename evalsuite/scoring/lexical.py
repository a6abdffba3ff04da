"""Richness of vocabulary: how many different words a text has for its length.

The plain ratio of types to tokens falls with length; the other two figures are made not to.
Words are those of :func:`evalsuite.scoring.story.words`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evalsuite.scoring.story import words


def type_token_ratio(text: str) -> float | None:
    """Different words / words, 0 to 1; None without words. Compare texts of one length only."""
    tokens = words(text)
    return len(set(tokens)) / len(tokens) if tokens else None


def mattr(text: str, window: int = 50) -> float | None:
    """Mean type-token ratio of all windows of ``window`` words (Covington and McFall 2010).

    None for a text shorter than the window: another window gives figures that do not compare.
    """
    tokens = words(text)
    if len(tokens) < window:
        return None
    counts = Counter(tokens[:window])
    total = len(counts)
    for leaving, entering in zip(tokens, tokens[window:], strict=False):
        counts[leaving] -= 1
        if not counts[leaving]:
            del counts[leaving]
        counts[entering] += 1
        total += len(counts)
    return total / (window * (len(tokens) - window + 1))


def mtld(text: str, threshold: float = 0.72) -> float | None:
    """Mean number of words over which the type-token ratio stays above ``threshold``.

    McCarthy and Jarvis (2010): read forwards and backwards, and averaged. What is left after the
    last whole stretch counts in part. None where no word repeats, so that there is no stretch.
    """
    tokens = words(text)
    both = (_factors(tokens, threshold), _factors(tokens[::-1], threshold))
    if not tokens or not all(both):
        return None
    return sum(len(tokens) / factors for factors in both) / 2


def _factors(tokens: Sequence[str], threshold: float) -> float:
    factors = 0.0
    seen: set[str] = set()
    length = 0
    for token in tokens:
        seen.add(token)
        length += 1
        if len(seen) / length <= threshold:
            factors += 1
            seen, length = set(), 0
    if length:
        factors += (1 - len(seen) / length) / (1 - threshold)
    return factors
