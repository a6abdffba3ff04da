"""A linear named-entity tagger: hand-made token features, averaged SGD, constrained decoding.

The features are those of the pre-neural taggers (word, affixes, shape and the same of the
neighbours; Ratinov and Roth, 2009, "Design Challenges and Misconceptions in Named Entity
Recognition"). Tags are BIO; the best tag sequence in which no I- tag lacks its B- is found by
dynamic programming over the tokens' independent log-probabilities.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SEED = 0
_TOKEN = re.compile(r"\w+|[^\w\s]")
_HASHED_FEATURES = 2**18
_LEAST_PROBABILITY = 1e-12
# Entities are rare, and missing them is the typical mistake of a linear tagger. This weight and
# alpha were picked on the validation splits of WNUT-17 and of the synthetic entities.
_ENTITY_WEIGHT = 16.0

Span = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Tagger:
    """A fitted tagger: ``tags`` in the order of the classifier's probabilities."""

    tags: tuple[str, ...]
    estimator: Any

    def tag(self, text: str) -> tuple[list[dict[str, Any]], list[float]]:
        """Entities of ``text``, and the natural log-probability of each token's tag.

        Entities are in order: ``start`` and ``end`` in characters, ``label`` and ``text``.
        """
        tokens = list(_TOKEN.finditer(text))
        if not tokens or self.estimator is None:
            return [], []
        words = _hashed(_features([token.group() for token in tokens]))
        # Averaged weights can make a tag so unlikely that its probability is 0 in floating point.
        logs = self.estimator.predict_proba(words).clip(_LEAST_PROBABILITY).tolist()
        logs = [[math.log(probability) for probability in row] for row in logs]
        tags = best_tags(self.tags, logs)
        chosen = [row[self.tags.index(tag)] for row, tag in zip(logs, tags, strict=True)]
        return list(_entities(text, tokens, tags)), chosen


def learn_tagger(texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> Tagger:
    """Learn from texts and their entities (character spans with a label)."""
    from sklearn.linear_model import SGDClassifier

    features: list[list[str]] = []
    tags: list[str] = []
    for text, entities in zip(texts, spans, strict=True):
        tokens = list(_TOKEN.finditer(text))
        features += _features([token.group() for token in tokens])
        tags += _tags(tokens, entities)
    if len(set(tags)) < 2:
        return Tagger(tags=("O",), estimator=None)
    estimator = SGDClassifier(
        loss="log_loss",
        alpha=3e-6,
        max_iter=15,
        tol=None,
        average=True,
        class_weight={tag: 1.0 if tag == "O" else _ENTITY_WEIGHT for tag in set(tags)},
        random_state=SEED,
    )
    estimator.fit(_hashed(features), tags)
    return Tagger(tags=tuple(str(tag) for tag in estimator.classes_), estimator=estimator)


def best_tags(tags: Sequence[str], logs: Sequence[Sequence[float]]) -> list[str]:
    """The tag sequence with the highest summed log-probability in which I-X follows B-X or I-X."""
    scores = [-math.inf if tag.startswith("I-") else logs[0][i] for i, tag in enumerate(tags)]
    allowed = [[i for i, last in enumerate(tags) if _may_follow(last, tag)] for tag in tags]
    trail: list[list[int]] = []
    for row in logs[1:]:
        back = [max(before, key=scores.__getitem__) if before else -1 for before in allowed]
        scores = [
            row[i] + scores[before] if before >= 0 else -math.inf for i, before in enumerate(back)
        ]
        trail.append(back)
    at = max(range(len(tags)), key=scores.__getitem__)
    path = [at]
    for back in reversed(trail):
        at = back[at]
        path.append(at)
    return [tags[index] for index in reversed(path)]


def _may_follow(last: str, tag: str) -> bool:
    return not tag.startswith("I-") or last in (f"B-{tag[2:]}", tag)


def _tags(tokens: Sequence[re.Match[str]], spans: Sequence[Span]) -> list[str]:
    """BIO tags; a token belongs to the span that its first character lies in."""
    tags = []
    current: Span | None = None
    for token in tokens:
        span = next((s for s in spans if s["start"] <= token.start() < s["end"]), None)
        if span is None:
            tags.append("O")
        else:
            tags.append(f"{'I' if span is current else 'B'}-{span['label']}")
        current = span
    return tags


def _entities(
    text: str, tokens: Sequence[re.Match[str]], tags: Sequence[str]
) -> Iterator[dict[str, Any]]:
    start: int | None = None
    for index, (token, tag) in enumerate(zip(tokens, tags, strict=True)):
        if tag == "O":
            continue
        start = token.start() if tag.startswith("B-") or start is None else start
        last = index + 1 == len(tags) or not tags[index + 1].startswith("I-")
        if last:
            end = token.end()
            yield {"start": start, "end": end, "label": tag[2:], "text": text[start:end]}
            start = None


def _features(words: Sequence[str]) -> list[list[str]]:
    """Feature strings of every token of one text."""
    padded = ["<s>", "<s>", *words, "</s>", "</s>"]
    shapes = [_shape(word) for word in padded]
    lower = [word.lower() for word in padded]
    features = []
    for at in range(2, len(padded) - 2):
        word = lower[at]
        here = ["bias", f"w={word}", f"W={padded[at]}", f"s={shapes[at]}"]
        here += [f"p{n}={word[:n]}" for n in (1, 2, 3)] + [f"e{n}={word[-n:]}" for n in (2, 3, 4)]
        for offset in (-2, -1, 1, 2):
            here += [f"w{offset}={lower[at + offset]}", f"s{offset}={shapes[at + offset]}"]
        here += [f"w-1,0={lower[at - 1]} {word}", f"w0,1={word} {lower[at + 1]}"]
        here += [f"s-1,0,1={shapes[at - 1]} {shapes[at]} {shapes[at + 1]}"]
        here += [f"e3-1={lower[at - 1][-3:]}", f"e3+1={lower[at + 1][-3:]}"]
        features.append(here)
    return features


def _shape(word: str) -> str:
    """Upper case X, lower case x, digit d, runs shortened: "McDonald2" is "XxXxd"."""
    kinds = "".join(
        "X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in word
    )
    return re.sub(r"(.)\1+", r"\1", kinds)


def _hashed(features: Sequence[Sequence[str]]) -> Any:
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(_HASHED_FEATURES, input_type="string").transform(features)
