"""Answers to questions over several passages, with the passages that support them.

The measures of HotpotQA (Yang et al. 2018, arXiv:1809.09600; hotpot_evaluate_v1.py): exact match
and F1 of the answer, of the set of supporting facts, and of both at once.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from evalsuite.records import Answer, Score, ScoreStatus
from evalsuite.scoring.answer_text import excerpt, fenced_regions, without_reasoning
from evalsuite.scoring.text import squad_normalise

_CLOSED = {"yes", "no", "noanswer"}
_MARK = re.compile(r"^[^\w\n]*(?:final )?answer[^\w\n:]*:", re.IGNORECASE | re.MULTILINE)

Fact = Hashable
"""A supporting fact: the title of a passage, or (title, number of the sentence from 0)."""


class Said(NamedTuple):
    """What an answer says: the answer itself and, where it names them, the supporting facts."""

    answer: str
    support: frozenset[Fact] | None


class Agreement(NamedTuple):
    """How far something said agrees with what is right."""

    exact: float
    f1: float
    precision: float
    recall: float


def read_answer(text: str) -> Said:
    """The answer in a text, by its form.

    A JSON object with ``answer`` (and ``support``: titles, or pairs of title and sentence), in a
    fence or alone; what stands in the last ``Finish[...]``; what follows the last ``Answer:`` on
    its line; or else the whole text.
    """
    bare = without_reasoning(text).strip()
    found = _object(bare)
    if found is not None:
        return found
    _, finish, rest = bare.rpartition("Finish[")
    inside, closing, _ = rest.split("\n", 1)[0].rpartition("]")
    if finish and closing:
        return Said(inside.strip(), None)
    marks = list(_MARK.finditer(bare))
    if marks:
        after = bare[marks[-1].end() :].strip()
        return Said(after.split("\n", 1)[0].strip().strip("*`").strip(), None)
    return Said(bare, None)


def answer_agreement(said: str, wanted: str) -> Agreement:
    """Of two answers after SQuAD's normalisation; yes and no agree only with themselves."""
    ours, theirs = squad_normalise(said), squad_normalise(wanted)
    exact = float(ours == theirs)
    if ours != theirs and (ours in _CLOSED or theirs in _CLOSED):
        return Agreement(exact, 0.0, 0.0, 0.0)
    words, others = ours.split(), theirs.split()
    common = sum((Counter(words) & Counter(others)).values())
    if not common:
        return Agreement(exact, 0.0, 0.0, 0.0)
    precision, recall = common / len(words), common / len(others)
    return Agreement(exact, 2 * precision * recall / (precision + recall), precision, recall)


def support_agreement(said: Iterable[Fact], wanted: Iterable[Fact]) -> Agreement:
    """Of two sets of supporting facts."""
    ours, theirs = set(said), set(wanted)
    hits = len(ours & theirs)
    precision = hits / len(ours) if ours else 0.0
    recall = hits / len(theirs) if theirs else 0.0
    return Agreement(float(ours == theirs), _harmonic(precision, recall), precision, recall)


def score_multihop(
    answer: Answer, answers: Sequence[str], support: Iterable[Fact] | None = None
) -> list[Score]:
    """``exact_match`` and ``answer_f1``, and where support is named also its and joint figures.

    ``support_em``, ``support_f1``, ``joint_em`` and ``joint_f1`` are given where the answer names
    its support (in JSON, or as ``answer.data["support"]``) and the right one is known: who was not
    asked for support is not said to have none. Of several right answers the best counts. Joint
    precision and recall are the products of those of answer and support. ``retrieval_recall`` is
    the share of the passages of the right support among ``answer.data["retrieved"]``, titles that a
    system chose to read, where it says so.

    An answer without text is a ``format_error`` of 0.0.

    Args:
        answer: Read by :func:`read_answer`; its ``choice`` counts where it has no text.
        answers: Right answers, each as good as the others.
        support: The right supporting facts.

    Raises:
        ValueError: If there is no right answer.
    """
    if not answers:
        raise ValueError("no right answer is known")
    said = read_answer(answer.text or answer.choice or "")
    named = _support_in_data(answer)
    named = said.support if named is None else named
    empty = not said.answer.strip()
    best = max((answer_agreement(said.answer, one) for one in answers), key=lambda one: one[:2])
    best = Agreement(0.0, 0.0, 0.0, 0.0) if empty else best
    given = {"exact_match": best.exact, "answer_f1": best.f1}
    support = None if support is None else frozenset(support)
    if support is not None and named is not None:
        facts = support_agreement(named, support)
        joint = _harmonic(best.precision * facts.precision, best.recall * facts.recall)
        given |= {
            "support_em": facts.exact,
            "support_f1": facts.f1,
            "joint_em": best.exact * facts.exact,
            "joint_f1": joint,
        }
    status: ScoreStatus = "format_error" if empty else "scored"
    explanation = "no answer" if empty else excerpt(said.answer)
    scores = [
        Score(name=name, value=0.0 if empty else value, status=status, explanation=explanation)
        for name, value in given.items()
    ]
    recall = _retrieval_recall(answer, support)
    return scores if recall is None else [*scores, Score(name="retrieval_recall", value=recall)]


def _retrieval_recall(answer: Answer, support: Iterable[Fact] | None) -> float | None:
    data = answer.data
    if support is None or not isinstance(data, dict) or not isinstance(data.get("retrieved"), list):
        return None
    needed = {one[0] if isinstance(one, tuple) else one for one in support}
    found = {one for one in data["retrieved"] if isinstance(one, str)}
    return len(needed & found) / len(needed) if needed else None


def _harmonic(precision: float, recall: float) -> float:
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def _object(text: str) -> Said | None:
    """What a JSON object says, if the text is one or has one in a fence, of which the last."""
    fenced = "```" in text or "~~~" in text
    regions = fenced_regions(text) if fenced else ()
    for candidate in (text, *(region.text for region in regions)):
        if not candidate.lstrip().startswith("{"):
            continue
        try:
            value = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("answer"), str | int | float | bool):
            return Said(_worded(value["answer"]), _facts(value.get("support")))
    return None


def _worded(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _facts(value: Any) -> frozenset[Fact] | None:
    if not isinstance(value, list):
        return None
    facts: set[Fact] = set()
    for one in value:
        if isinstance(one, list) and len(one) == 2 and all(isinstance(x, str | int) for x in one):
            facts.add((one[0], one[1]))
        elif isinstance(one, str | int):
            facts.add(one)
        else:
            facts.add(json.dumps(one))  # no fact, but something was named
    return frozenset(facts)


def _support_in_data(answer: Answer) -> frozenset[Fact] | None:
    data = answer.data
    return _facts(data.get("support")) if isinstance(data, dict) else None
