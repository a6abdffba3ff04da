"""Which label of a large or confusable set an answer names.

:mod:`evalsuite.scoring.choice` reads answers to multiple-choice questions, letters included. Here
the labels are names: ``card_arrival`` beside ``card_linking``, ``irony`` inside ``non_irony``,
``no`` as the name of an intent. Letters mean nothing, synonyms are never guessed, and a name that
is denied ("no irony here") is not an answer.
"""

from __future__ import annotations

import functools
import re
import string
import unicodedata
from collections.abc import Callable, Sequence

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.task import Graded

_JOINTS = re.compile(r"[_\-/ \t]+")
_MARKS = re.compile(r"[*`\"“”‘{}\[\]()<>]|(?<!\w)['’]|['’](?!\w)")
_NOUNS = (
    "answer|label|intent|intention|category|class|classification|emotion|verdict|rating|prediction"
)
_DENIED = re.compile(
    r"(?:\bno|\bnot|\bnon|\bnever|\bneither|\bnor|\bwithout|\bthan|\binstead of|n['’]t)"
    r"(?:\s+(?:a|an|the|any|really|exactly|quite))?\s+\Z"
)
_EDGE = string.punctuation + string.whitespace
_UNREAD = "names none of the labels, or several"


def read_label(answer: Answer, labels: Sequence[str], *, common_words: bool = False) -> str | None:
    """The label that an answer names; None where that is none of them or not clear.

    Case, and whether words are joined by spaces, underscores, hyphens or slashes, do not matter. A
    label that the backend scored by log-likelihood is taken as it is. A text, without what was
    thought aloud, is read by the first rule that applies:

    1. the whole text is a label;
    2. it says so ("Intent: card arrival.", "the answer is card_arrival"), always of the same label;
    3. lines of it are labels, always the same one;
    4. exactly one label occurs in it as whole words and is not denied; an occurrence inside a
       longer label is one of the longer label.

    Args:
        answer: What was said.
        labels: The labels that there are.
        common_words: Labels of one word are words of everyday speech ("no", "time", "true"), so in
            running text (rule 4) they are not an answer. They still make another one unclear.

    Raises:
        ValueError: If two labels differ only in what does not matter.
    """
    if answer.choice is not None:
        return answer.choice if answer.choice in labels else None
    names, told, anywhere = _patterns(tuple(labels))
    text = _folded(without_reasoning(answer.text or ""))
    if text.strip(_EDGE) in names:
        return names[text.strip(_EDGE)]
    lines = [line.strip(_EDGE) for line in text.split("\n")]
    for said in ({match[1] for match in told.finditer(text)}, {x for x in lines if x in names}):
        if said:
            return names[said.pop()] if len(said) == 1 else None
    found = list(anywhere.finditer(text))
    named = {match[1] for match in found}
    if len(named) != 1 or any(_DENIED.search(text[: match.start()]) for match in found):
        return None
    name = named.pop()
    return None if common_words and " " not in name else names[name]


def score_label(
    answer: Answer, target: str, labels: Sequence[str], *, common_words: bool = False
) -> Score:
    """``choice_match``: 1.0 if the answer names the target and nothing else, by :func:`read_label`.

    ``format_error`` with 0.0 where it names no label, or several.

    Raises:
        ValueError: If the target is not one of the labels.
    """
    if target not in labels:
        raise ValueError(f"target {target!r} is none of {list(labels)}")
    said = read_label(answer, labels, common_words=common_words)
    if said is None:
        return Score(name="choice_match", value=0.0, status="format_error", explanation=_UNREAD)
    return Score(name="choice_match", value=float(said == target), explanation=said)


def label_reader(
    labels: Sequence[str], *, common_words: bool = False
) -> Callable[[Graded], str | None]:
    """Reads the label of what was graded; None for a failed answer as for an unreadable one."""

    def read(one: Graded) -> str | None:
        if one.answer is None:
            return None
        return read_label(one.answer, labels, common_words=common_words)

    return read


def folded_name(name: str) -> str:
    """A name without what does not matter in it: case, joints and punctuation around it."""
    return _folded(name).strip(_EDGE)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _JOINTS.sub(" ", _MARKS.sub(" ", plain))


@functools.lru_cache(maxsize=64)
def _patterns(labels: tuple[str, ...]) -> tuple[dict[str, str], re.Pattern[str], re.Pattern[str]]:
    """Folded name -> label; a label that is told; a label anywhere, longest first."""
    names: dict[str, str] = {}
    for label in labels:
        name = folded_name(label)
        if name in names:
            raise ValueError(f"labels {names[name]!r} and {label!r} cannot be told apart")
        names[name] = label
    any_name = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    told = re.compile(
        rf"\b(?:{_NOUNS})\s*+(?:is|:|=)\s*+:?\s*+({any_name})[^\S\n]*+(?=[.,;!?\n]|\Z)",
        re.IGNORECASE,
    )
    return names, told, re.compile(rf"(?<!\w)({any_name})(?!\w)")
