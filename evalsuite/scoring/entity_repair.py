"""A second reading of an answer, for a score of its own: what it would say if its form were mended.

Models wrap the answer in prose, cut it off, leave a comma too many, number their lines or write
the type after the words. Published figures often rest on such repairs without saying so. Here the
mended reading never replaces the one to the letter; both are scored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from evalsuite.scoring.answer_text import fenced_regions, without_reasoning
from evalsuite.scoring.bio import spans_of_tags
from evalsuite.scoring.entity_forms import (
    NOTHING,
    TYPE,
    Said,
    pairs_of_json,
    read_form,
    tagged_passages,
    tagged_rows,
    with_declared_label,
)
from evalsuite.scoring.placing import Mention, words_of

_COMMA_TOO_MANY = re.compile(r",(\s*[\]}])")
_PYTHON_QUOTE = re.compile(r"(?<=[\[{,:\s])'|'(?=\s*[,:\]}])")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\(?\d+[.)])\s+")
_MOST_STARTS, _MOST_REGIONS = 200, 20
"""JSON is looked for at that many places of an answer, and between that many pairs of fences, so
that time stays bounded."""


def mended(said: Said, answer: str, text: str, labels: Sequence[str]) -> Said:
    """Read an answer about ``text``, which to the letter says ``said``, mending its form.

    An answer that is to the letter keeps its reading, but for labels in another spelling ("Creative
    Work", "persons") and for entries that say that there is nothing ("person: none"). A prediction
    is never dropped for being wrong.

    Tried in this order, until something is found: the answer without reasoning; a fenced block in
    it; JSON in it, even cut off or with a Python list's quotes; tags around words or after tokens
    of a changed text; lines with bullets, numbers, asterisks, the type before or after the words,
    or several words after one type.
    """
    if not said.unreadable:
        return _respelt(said, labels)
    bare = without_reasoning(answer).strip()
    regions = islice(fenced_regions(bare), _MOST_REGIONS)
    for candidate in (bare, *(region.text for region in regions)):
        read = read_form(candidate, text, labels)
        if not read.unreadable:
            return _respelt(read, labels)
    for mentions in (_json_within(bare), _tagged(bare, labels), _lines(bare, text, labels)):
        if mentions:
            return _respelt(Said("lines", tuple(mentions)), labels)
    return Said("lines", unreadable=1)


def _respelt(said: Said, labels: Sequence[str]) -> Said:
    spellings = _spellings(labels)
    mentions = tuple(
        Mention(spellings.get(_plain(mention.label), mention.label), mention.text)
        for mention in said.mentions
        if not NOTHING.fullmatch(mention.text)
    )
    return Said(said.form, mentions, said.spans, said.unreadable)


def _spellings(labels: Sequence[str]) -> dict[str, str]:
    plural = {_plain(label) + "s": label for label in labels}
    return plural | {_plain(label): label for label in labels}


def _plain(label: str) -> str:
    return "".join(filter(str.isalnum, label.casefold()))


# --- JSON ---------------------------------------------------------------------------------------


def _json_within(answer: str) -> list[Mention]:
    """Entities of the last whole list in the answer, or else of the objects that are whole."""
    answer = _COMMA_TOO_MANY.sub(r"\1", answer)
    for text in (answer, _PYTHON_QUOTE.sub('"', answer)):
        lists: list[list[Mention]] = []
        objects: list[Mention] = []
        for value in _values(text):
            found = [Mention(*pair) for pair in pairs_of_json(value) if pair is not None]
            single = isinstance(value, dict) and not any(
                isinstance(texts, list) for texts in value.values()
            )
            if single:
                objects += found
            elif found:
                lists.append(found)
        if lists or objects:
            return lists[-1] if lists else objects
    return []


def _values(text: str) -> Iterator[Any]:
    """The JSON values in a text, none inside another."""
    decoder = json.JSONDecoder()
    end = 0
    for match in islice(re.finditer(r"[\[{]", text), _MOST_STARTS):
        if match.start() >= end:
            try:
                value, end = decoder.raw_decode(text, match.start())
            except (ValueError, RecursionError):
                continue
            yield value


# --- tags and lines -----------------------------------------------------------------------------


def _tagged(answer: str, labels: Sequence[str]) -> list[Mention]:
    """What tags enclose, or mark, in a text that did not come back unchanged."""
    declared = {label.casefold(): label for label in labels}
    passages = tagged_passages(answer, declared)
    if passages is not None and passages[1]:
        bare, spans = passages
        return [Mention(span.label, bare[span.start : span.end].strip()) for span in sorted(spans)]
    rows = tagged_rows(answer, declared)
    spans = spans_of_tags([with_declared_label(tag, declared) for _, tag in rows])
    return [
        Mention(span.label, " ".join(token for token, _ in rows[span.start : span.end]))
        for span in spans
    ]


def _lines(answer: str, text: str, labels: Sequence[str]) -> list[Mention]:
    spellings = _spellings(labels)
    mentions: list[Mention] = []
    for line in re.split(r"[;\n]", answer):
        line = _BULLET.sub("", line).replace("**", "").replace("__", "").strip()
        label, words = _label_and_words(line, spellings)
        if label and words and not NOTHING.fullmatch(words):
            mentions += [Mention(label, part) for part in _parts(words, text)]
            continue
        label, _, words = (part.strip() for part in line.partition(":"))
        if TYPE.fullmatch(label) and words:
            mentions.append(Mention(label, words))
    return mentions


def _label_and_words(line: str, spellings: dict[str, str]) -> tuple[str, str]:
    """The declared label of a line and its words; two empty texts where it has no such form."""
    for mark in (":", " - ", " – ", "|", "->", "→"):
        left, found, right = line.partition(mark)
        if found and _plain(left) in spellings:
            return spellings[_plain(left)], right.strip(" \"'`")
        left, found, right = line.rpartition(mark)
        if found and _plain(right) in spellings:
            return spellings[_plain(right)], left.strip(" \"'`")
    bare = line.removesuffix(".")
    if bare.endswith((")", "]")):
        at = max(bare.rfind("("), bare.rfind("["))
        if at > 0 and _plain(bare[at:]) in spellings:
            return spellings[_plain(bare[at:])], bare[:at].strip(" \t\"'`")
    return "", ""


def _parts(words: str, text: str) -> list[str]:
    """The words as they are if they stand in the text, or else what commas separate."""
    if words_of(words) in words_of(text):
        return [words]
    return [part for part in (part.strip(" \"'`") for part in words.split(",")) if part]
