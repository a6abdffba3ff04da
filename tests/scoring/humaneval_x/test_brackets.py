from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.scoring.humaneval_x.brackets import calls, closing, depth, masked

LANGUAGES = ("javascript", "java", "go", "rust", "cpp")


@pytest.mark.parametrize("language", LANGUAGES)
def test_strings_and_comments_are_blank(language: str) -> None:
    source = 'f("}\\"{") /* ( */ + 1 // {\ng("(")'
    mask = masked(source, language)
    assert len(mask) == len(source) and depth(mask) == 0
    assert [span.of(source) for span in calls(mask, r"\b[fg]")] == ['f("}\\"{")', 'g("(")']


@pytest.mark.parametrize(
    ("language", "source", "kept"),
    [
        ("rust", "fn f<'a>(x: &'a str) { let c = '{'; let r = r#\"}\"#; }", "{}"),
        ("cpp", "int f() { return 1'000'000 + '}' + R\"x({)x\"[0]; }", "{}"),
        ("javascript", "const f = () => { return `}${'{'}` }", "{}"),
        ("go", "func f() string { return `}` + string('}') }", "{}"),
        ("java", 'String f() { return """\n}\n"""; }', "{}"),
    ],
)
def test_each_languages_own_quotes(language: str, source: str, kept: str) -> None:
    mask = masked(source, language)
    assert "".join(c for c in mask if c in "{}") == kept and len(mask) == len(source)


def test_only_outermost_and_closed_calls_are_found() -> None:
    source = "f(f(1), g(2)); xf(3); f(4"
    assert [span.of(source) for span in calls(masked(source, "cpp"), r"\bf")] == ["f(f(1), g(2))"]
    assert closing("a(b[c]{d})", 1) == 9 and closing("(((", 0) is None


@given(st.text(alphabet="ab(){}[]'\"`/*\\\n#r", max_size=60), st.sampled_from(LANGUAGES))
def test_any_text_keeps_its_length_and_lines(text: str, language: str) -> None:
    mask = masked(text, language)
    assert len(mask) == len(text) and mask.count("\n") == text.count("\n")
