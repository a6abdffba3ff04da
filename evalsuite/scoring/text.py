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

# What may stand around an answer. Signs and symbols that change what is said are not among it: 50%
# is not 50, $5 is not 5, C# is not C, != is not =.
_BOTH_SIDES = " .,;:*_`\"'“”„‘’‚«»‹›…—-"
_BEFORE, _BEHIND = _BOTH_SIDES + "([{¿¡", _BOTH_SIDES + ")]}!?"
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–−", "-"))
_NUMBER_BEGINS = re.compile(r"-? ?(?:[$€£¥] ?)?(?:(?<!\.)\.)?[0-9]")
_GROUP_FIRST = re.compile(r"[0-9]{3}(?![0-9])")


def normalise(text: str) -> str:
    """NFKC, case-folded, white space collapsed, punctuation around the whole stripped.

    A sign or a point in front of a number is part of it: -5 and .5 are not 5. So are symbols such
    as %, $, + and #. A text of nothing but punctuation stays as it is.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_DASHES)
    plain = " ".join(folded.split())
    inside = plain.rstrip(_BEHIND)
    at = 0
    while at < len(inside) and inside[at] in _BEFORE and not _NUMBER_BEGINS.match(inside, at):
        at += 1
    inside = inside[at:]
    return inside.replace("- ", "-", 1) if inside.startswith("- ") else inside or plain


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
    """Whether ``words`` occurs in ``text`` as :func:`whole_words` says. No words are nowhere."""
    return bool(words) and whole_words(words).search(text) is not None


def whole_words(words: str) -> re.Pattern[str]:
    """A pattern of ``words`` where they are not part of a longer word or number.

    Where it begins or ends with a digit, 5 is found neither in -5 and 0.5 nor in 5.5, 5,000 and 5%;
    it is in 3-5.
    """
    before, behind = r"(?<!\w)", r"(?!\w)"
    if words[:1].isdecimal():
        before += r"(?<![0-9]\.)(?<!(?<![\w.])[-.])"
        before += r"(?<![0-9],)" if _GROUP_FIRST.match(words) else ""
    if words[-1:].isdecimal():
        behind += r"(?!\.[0-9]|,[0-9]{3}(?![0-9])| ?%)"
    return re.compile(f"{before}{re.escape(words)}{behind}")


def _several(target: Target) -> Sequence[str]:
    return [target] if isinstance(target, str) else target
