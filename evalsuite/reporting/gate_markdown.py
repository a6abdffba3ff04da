"""A gate's result as Markdown: for a pull request's comment and for GitHub's step summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evalsuite.analysis.flips import Flip
from evalsuite.analysis.gate_result import Finding, GateResult
from evalsuite.reporting import gate_words as words
from evalsuite.reporting.markdown_text import escape

MOST_CHARACTERS = 65_000
"""GitHub refuses comments of more than 65,536 characters."""
SHOWN = 300
"""So many characters of a prompt or an answer are shown."""


def marker(result: GateResult) -> str:
    """An HTML comment that names this gate, so that a later run can find its comment again."""
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in result.run)
    return f"<!-- evalsuite-gate: {name} -->"


def gate_markdown(result: GateResult) -> str:
    """The whole result, its marker first; what models said is escaped and cut short."""
    parts = [
        marker(result),
        f"## Gate: {words.TITLES[result.verdict]}",
        f"{escape(result.run)} against `{result.baseline.replace('`', '')}`",
        f"**{escape(words.headline(result))}**",
        *_list("Differs from the baseline", (item.text for item in result.mismatches)),
        *_table(result, ("regressed", "inconclusive")),
        *_list("Critical samples", map(words.critical_sentence, result.criticals)),
        *_list("Systems that changed", result.changed),
        *_samples(result),
        *_folded("Figures that passed", _table(result, ("pass",))),
        *_list("Failed answers", map(words.failure_sentence, result.failures)),
        *_folded("Not gated", _list("", words.not_gated_lines(result))),
        *_list("Mind", result.notes),
    ]
    if result.findings:
        parts.append(f"<sub>{escape(words.rule_sentence(result))}</sub>")
    return _within("\n\n".join(parts) + "\n")


def _table(result: GateResult, verdicts: Sequence[str]) -> list[str]:
    findings = [item for verdict in verdicts for item in result.findings if item.verdict == verdict]
    if not findings:
        return []
    titles = [
        f"change ({words.interval_title(result)})" if name == "change" else name
        for name in words.COLUMNS
    ]
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    lines += [
        "| " + " | ".join(_cell(item, text) for text in words.cells(item)) + " |"
        for item in findings
    ]
    return ["\n".join(lines)]


def _cell(finding: Finding, text: str) -> str:
    return f"**{escape(text)}**" if finding.verdict == "regressed" else escape(text)


def _samples(result: GateResult) -> list[str]:
    if not result.flips:
        return []
    title = f"Samples that came out otherwise: {result.n_flips:,}"
    body = "\n".join(map(_sample, result.flips))
    return _folded(title, [f"{words.OUTCOMES.capitalize()}.", body])


def _sample(item: Flip) -> str:
    answered = "nothing" if item.answer_now is None else _quoted(item.answer_now)
    return (
        f"- {escape(words.flip_sentence(item))}\n"
        f"  - asked: {_quoted(item.prompt)}\n"
        f"  - expected: {_quoted(item.target)}\n"
        f"  - answered: {answered}"
    )


def _quoted(text: str) -> str:
    shown = escape(text)
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1].rstrip("\\") + "…"


def _list(title: str, lines: Iterable[str]) -> list[str]:
    body = "\n".join(f"- {escape(line)}" for line in lines)
    if not body:
        return []
    return [f"### {title}", body] if title else [body]


def _folded(title: str, body: Sequence[str]) -> list[str]:
    if not body:
        return []
    return [f"<details><summary>{escape(title)}</summary>", *body, "</details>"]


def _within(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    cut = text[:MOST_CHARACTERS].rsplit("\n", 1)[0]
    return f"{cut}\n\n… cut short; the JSON report has everything.\n"
