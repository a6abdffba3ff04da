"""Scorers by name, for tasks that are written in an experiment file rather than in code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring import text
from evalsuite.scoring.choice import score_choice
from evalsuite.scoring.entities import score_spans
from evalsuite.scoring.number import score_number


@dataclass(frozen=True, kw_only=True)
class NamedScorer:
    """A scorer of a sample's target; ``choices`` are the task's, empty where it has none.

    ``decides`` is the score that decides success. ``needs_text`` says that the sample must have
    ``inputs["text"]``, ``needs_choices`` that the task must name choices (for spans, its labels).
    ``runs_code`` says that scoring runs what the system wrote, so that a sandbox must be there.
    """

    score: Callable[[Sample, Answer, Sequence[str]], Sequence[Score]]
    decides: str
    needs_text: bool = False
    needs_choices: bool = False
    runs_code: bool = False


def _text(one: Callable[[Answer, text.Target], Score], decides: str) -> NamedScorer:
    def score(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
        target = sample.target
        several = list(map(str, target)) if isinstance(target, list) else str(target)
        return [one(answer, several)]

    return NamedScorer(score=score, decides=decides)


def _number(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
    return [score_number(answer, sample.target)]


def _choice(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
    return [score_choice(answer, str(sample.target), choices)]


def _spans(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
    return score_spans(answer, sample.target, text=sample.inputs["text"], labels=choices)


def _code(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
    from evalsuite.scoring.code import score_cases, score_check

    target = sample.target
    if not isinstance(target, Mapping) or "entry_point" not in target:
        raise ConfigError("the target of scorer 'code' is {entry_point, cases} or {..., check}")
    header = str(target.get("header", ""))
    if "cases" in target:
        return score_cases(answer, target, prompt=header)
    return score_check(
        answer, entry_point=target["entry_point"], check=target["check"], prompt=header
    )


SCORERS: Mapping[str, NamedScorer] = {
    "exact": _text(text.score_exact, "exact_match"),
    "contains": _text(text.score_contains, "contains"),
    "regex": _text(text.score_regex, "regex_match"),
    "token_f1": _text(text.score_token_f1, "token_f1"),
    "number": NamedScorer(score=_number, decides="number_match"),
    "choice": NamedScorer(score=_choice, decides="choice_match", needs_choices=True),
    "code": NamedScorer(score=_code, decides="passed", runs_code=True),
    "spans": NamedScorer(score=_spans, decides="exact_set", needs_text=True, needs_choices=True),
}


def scorer(name: str) -> NamedScorer:
    """The scorer of that name.

    Raises:
        ConfigError: If there is none; the message lists those there are.
    """
    if name not in SCORERS:
        raise ConfigError(f"no scorer named {name!r}; there are {', '.join(sorted(SCORERS))}")
    return SCORERS[name]
