"""How alike two texts or columns are: the features that classical matchers learn from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def text_similarity(left: str, right: str) -> dict[str, float]:
    """``words``, ``characters`` and ``beginning`` of two texts, each 0 to 1, and 1 if equal.

    words: Jaccard coefficient of the sets of words. characters: share of characters in matching
    blocks (Ratcliff and Obershelp). beginning: length of the common prefix / the shorter length.
    Case and white space do not count.
    """
    left, right = (" ".join(text.casefold().split()) for text in (left, right))
    shorter = min(len(left), len(right))
    prefix = next((i for i in range(shorter) if left[i] != right[i]), shorter)
    return {
        "words": jaccard(_WORD.findall(left), _WORD.findall(right)),
        "characters": SequenceMatcher(None, left, right, autojunk=False).ratio(),
        "beginning": prefix / shorter if shorter else float(left == right),
    }


def jaccard(left: Sequence[str], right: Sequence[str]) -> float:
    """Size of the intersection / size of the union of two sets; 1 if both are empty."""
    one, other = set(left), set(right)
    return len(one & other) / len(one | other) if one or other else 1.0


def number_difference(left: str, right: str) -> float | None:
    """Difference of the first numbers of two texts / the larger one; None if one has no number."""
    found = _NUMBER.search(left), _NUMBER.search(right)
    if found[0] is None or found[1] is None:
        return None
    one, other = float(found[0][0]), float(found[1][0])
    largest = max(one, other)
    return abs(one - other) / largest if largest else 0.0


def record_similarity(
    left: Mapping[str, str | None], right: Mapping[str, str | None]
) -> dict[str, float | None]:
    """Feature -> value for two records with the same attributes.

    For each attribute the three of :func:`text_similarity` and the difference of its numbers; None
    where one of the records lacks it.
    """
    features: dict[str, float | None] = {}
    for name in left:
        one, other = left[name], right.get(name)
        both = one is not None and other is not None
        alike = text_similarity(one or "", other or "")
        for kind, value in alike.items():
            features[f"{name}: {kind}"] = value if both else None
        features[f"{name}: number"] = number_difference(one or "", other or "") if both else None
    return features


def column_similarity(
    left: str, left_values: Sequence[str], right: str, right_values: Sequence[str]
) -> dict[str, float]:
    """Feature -> value for two columns: their names, some values of each, and what these look like.

    ``values`` is the Jaccard coefficient of the sets of values; the others are differences of
    shares (0 alike, 1 not at all): of values with a digit, that are addresses of the web, and that
    are empty; and the smaller / the larger of the mean lengths.
    """
    names = {f"name: {kind}": value for kind, value in text_similarity(left, right).items()}
    lengths = sorted(_mean_length(values) for values in (left_values, right_values))
    return {
        **names,
        "values": jaccard(left_values, right_values),
        "with digits": _apart(left_values, right_values, r"[0-9]"),
        "addresses": _apart(left_values, right_values, r"^https?://"),
        "empty": _apart(left_values, right_values, r"^\s*$"),
        "lengths": lengths[0] / lengths[1] if lengths[1] else 1.0,
    }


def _mean_length(values: Sequence[str]) -> float:
    return sum(map(len, values)) / len(values) if values else 0.0


def _apart(left: Sequence[str], right: Sequence[str], pattern: str) -> float:
    """Difference of the shares of values in which the pattern is found."""

    def share(values: Sequence[str]) -> float:
        return sum(re.search(pattern, value) is not None for value in values) / len(values)

    return abs(share(left) - share(right)) if left and right else 0.0
