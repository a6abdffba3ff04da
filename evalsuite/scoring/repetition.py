"""Repetition within one text, as papers on degenerate generation measure it.

Words are those of :func:`evalsuite.scoring.story.words`; papers count a model's own tokens, so
their figures compare with these only roughly.
"""

from __future__ import annotations

import math

from evalsuite.scoring.story import repetition_share, words


def seq_rep(text: str, n: int = 4) -> float | None:
    """Share of word n-grams that stood in the text before: seq-rep-n (Welleck et al. 2020).

    None for a text shorter than ``n`` words.
    """
    return repetition_share(text, n)


def rep_window(text: str, window: int = 128) -> float | None:
    """Share of words that occur among the ``window`` words before them: rep/l (Welleck et al.).

    None without words. Ordinary prose repeats its function words, so this is never near 0.
    """
    tokens = words(text)
    last: dict[str, int] = {}
    repeated = 0
    for at, token in enumerate(tokens):
        repeated += token in last and at - last[token] <= window
        last[token] = at
    return repeated / len(tokens) if tokens else None


def unrepeated(text: str) -> float | None:
    """Product over n = 2, 3, 4 of 1 - seq-rep-n: "diversity" of Su et al. (2022, SimCTG).

    1 where no pair of words occurs twice. None for a text shorter than 4 words.
    """
    shares = [repetition_share(text, n) for n in (2, 3, 4)]
    return (
        math.prod(1 - share for share in shares if share is not None)
        if None not in shares
        else None
    )


def repeated_lines(text: str) -> float | None:
    """Share of lines with words that stood in the text before, but for case; None without any."""
    lines = [" ".join(words(line)) for line in text.splitlines()]
    lines = [line for line in lines if line]
    return 1 - len(set(lines)) / len(lines) if lines else None
