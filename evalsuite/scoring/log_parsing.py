"""Log parsing: the template behind a line, and how well the lines of a system were grouped.

The four figures are those of Loghub-2.0 (Jiang et al. 2024, ISSTA), as its ``evaluation/utils``
computes them: grouping accuracy (GA), parsing accuracy (PA), and the F1 of grouping (FGA) and of
template accuracy (FTA). They are over a set of lines: how well a line is grouped depends on which
other lines there are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import excerpt, without_reasoning
from evalsuite.task import CorpusMetric, Graded

Templates = Sequence[str]
Parsed = Sequence[str | None]
_Name = TypeVar("_Name", bound=Hashable)

_TOLD = re.compile(r"(?:log |event )?template\s*+(?:is)?\s*+:\s*+", re.IGNORECASE)
_FENCE = re.compile(r"\s*(?:```|~~~)[\w-]*\s*")


def normalise_template(template: str) -> str:
    """White space runs as one space, ends stripped, and ``<*><*>`` as one ``<*>``.

    These are the rules DS and CV of the benchmark's own template correction. Its other rules guess
    which words are variables (numbers, paths, "true"), which is what is to be measured here.
    """
    plain = " ".join(template.split())
    return re.sub(r"(?:<\*>){2,}", "<*>", plain)


def read_template(answer: Answer) -> str | None:
    """The template that an answer gives, normalised; None where it gives none, or several lines.

    Reasoning and fences are left out. The answer is then one line; or, of several, the one line
    that says "Template: ...". Quotes or backticks around the whole are taken off.
    """
    text = without_reasoning(answer.text or "")
    lines = [line.strip() for line in text.split("\n") if not _FENCE.fullmatch(line)]
    lines = [line for line in lines if line]
    told = [line[match.end() :] for line in lines if (match := _TOLD.match(line))]
    given = told if told and any(told) else [line for line in lines if not _TOLD.fullmatch(line)]
    if len(given) != 1:
        return None
    line = given[0].strip()
    for quote in ("`", '"'):
        if len(line) > 2 and line[0] == line[-1] == quote and line.count(quote) == 2:
            line = line[1:-1]
    return normalise_template(line) or None


def score_template(answer: Answer, target: str) -> Score:
    """``template_match``: 1.0 if the template is the target, both normalised.

    Its mean is the parsing accuracy. ``format_error`` with 0.0 where no template can be read.
    """
    said = read_template(answer)
    if said is None:
        why = "no single line that could be a template"
        return Score(name="template_match", value=0.0, status="format_error", explanation=why)
    match = said == normalise_template(target)
    return Score(name="template_match", value=float(match), explanation=excerpt(said))


def parsing_accuracy(targets: Templates, parsed: Parsed) -> float | None:
    """PA: share of lines whose template is exactly right; None for no lines."""
    if not targets:
        return None
    return sum(t == p for t, p in zip(targets, parsed, strict=True)) / len(targets)


def grouping_accuracy(targets: Templates, parsed: Parsed) -> float | None:
    """GA: share of lines whose group is exactly right; None for no lines.

    A group is the set of lines of one template. It is right if the lines that share the parsed
    template are the lines that share the true one, whatever the template says. A line that was not
    parsed (None) is in no group, so the group that it belongs to is missed.
    """
    if not targets:
        return None
    return sum(len(group) for group in _right_groups(targets, parsed)) / len(targets)


def f1_grouping_accuracy(targets: Templates, parsed: Parsed) -> float | None:
    """FGA: F1 of the right groups among the parsed and among the true ones; None for no lines."""
    if not targets:
        return None
    right = len(_right_groups(targets, parsed))
    return 2 * right / (len(_groups(parsed)) + len(_groups(targets)))


def f1_template_accuracy(targets: Templates, parsed: Parsed) -> float | None:
    """FTA: F1 of the right templates among the parsed and among the true ones; None for no lines.

    A parsed template is right if every line that was given it has it as its true template. (As in
    the benchmark's code, further lines of that template may have been parsed otherwise.)
    """
    if not targets:
        return None
    true_of = {
        template: {targets[line] for line in lines} for template, lines in _groups(parsed).items()
    }
    right = sum(true == {template} for template, true in true_of.items())
    return 2 * right / (len(true_of) + len(_groups(targets)))


def parsing_metrics(target: Callable[[Graded], str]) -> dict[str, CorpusMetric]:
    """Corpus metrics ``grouping_accuracy``, ``parsing_accuracy``, ``fga`` and ``fta``.

    An unreadable line is not parsed; one that the system failed on is left out. Over a part of the
    lines of a system they are the figures of that part.

    Args:
        target: The true template of what was graded.
    """

    def metric(figure: Callable[[Templates, Parsed], float | None]) -> CorpusMetric:
        def over(graded: Sequence[Graded]) -> float | None:
            answered = [(one, one.answer) for one in graded if one.answer is not None]
            targets = [normalise_template(target(one)) for one, _ in answered]
            return figure(targets, [read_template(answer) for _, answer in answered])

        return over

    figures = {
        "grouping_accuracy": grouping_accuracy,
        "parsing_accuracy": parsing_accuracy,
        "fga": f1_grouping_accuracy,
        "fta": f1_template_accuracy,
    }
    return {name: metric(figure) for name, figure in figures.items()}


def _groups(names: Sequence[_Name | None]) -> dict[_Name, frozenset[int]]:
    """Name -> the lines that have it; lines without one are in no group."""
    lines: defaultdict[_Name, set[int]] = defaultdict(set)
    for line, name in enumerate(names):
        if name is not None:
            lines[name].add(line)
    return {name: frozenset(found) for name, found in lines.items()}


def _right_groups(targets: Templates, parsed: Parsed) -> set[frozenset[int]]:
    return set(_groups(targets).values()) & set(_groups(parsed).values())
