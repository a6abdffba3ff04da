"""Random well-typed functions do the same behind the wall as here."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalsuite.scoring.sandbox import available_tier
from evalsuite.scoring.sandbox.contract import CandidateFailed
from evalsuite.scoring.sandbox.grade import grade_cases, grade_check
from evalsuite.scoring.sandbox.host import Candidate

TIER = available_tier()

# Productions of each type over the parameters n: int, xs: list[int], s: str, d: dict[str, int].
PRODUCTIONS = {
    "int": [
        "n", "{small}", "({int} + {int})", "({int} - {int})", "({int} * {small})",
        "({int} // {int})",
        "({int} % {int})", "(-{int})", "len({list})", "len({str})", "sum({list})", "max({list})",
        "{list}[{small}]", "d[{str}]", "d.get({str}, {int})", "({int} if {bool} else {int})",
        "int({str})", "2 ** {small} ** 3", "{list}.index({int})", "xs.pop()", "len({set})",
    ],
    "float": [
        "({int} / {int})", "float({int})", "({float} * 0.1)", "float('inf')", "sum([0.1] * 3)",
    ],
    "bool": [
        "({int} < {int})", "({str} in d)", "({int} in {list})", "(not {bool})", "({str} == {str})",
        "({bool} and {bool})", "all({list})", "({set} <= {set})",
    ],
    "str": [
        "s", "'ab'", "({str} + {str})", "{str}[::-1]", "{str}.upper()", "str({int})",
        "repr({list})",
        "{str}[{small}]", "'-'.join(sorted({str}))", "repr({float})", "str({dict})",
    ],
    "list": [
        "xs", "[{int}, {int}]", "sorted({list})", "{list}[::-1]", "({list} + {list})",
        "[x + {int} for x in {list}]", "[x for x in {list} if x > {int}]", "list(range({small}))",
        "list({dict}.values())", "sorted({set})",
    ],
    "set": ["set({list})", "{{{int}, {int}}}", "({set} | {set})", "({set} & {set})"],
    "dict": ["d", "{{{str}: {int}}}", "dict(zip({str}, {list}))", "{{k: v for k, v in d.items()}}"],
    "tuple": ["({int}, {str})", "({list}, {bool}, None)", "tuple({list})", "divmod({int}, {int})"],
}  # fmt: skip
STATEMENTS = [
    "pass", "xs.append({int})", "xs.sort()", "d[{str}] = {int}", "d.clear()", "xs[:] = {list}",
    "n += {int}", "xs.remove({int})", "assert {bool}", "xs.insert(0, n)",
    "if {bool}:\n        raise ValueError({str})",
]  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn, kind: str, depth: int = 3) -> str:
    if kind == "small":
        return str(draw(st.integers(0, 4)))
    options = PRODUCTIONS[kind]
    text = draw(st.sampled_from(options if depth else options[:2]))
    while "{" in text.replace("{{", "").replace("}}", ""):
        wanted = [name for name in (*PRODUCTIONS, "small") if f"{{{name}}}" in text]
        if not wanted:
            break
        part = draw(expressions(wanted[0], max(0, depth - 1)))
        text = text.replace(f"{{{wanted[0]}}}", part.replace("{", "{{").replace("}", "}}"), 1)
    return text.replace("{{", "{").replace("}}", "}")


@st.composite
def functions(draw: st.DrawFn) -> str:
    lines = ["def f(n: int, xs: list[int], s: str, d: dict[str, int]):"]
    for text in draw(st.lists(st.sampled_from(STATEMENTS), max_size=2)):
        for kind in PRODUCTIONS:
            while f"{{{kind}}}" in text:
                text = text.replace(f"{{{kind}}}", draw(expressions(kind, 2)), 1)
        lines.append(f"    {text}")
    kind = draw(st.sampled_from(sorted(PRODUCTIONS)))
    return "\n".join([*lines, f"    return {draw(expressions(kind))}", ""])


ARGUMENTS = st.tuples(
    st.integers(-5, 50),
    st.lists(st.integers(-9, 99), max_size=4),
    st.text("ab1 é", max_size=4),
    st.dictionaries(st.sampled_from(["a", "ab", "1"]), st.integers(0, 9), max_size=2),
)


def here(source: str, args: list[Any]) -> tuple[str, Any]:
    """The value or the exception's class name, with the arguments as they are afterwards."""
    scope: dict[str, Any] = {}
    exec(source, scope)
    try:
        return "value", scope["f"](*args)
    except Exception as error:
        return "raised", type(error).__name__


def behind(source: str, args: list[Any]) -> tuple[str, Any]:
    with Candidate(source, tier=TIER) as candidate:
        try:
            return "value", candidate.call("f", args, update_args=True)
        except CandidateFailed as failure:
            assert failure.kind == "raised", failure
            return "raised", type(failure).__name__


def types_in(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value), [types_in(item) for item in value]
    if isinstance(value, dict):
        return dict, [(types_in(key), types_in(item)) for key, item in value.items()]
    return type(value)


GENTLE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@GENTLE
@given(functions(), ARGUMENTS)
def test_the_same_values_exceptions_and_changes(source: str, drawn: Any) -> None:
    there, outside = copy.deepcopy(list(drawn)), copy.deepcopy(list(drawn))
    expected, got = here(source, outside), behind(source, there)
    assert repr(got) == repr(expected) or got == expected
    assert types_in(got) == types_in(expected)
    assert there == outside


@settings(GENTLE, max_examples=15)
@given(functions(), ARGUMENTS)
def test_the_same_verdicts(source: str, drawn: Any) -> None:
    args = list(drawn)
    kind, value = here(source, copy.deepcopy(args))
    expected = value if kind == "value" else None
    cases = [{"args": copy.deepcopy(args), "expected": expected}]
    verdict = grade_cases(source, "f", cases, tier=TIER)
    assert verdict.passed == (kind == "value"), (source, verdict)
    wrong = [{"args": copy.deepcopy(args), "expected": [expected, "no such value"]}]
    assert not grade_cases(source, "f", wrong, tier=TIER).passed
    check = f"def check(candidate):\n    assert candidate(*{args!r}) == {expected!r}"
    in_reach = {"inf": float("inf")}
    context = "inf = float('inf')"
    try:
        exec(f"{context}\n{check}\n{source}\ncheck(f)", dict(in_reach))
        passes = True
    except Exception:
        passes = False
    assert grade_check(source, "f", check, context=context, tier=TIER).passed == passes
