"""A gate's result as JUnit XML, as CI systems read it.

A figure that regressed is a *failure*, what could not be judged an *error*, and what was not
decided is *skipped* (where strict, a failure). The dialect is the common one (testsuites,
testsuite, testcase with failure, error or skipped), as in junit-10.xsd of Jenkins' xUnit plugin.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from evalsuite.analysis.gate_result import Finding, GateResult
from evalsuite.reporting import gate_words as words
from evalsuite.reporting.plain import visible

UNJUDGED = ("unreliable", "incompatible")


def gate_junit(result: GateResult) -> str:
    """One suite a system and task, one case a figure or critical sample."""
    root = Element("testsuites", name="evalsuite gate")
    if result.verdict in UNJUDGED:
        _unjudged(root, result)
    suites: dict[tuple[str, str], Element] = {}
    for finding in result.findings:
        case = _case(_suite(root, suites, finding.system, finding.task), finding.metric)
        _finding(case, finding, strict=result.config.strict)
    for item in result.criticals:
        case = _case(_suite(root, suites, item.system, item.task), f"critical {item.sample_id}")
        if item.verdict != "pass":
            kind = "failure" if item.verdict == "failed" else "error"
            _outcome(case, kind, "critical sample", words.critical_sentence(item))
    for suite in root.iter("testsuite"):
        _counts(suite, suite.iter("testcase"))
    _counts(root, root.iter("testcase"))
    del root.attrib["skipped"]  # known of suites alone
    indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _unjudged(root: Element, result: GateResult) -> None:
    """Errors for what kept the gate from judging: failed answers, or what differs."""
    suite = SubElement(root, "testsuite", name="gate")
    kind = "too many failures" if result.verdict == "unreliable" else "no such baseline"
    for item in result.failures:
        if item.over_budget:
            case = _case(suite, f"answers of {item.system} in {item.task}")
            _outcome(case, "error", kind, words.failure_sentence(item))
    for mismatch in result.mismatches:
        _outcome(_case(suite, f"baseline: {mismatch.kind or 'file'}"), "error", kind, mismatch.text)
    if result.stopped:
        _outcome(_case(suite, "the whole run"), "error", "stopped early", result.stopped)


def _finding(case: Element, finding: Finding, *, strict: bool) -> None:
    sentence = words.finding_sentence(finding)
    if finding.verdict == "regressed":
        _outcome(case, "failure", "regression", sentence)
    elif finding.verdict == "inconclusive":
        _outcome(case, "failure" if strict else "skipped", "inconclusive", sentence)
    elif finding.verdict == "not gated":
        _outcome(case, "skipped", "not gated", sentence)
    else:
        SubElement(case, "system-out").text = visible(sentence)


def _suite(
    root: Element, suites: dict[tuple[str, str], Element], system: str, task: str
) -> Element:
    if (system, task) not in suites:
        suites[system, task] = SubElement(root, "testsuite", name=visible(f"{system} in {task}"))
    return suites[system, task]


def _case(suite: Element, name: str) -> Element:
    """A case; ``time`` is 0 because a gate judges answers that were given before."""
    classname = suite.attrib["name"].replace(".", "_")
    return SubElement(suite, "testcase", classname=classname, name=visible(name), time="0")


def _outcome(case: Element, kind: str, what: str, text: str) -> None:
    message = visible(text)
    if kind == "skipped":
        SubElement(case, kind, message=f"{what}: {message}")
    else:
        SubElement(case, kind, message=message, type=what).text = message


def _counts(element: Element, cases: Iterable[Element]) -> None:
    listed = list(cases)
    element.set("tests", str(len(listed)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in listed)))
    element.set("time", "0")
