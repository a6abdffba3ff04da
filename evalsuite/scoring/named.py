"""Scorers by name, for tasks that are written in an experiment file rather than in code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring import overlap, symbolic, text
from evalsuite.scoring.choice import score_choice
from evalsuite.scoring.constraints import score_constraints
from evalsuite.scoring.entities import score_spans
from evalsuite.scoring.number import score_number
from evalsuite.scoring.table_qa import score_denotation
from evalsuite.task import CorpusMetric


@dataclass(frozen=True, kw_only=True)
class NamedScorer:
    """A scorer of a sample's target; ``choices`` are the task's, empty where it has none.

    ``decides`` is the score that decides success. ``needs_text`` says that the sample must have
    ``inputs["text"]``, ``needs_choices`` that the task must name choices (for spans, its labels).
    ``runs_code`` says that scoring runs what the system wrote, so that a sandbox must be there.
    ``summary`` says in a few words when an answer is right, for lists. ``corpus`` are figures of
    all answers that are no means of their scores. ``ready`` raises ExtraMissing where a package is
    missing that scoring needs; see ``Task.ready``.
    """

    score: Callable[[Sample, Answer, Sequence[str]], Sequence[Score]]
    decides: str
    needs_text: bool = False
    needs_choices: bool = False
    runs_code: bool = False
    summary: str = ""
    corpus: Mapping[str, CorpusMetric] = field(default_factory=dict)
    ready: Callable[[], None] | None = None


def _texts(target: Any) -> str | list[str]:
    """A target as text, or each of several."""
    return list(map(str, target)) if isinstance(target, list) else str(target)


def _text(one: Callable[[Answer, text.Target], Score], decides: str, summary: str) -> NamedScorer:
    def score(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
        return [one(answer, _texts(sample.target))]

    return NamedScorer(score=score, decides=decides, summary=summary)


def _overlap(
    score: Callable[[Answer, text.Target], Sequence[Score]],
    decides: str,
    summary: str,
    corpus: Mapping[str, CorpusMetric],
) -> NamedScorer:
    def scored(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
        return score(answer, _texts(sample.target))

    return NamedScorer(
        score=scored, decides=decides, summary=summary, corpus=corpus, ready=overlap.ready
    )


_CORPUS = overlap.overlap_metrics(lambda sample: _texts(sample.target))


def _denotation(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
    wanted = _texts(sample.target)
    return [score_denotation(answer, [wanted] if isinstance(wanted, str) else wanted)]


def _symbolic(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
    return [symbolic.score_symbolic(answer, str(sample.target))]


def _constraints(sample: Sample, answer: Answer, choices: Sequence[str]) -> Sequence[Score]:
    if not isinstance(sample.target, Mapping):
        raise ConfigError("the target of scorer 'constraints' is {constraint: argument, ...}")
    return score_constraints(answer, sample.target)


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
    "exact": _text(text.score_exact, "exact_match", "the target, but for case and punctuation"),
    "contains": _text(text.score_contains, "contains", "the target stands in it as whole words"),
    "regex": _text(text.score_regex, "regex_match", "the target, a pattern, matches anywhere"),
    "token_f1": _text(text.score_token_f1, "token_f1", "words shared with the target (SQuAD's F1)"),
    "bleu": _overlap(
        lambda answer, target: [overlap.score_bleu(answer, target)],
        "bleu",
        "n-grams shared with the target (BLEU)",
        {"corpus_bleu": _CORPUS["corpus_bleu"]},
    ),
    "chrf": _overlap(
        overlap.score_chrf,
        "chrf",
        "characters shared with the target (chrF)",
        {name: _CORPUS[name] for name in ("corpus_chrf", "corpus_chrf_plus_plus")},
    ),
    "rouge": _overlap(overlap.score_rouge, "rouge_l", "words shared with the target (ROUGE-L)", {}),
    "constraints": NamedScorer(
        score=_constraints,
        decides="all_constraints",
        summary="keeps every constraint of the target",
    ),
    "number": NamedScorer(
        score=_number, decides="number_match", summary="the final number is the target"
    ),
    "symbolic": NamedScorer(
        score=_symbolic,
        decides="symbolic_match",
        summary="the final formula means the same as the target, LaTeX",
        ready=symbolic.ready,
    ),
    "denotation": NamedScorer(
        score=_denotation,
        decides="denotation_match",
        summary="the same set of values as the target",
    ),
    "choice": NamedScorer(
        score=_choice,
        decides="choice_match",
        needs_choices=True,
        summary="names the right choice and no other",
    ),
    "code": NamedScorer(
        score=_code, decides="passed", runs_code=True, summary="the function in it passes its tests"
    ),
    "spans": NamedScorer(
        score=_spans,
        decides="exact_set",
        needs_text=True,
        needs_choices=True,
        summary="exactly the right labelled spans",
    ),
}


def scorer(name: str) -> NamedScorer:
    """The scorer of that name.

    Raises:
        ConfigError: If there is none; the message lists those there are.
    """
    if name not in SCORERS:
        raise ConfigError(f"no scorer named {name!r}; there are {', '.join(sorted(SCORERS))}")
    return SCORERS[name]
