"""A gate's result in words and cells, shared by the terminal, Markdown, JUnit and pytest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from evalsuite.analysis.flips import Flip
from evalsuite.analysis.gate_figures import UNCHANGED
from evalsuite.analysis.gate_result import (
    CriticalSample,
    Failures,
    Finding,
    GateResult,
    GateVerdict,
)
from evalsuite.analysis.numbers import (
    EN_DASH,
    count,
    duration,
    interval,
    money,
    percent,
    points,
    significant,
)

TITLES: dict[GateVerdict, str] = {
    "pass": "passed",
    "regressed": "regressed",
    "inconclusive": "inconclusive",
    "unreliable": "too many failures to judge",
    "incompatible": "no baseline to judge by",
}
N_TITLE = "samples x answers"
COLUMNS = ("system", "task", "figure", "before", "now", "change", "p", N_TITLE, "verdict")
ARROW = "\N{RIGHTWARDS ARROW}"
OUTCOMES = "1 success, 0 none, f unreadable, x failed, s not scored; a letter an answer"


def headline(result: GateResult) -> str:
    """The verdict in a sentence or two: what is worse, or why nothing can be said."""
    if result.verdict == "incompatible":
        n = len(result.mismatches)
        return f"Nothing was judged: {'; '.join(item.text for item in result.mismatches[:3])}" + (
            f"; and {n - 3} more." if n > 3 else "."
        )
    if result.verdict == "unreliable":
        return f"Nothing was judged: {_unreliable(result)}."
    if result.verdict == "regressed":
        worse = [finding_sentence(item) for item in result.of("regressed")]
        broken = [critical_sentence(item) for item in result.criticals if item.verdict == "failed"]
        return " ".join((worse + broken)[:3]) + _more(len(worse) + len(broken) - 3)
    if result.verdict == "pass":
        gated = result.of("pass")
        same = [item for item in gated if item.why == UNCHANGED]
        answers = "Every answer is the one the baseline has" if len(same) == len(gated) else ""
        return (
            f"{answers or 'Nothing is worse than the baseline by its margin'}: {_figures(gated)}."
        )
    return _undecided(result)


def finding_sentence(finding: Finding) -> str:
    """One finding in words, with its bound, its n and its p-value."""
    where = f"{finding.metric} of {finding.system} in {finding.task}"
    if finding.test is None:
        return f"{where}: {finding.why}."
    before, now = (
        figure_words(finding, finding.test.baseline),
        figure_words(finding, finding.test.run),
    )
    return (
        f"{where}: {before} {ARROW} {now} ({change_words(finding)}, {n_words(finding)}"
        f"{_p_words(finding)})."
    )


def critical_sentence(item: CriticalSample) -> str:
    """One critical sample in words."""
    happened = {"failed": "failed", "unknown": "was never scored", "pass": "passed"}[item.verdict]
    return (
        f"Critical sample {item.sample_id} of {item.task} {happened} with {item.system} "
        f"({item.before or 'new'} {ARROW} {item.now})."
    )


def failure_sentence(item: Failures) -> str:
    """The failed answers of one system in one task, by kind."""
    kinds = ", ".join(f"{kind} {n}" for kind, n in item.kinds.items())
    over = ", more than allowed" if item.over_budget else ""
    return (
        f"{item.system} in {item.task}: {count(item.n)} of {count(item.n_answers)} answers "
        f"failed ({kinds}){over}."
    )


def flip_sentence(item: Flip) -> str:
    """One sample that came out otherwise, without the texts."""
    return f"{item.system}, {item.task} {item.sample_id}: {item.before} {ARROW} {item.now}"


def cells(finding: Finding) -> tuple[str, ...]:
    """The cells of ``COLUMNS`` for one finding."""
    test = finding.test
    return (
        finding.system,
        finding.task,
        finding.metric,
        figure_words(finding, test.baseline) if test else EN_DASH,
        figure_words(finding, test.run) if test else EN_DASH,
        change_words(finding) if test else EN_DASH,
        p_value(finding.adjusted_p),
        _size(finding),
        _verdict(finding),
    )


def change_words(finding: Finding) -> str:
    """The change with its interval: ``−9.6 points (−14.0 to −4.1)``, ``x 1.20 (1.10–1.31)``."""
    assert finding.test is not None
    change = finding.test.change
    write: Callable[[float], str] = points if finding.test.kind == "share" else significant
    value = f"{points(change.value)} points"
    if finding.test.kind == "ratio":
        value = f"x {significant(change.value)}"
    return f"{value} ({interval(change, write)})"


def figure_words(finding: Finding, value: float) -> str:
    """A gated figure in its unit."""
    if finding.metric == "cost":
        return f"{money(1000 * value)} per 1,000 right"
    if finding.metric == "latency":
        return duration(value)
    return percent(value)


def n_words(finding: Finding) -> str:
    """On how much a finding rests: ``100 samples x 5 against 5 answers``."""
    n = finding.test.n_samples if finding.test else 0
    left_out = f", {finding.n_left_out} left out" if finding.n_left_out else ""
    repeats = f"{finding.repeats_now} against {finding.repeats_then}"
    answers = "" if repeats == "1 against 1" else f", {repeats} answers each"
    return f"{count(n)} samples{answers}{left_out}"


def _verdict(finding: Finding) -> str:
    """The verdict and, where it rests on something else than the figures beside it, on what."""
    if finding.verdict == "pass" and finding.why == UNCHANGED:
        return "pass (same answers)"
    return finding.verdict + (" (asked again)" if finding.asked_again else "")


def _size(finding: Finding) -> str:
    if finding.test is None:
        return EN_DASH
    repeats = f"{finding.repeats_then} {ARROW} {finding.repeats_now}"
    times = "" if (finding.repeats_then, finding.repeats_now) == (1, 1) else f" x {repeats}"
    return f"{count(finding.test.n_samples)}{times}"


def p_value(value: float | None) -> str:
    """A p-value with as many digits as mean something."""
    if value is None:
        return EN_DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def unchanged_lines(result: GateResult) -> list[str]:
    """What passed because every answer is the one the baseline has, a line for each metric."""
    same: dict[str, list[Finding]] = {}
    for item in result.of("pass"):
        if item.why == UNCHANGED:
            same.setdefault(item.metric, []).append(item)
    return [f"{metric}, of {_pairs(items)}" for metric, items in same.items()]


def not_gated_lines(result: GateResult) -> list[str]:
    """What was not gated, a line for each reason."""
    reasons: dict[tuple[str, str], list[Finding]] = {}
    for item in result.of("not gated"):
        reasons.setdefault((item.metric, item.why), []).append(item)
    return [
        f"{metric}, of {_pairs(items)}: {why}" for (metric, why), items in sorted(reasons.items())
    ]


def interval_title(result: GateResult) -> str:
    """What the intervals of a gate are: two one-sided bounds of level 1 - alpha."""
    return f"{100 * (1 - 2 * result.config.alpha):.0f} % CI"


def rule_sentence(result: GateResult) -> str:
    """What the gate asked, in one sentence."""
    rules = {item.metric: item.rule for item in result.findings if item.verdict != "not gated"}
    blamed = ", ".join(_loss(name, rule.min_effect) for name, rule in rules.items())
    passed = ", ".join(_loss(name, rule.margin) for name, rule in rules.items())
    n, again = result.n_comparisons, result.n_asked_again
    compared = f"{count(n)} comparison{'s' * (n != 1)} in which anything differs"
    stages = f", {again} pair{'s' * (again != 1)} asked again" if again else ""
    return (
        f"{compared}{stages}; the risk of a false alarm is at most {100 * result.config.alpha:g} % "
        f"over all of them (Holm). Blamed: a proven loss from {blamed}. Passed: a loss of {passed} "
        "is excluded."
    )


def _loss(metric: str, value: float) -> str:
    if metric not in ("success", "format"):
        return f"{100 * value:g} % of {metric}"
    return f"{100 * value:g} point{'s' * (value != 0.01)} of {metric}"


def _undecided(result: GateResult) -> str:
    open_ones = result.of("inconclusive")
    unknown = [item for item in result.criticals if item.verdict == "unknown"]
    words = ["Nothing is shown to be worse, and not everything is shown to be as good."]
    known = [item for item in open_ones if item.test is not None]
    if known:
        widest = max(known, key=lambda item: item.samples_needed or 0)
        words.append(f"Undecided: {_figures(open_ones)}. Widest: {finding_sentence(widest)}")
        if widest.samples_needed:
            words.append(
                f"About {count(widest.samples_needed)} samples like these would show an unchanged "
                "system to be within the margin; where answers vary, more a sample help too."
            )
    words += [finding_sentence(item) for item in open_ones if item.test is None][:3]
    words += [critical_sentence(item) for item in unknown]
    if not result.findings:
        words.append("Nothing was gated.")
    return " ".join(words)


def _unreliable(result: GateResult) -> str:
    over = [item for item in result.failures if item.over_budget]
    parts = [failure_sentence(item).rstrip(".") for item in over[:3]]
    if result.stopped:
        parts.insert(0, f"the run stopped early ({result.stopped})")
    return "; ".join(parts) + _more(len(over) - 3)


def _figures(findings: Sequence[Finding]) -> str:
    """Which figures of how many systems in how many tasks: ``success of 2 systems in 5 tasks``."""
    metrics = ", ".join(dict.fromkeys(item.metric for item in findings))
    return f"{metrics} of {_pairs(findings)}"


def _pairs(findings: Iterable[Finding]) -> str:
    items = list(findings)
    systems = list(dict.fromkeys(item.system for item in items))
    tasks = list(dict.fromkeys(item.task for item in items))
    return f"{_few(systems, 'systems')} in {_few(tasks, 'tasks')}"


def _few(names: Sequence[str], what: str) -> str:
    return ", ".join(names) if len(names) <= 2 else f"{len(names)} {what}"


def _p_words(finding: Finding) -> str:
    return f", corrected p {p_value(finding.adjusted_p)}" if finding.adjusted_p is not None else ""


def _more(n: int) -> str:
    return f" And {n} more." if n > 0 else ""
