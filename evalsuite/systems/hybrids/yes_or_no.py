"""A question that a member answers with yes or no: how sure it was, or that it said neither."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evalsuite.records import Answer
from evalsuite.systems.hybrids.wording import short, text_of

YES, NO = "yes", "no"
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_WORD = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """``p_yes`` is 0 or 1 where a text said so; None where nothing could be read.

    ``said`` is the verdict in words, for the reason of the next hop.
    """

    p_yes: float | None
    said: str


def read_verdict(answer: Answer) -> Verdict:
    """How an answer to a yes-or-no question is taken.

    Probabilities of the two are used where the member gave them. Of a text, the first line counts
    if it says one of the two words and not both; otherwise the last line. Anything else is no
    verdict.
    """
    if answer.probabilities and YES in answer.probabilities:
        p_yes = answer.probabilities[YES]
        return Verdict(p_yes=p_yes, said=f"P(yes) {p_yes:.2f}")
    if answer.choice in (YES, NO):
        return Verdict(p_yes=float(answer.choice == YES), said=str(answer.choice))
    lines = [line for line in _THOUGHT.sub("", answer.text or "").splitlines() if line.strip()]
    for line in (lines[:1] + lines[-1:]) if lines else ():
        words = {word.lower() for word in _WORD.findall(line)}
        if len(words) == 1:
            word = words.pop()
            return Verdict(p_yes=float(word == YES), said=word)
    return Verdict(p_yes=None, said=f"no verdict in {short(text_of(answer))!r}")
