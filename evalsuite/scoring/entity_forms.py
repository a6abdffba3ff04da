"""The forms in which a generated answer names entities, each read to the letter.

====== =========================================================================================
lines  ``LABEL: words; LABEL: words``, or one a line
json   a list of objects with label (or type) and text (or entity), or an object of label to texts
inline the text itself with ``<LABEL>words</LABEL>`` in it
bio    every token of the text on a line of its own with its tag, ``Torli B-LOC``
====== =========================================================================================

The form is told by the answer: JSON by being JSON, the last two by tags with a declared label. In
``inline`` and ``bio`` the text must come back unchanged but for whitespace. Labels are matched to
the declared ones without case; others stay as they are. That there is nothing has to be said
("none", ``[]``). ``entity_repair`` reads more, as a reading of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evalsuite.scoring.bio import spans_of_tags
from evalsuite.scoring.placing import Mention
from evalsuite.scoring.spans import Span

Form = Literal["lines", "json", "inline", "bio"]

NOTHING = re.compile(r"\W*(none|no entities|n/a|nothing)\W*", re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```\w*\n(.*?)```\s*\Z", re.DOTALL)
TYPE = re.compile(r"[\w-]+(?: [\w-]+)?")
"""What may name a type, declared or not: a word or two. Anything else before a colon is prose."""
_OTHER_FORM = re.compile(r"[\[{]\s*[\[{\"']|\*\*")
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)>")
_TAGGED = re.compile(r"(\S+)[ \t]+(O|[BI]-(\S+))")


@dataclass(frozen=True)
class Said:
    """What an answer says, before anything is looked for in the text.

    ``spans`` are set by the forms that carry places (character offsets into the text), ``mentions``
    by the others. ``unreadable`` counts parts that are not of the form; the whole answer is one.
    """

    form: Form
    mentions: tuple[Mention, ...] = ()
    spans: tuple[Span, ...] = ()
    unreadable: int = 0


def read_form(answer: str, text: str, labels: Sequence[str]) -> Said:
    """Read an answer about ``text`` in whichever form it has."""
    fenced = _FENCE.match(answer)
    answer = (fenced[1] if fenced else answer).strip()
    declared = {label.casefold(): label for label in labels}
    if not answer:
        return Said("lines", unreadable=1)
    if NOTHING.fullmatch(answer):
        return Said("lines")
    json_value = _json(answer, declared) if answer[0] in "[{" else None
    if json_value is not None:
        return json_value
    if any(match[2].casefold() in declared for match in _TAG.finditer(answer)):
        return _inline(answer, text, declared)
    rows = tagged_rows(answer, declared)
    if rows:
        return _bio(rows, text, declared)
    return Said("json", unreadable=1) if answer[0] in "[{" else _lines(answer, declared)


def _mention(label: str, words: str, declared: dict[str, str]) -> Mention:
    return Mention(declared.get(label.casefold(), label), words)


def _lines(answer: str, declared: dict[str, str]) -> Said:
    mentions, unreadable = [], 0
    for part in filter(str.strip, re.split(r"[;\n]", answer)):
        label, colon, words = part.partition(":")
        label, words = label.strip(" -*\t"), words.strip().strip("\"'`")
        named = label.casefold() in declared or TYPE.fullmatch(label)
        if colon and named and words and not _OTHER_FORM.match(words):
            mentions.append(_mention(label, words, declared))
        else:
            unreadable += 1
    return Said("lines", tuple(mentions), unreadable=unreadable)


def _json(answer: str, declared: dict[str, str]) -> Said | None:
    """None where it is no JSON, which a text that begins with a bracket need not be."""
    try:
        found = list(pairs_of_json(json.loads(answer)))
    except (ValueError, RecursionError):
        return None
    mentions = tuple(_mention(*both, declared) for both in found if both is not None)
    return Said("json", mentions, unreadable=found.count(None))


def pairs_of_json(value: Any) -> Iterator[tuple[str, str] | None]:
    """(label, words) of each entity in a JSON value; None for a part of another shape."""
    if isinstance(value, dict) and all(isinstance(texts, list) for texts in value.values()):
        for label, texts in value.items():
            yield from ((label, text) if isinstance(text, str) else None for text in texts)
        return
    for entry in value if isinstance(value, list) else [value]:
        label = text = None
        if isinstance(entry, dict):
            label = entry.get("label", entry.get("type"))
            text = entry.get("text", entry.get("entity"))
        both = isinstance(label, str) and isinstance(text, str)
        yield (str(label), str(text)) if both else None


def _inline(answer: str, text: str, declared: dict[str, str]) -> Said:
    found = tagged_passages(answer, declared)
    if found is None:
        return Said("inline", unreadable=1)
    bare, spans = found
    if "".join(bare.split()) != "".join(text.split()):
        return Said("inline", unreadable=1)
    there = [at for at, character in enumerate(text) if not character.isspace()]
    before = [0]
    for character in bare:
        before.append(before[-1] + (not character.isspace()))
    placed = []
    for span in spans:
        first, last = before[span.start], before[span.end] - 1
        if last < first:
            return Said("inline", unreadable=1)
        placed.append(Span(there[first], there[last] + 1, span.label))
    return Said("inline", spans=tuple(sorted(placed)))


def tagged_passages(answer: str, declared: dict[str, str]) -> tuple[str, list[Span]] | None:
    """The answer without its tags, and what they enclosed there; None if they do not match.

    What looks like a tag but is never closed nor closes anything is text, unless its label is
    declared.
    """
    tags = list(_TAG.finditer(answer))
    names = {(match[1], match[2].casefold()) for match in tags}
    both = {name for _, name in names if ("", name) in names and ("/", name) in names}
    bare: list[str] = []
    length, at = 0, 0
    open_tags: list[tuple[str, int]] = []
    spans: list[Span] = []
    for match in tags:
        name = match[2].casefold()
        if name not in both and name not in declared:
            continue
        bare.append(answer[at : match.start()])
        length += match.start() - at
        at = match.end()
        if not match[1]:
            open_tags.append((name, length))
            continue
        if not open_tags or open_tags[-1][0] != name:
            return None
        start = open_tags.pop()[1]
        spans.append(Span(start, length, declared.get(name, match[2])))
    return None if open_tags else ("".join(bare) + answer[at:], spans)


def tagged_rows(answer: str, declared: dict[str, str]) -> list[tuple[str, str]]:
    """(token, tag) of every line; empty unless all lines have both and each label is declared."""
    rows = []
    for line in filter(str.strip, answer.split("\n")):
        match = _TAGGED.fullmatch(line.strip())
        if match is None or (match[3] and match[3].casefold() not in declared):
            return []
        rows.append((match[1], match[2]))
    return rows


def _bio(rows: Sequence[tuple[str, str]], text: str, declared: dict[str, str]) -> Said:
    tokens = list(re.finditer(r"\S+", text))
    if [token.group() for token in tokens] != [token for token, _ in rows]:
        return Said("bio", unreadable=1)
    spans = spans_of_tags([with_declared_label(tag, declared) for _, tag in rows])
    return Said(
        "bio",
        spans=tuple(
            Span(tokens[span.start].start(), tokens[span.end - 1].end(), span.label)
            for span in spans
        ),
    )


def with_declared_label(tag: str, declared: dict[str, str]) -> str:
    """The BIO tag with its label spelt as it was declared."""
    return tag if tag == "O" else tag[:2] + declared[tag[2:].casefold()]
