"""Calls read from answers, by BFCL's rules for Python and leniently for JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer, ToolCall
from evalsuite.scoring.tool_calls.decode import (
    Call,
    Undecodable,
    bracketed,
    calls_of,
    from_json,
    from_lines,
    from_python,
)


def read(text: str) -> list[tuple[str, dict[str, object]]]:
    return [(call.name, dict(call.arguments)) for call in calls_of(Answer(text=text))]


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("[f(a=1)]", [("f", {"a": 1})]),
        ("f(a=1)", [("f", {"a": 1})]),
        ("f(a=1), g(b='x')]", [("f", {"a": 1}), ("g", {"b": "x"})]),
        ("```\n[f(a=1)]\n```", [("f", {"a": 1})]),
        ("<think>[g(b=2)]</think>\n[f(a=1)]", [("f", {"a": 1})]),
        (
            "[math.tools.area(side=2.5, unit='cm')]",
            [("math.tools.area", {"side": 2.5, "unit": "cm"})],
        ),
        ("[f()]", [("f", {})]),
        ("[f(3, a=1)]", [("f", {"a": 1})]),
        ("[]", []),
        ("", []),
    ],
)
def test_python_with_what_the_leaderboard_mends(
    text: str, calls: list[tuple[str, dict[str, object]]]
) -> None:
    assert read(text) == calls


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("-3", -3),
        ("True", True),
        ("None", None),
        ("...", "..."),
        ("name", "name"),
        ("[1, [2, 'x']]", [1, [2, "x"]]),
        ("(1, 2)", (1, 2)),
        ("{'a': {'b': 1}}", {"a": {"b": 1}}),
        ("2 * 3 + 1", 7),
        ("10 / 4", 2.5),
        ("'a' + 'b'", "ab"),
        ("g(x)", "g(x)"),
        ("g(x=1)", {"g": {"x": 1}}),
        ("data['sales']", "data['sales']"),
        ("+3", -3),  # a quirk: every sign before a number is read as a minus
    ],
)
def test_values_as_the_leaderboard_reads_them(written: str, value: object) -> None:
    (call,) = from_python(f"[f(a={written})]")
    assert call.arguments["a"] == value and type(call.arguments["a"]) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "None of the functions can be used.",
        "[1, 2]",
        "None",
        "[f(a=1), 2]",
        "[f(**x)]",
        "[f(a=lambda: 1)]",
        "[f(a=2 ** 9999999)]",
        "[f(a=(-1) ** 0.5)]",
        "[f(a=1 / 0)]",
        "[f(a=__import__('os').system('true') + 1)]",
        "[f(a=" + "[" * 60 + "]" * 60 + ")]",
        "[" * 5000,
        "x" * 200_000,
        "[f(a={[]: 1})]",
    ],
)
def test_what_is_no_list_of_calls_is_undecodable(text: str) -> None:
    with pytest.raises(Undecodable):
        calls_of(Answer(text=text))


def test_the_first_version_mended_nothing_and_took_a_bare_call_for_text() -> None:
    assert from_python("[f(a=1)]", version=1) == [Call("f", {"a": 1})]
    for text in ("f(a=1)", "[f()]", "[f(1)]", "```[f(a=1)]```", "[f]"):
        with pytest.raises(Undecodable):
            from_python(text, version=1)
    assert from_python(bracketed("f(a=1)"), version=1) == [Call("f", {"a": 1})]


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "f", "arguments": {"a": 1}}]',
        '{"name": "f", "arguments": {"a": 1}}',
        '{"name": "f", "parameters": {"a": 1}}',
        '{"name": "f", "arguments": "{\\"a\\": 1}"}',
        '[{"function": "f", "parameters": {"a": 1}}]',
        '[{"type": "function", "function": {"name": "f", "arguments": {"a": 1}}}]',
        '[{"f": {"a": 1}}]',
        '{"tool_calls": [{"name": "f", "arguments": {"a": 1}}]}',
        'Sure:\n```json\n[{"name": "f", "arguments": {"a": 1}}]\n```\nDone.',
    ],
)
def test_json_in_its_usual_forms(text: str) -> None:
    assert read(text) == [("f", {"a": 1})]


@pytest.mark.parametrize(
    "text", ['{"a": 1}', '[{"name": 3, "x": 1}]', '{"name": "f", "arguments": [1]}', '{"name":']
)
def test_other_json_is_undecodable(text: str) -> None:
    with pytest.raises(Undecodable):
        calls_of(Answer(text=text))


def test_calls_of_an_endpoint_go_before_the_text() -> None:
    calls = (ToolCall(name="f", arguments='{"a": 1}'), ToolCall(name="g", arguments=""))
    answer = Answer(text="[h(b=2)]", tool_calls=calls)
    assert calls_of(answer) == [Call("f", {"a": 1}), Call("g", {})]
    assert calls_of(Answer(text="[h(b=2)]"), read_text=False) == []
    for arguments in ("{", "[1]", "3"):
        with pytest.raises(Undecodable, match="f"):
            calls_of(Answer(tool_calls=(ToolCall(name="f", arguments=arguments),)))


def test_numbered_lines_with_positional_arguments() -> None:
    text = 'Plan:\n1. find("Ada")\n2. send(to="$1", body="hi")\n'
    assert from_lines(text) == [
        Call("find", {}, ("Ada",)),
        Call("send", {"to": "$1", "body": "hi"}),
    ]
    for wrong in ("find()", "1. find(", "1. two words"):
        with pytest.raises(Undecodable):
            from_lines(wrong)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**6) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
_ARGUMENTS = st.dictionaries(st.sampled_from(["a", "b", "name_1"]), _VALUES, max_size=3)


@given(_ARGUMENTS)
def test_what_is_written_is_read_back(arguments: dict[str, object]) -> None:
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    assert from_python(f"[f({written})]") == [Call("f", arguments)]
    assert from_json(json.dumps([{"name": "f", "arguments": arguments}])) == [Call("f", arguments)]


@given(st.text(max_size=60))
def test_any_text_is_calls_or_undecodable(text: str) -> None:
    try:
        calls = calls_of(Answer(text=text))
    except Undecodable as error:
        assert str(error)
    else:
        assert all(isinstance(call, Call) for call in calls)
