"""Free text against reference texts: exact match, containment, patterns and token F1.

All scores are ``scored``: any text can be compared. A target may be one text or a list of
acceptable ones, of which the best counts.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

from evalsuite.records import Answer, Score

Target = str | Sequence[str]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """NFKC, case-folded, white space collapsed, punctuation around the whole stripped."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split()).strip(string.punctuation + " ")


def squad_normalise(text: str) -> str:
    """Lower case without punctuation, articles and extra white space.

    As in SQuAD's evaluate-v1.1.py (Rajpurkar et al. 2016).
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def token_f1(text: str, reference: str) -> float:
    """F1 of the bags of words after :func:`squad_normalise`, from 0 to 1.

    As in SQuAD 2.0, two texts without words agree (1.0), one without words agrees with no other.
    """
    said, wanted = squad_normalise(text).split(), squad_normalise(reference).split()
    if not said or not wanted:
        return float(said == wanted)
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2 * common / (len(said) + len(wanted))


def score_exact(answer: Answer, target: Target) -> Score:
    """``exact_match``: 1.0 if the answer equals a target after :func:`normalise`."""
    said = normalise(answer.text or "")
    return Score(name="exact_match", value=float(said in map(normalise, _several(target))))


def score_contains(answer: Answer, target: Target) -> Score:
    """``contains``: 1.0 if a target occurs in the answer as whole words, both normalised."""
    said = normalise(answer.text or "")
    found = any(contains_words(said, normalise(wanted)) for wanted in _several(target))
    return Score(name="contains", value=float(found))


def score_regex(answer: Answer, target: Target) -> Score:
    """``regex_match``: 1.0 if a target, a regular expression, matches anywhere in the raw answer.

    Raises:
        re.error: If the target is no regular expression.
    """
    text = answer.text or ""
    found = any(re.search(pattern, text) is not None for pattern in _several(target))
    return Score(name="regex_match", value=float(found))


def score_token_f1(answer: Answer, target: Target) -> Score:
    """``token_f1``: the best token F1 over the targets."""
    text = answer.text or ""
    best = max((token_f1(text, wanted) for wanted in _several(target)), default=0.0)
    return Score(name="token_f1", value=best)


def contains_words(text: str, words: str) -> bool:
    """Whether ``words`` occurs in ``text`` and is not part of a longer word there."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def _several(target: Target) -> Sequence[str]:
    return [target] if isinstance(target, str) else target
