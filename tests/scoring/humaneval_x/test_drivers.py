from __future__ import annotations

import pytest

from evalsuite.scoring.humaneval_x.drivers import NotLifted, with_driver

TESTS = {
    "javascript": "const t = () => {\n  console.assert(twice(3) === 600)\n}\nt()\n",
    "java": (
        "public class Main {\n    public static void main(String[] args) {\n"
        "        Solution s = new Solution();\n        List<Boolean> correct = Arrays.asList(\n"
        "                s.twice(3) == 600\n        );\n        if (correct.contains(false)) {\n"
        "            throw new AssertionError();\n        }\n"
        "        for (int i = 0; i < 2; i++) {\n            if (s.twice(i) != 700) {\n"
        "                throw new AssertionError();\n            }\n        }\n    }\n}"
    ),
    "go": (
        "func TestTwice(t *testing.T) {\n    assert := assert.New(t)\n"
        "    assert.Equal(600, twice(3))\n}"
    ),
    "rust": (
        "#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {\n"
        "        assert_eq!(twice(3), 600);\n    }\n}"
    ),
    "cpp": "#include<assert.h>\nint main(){\n    assert (twice(3) == 600);\n}",
}


def driver(language: str, test: str) -> str:
    files = with_driver("PROGRAM", test, language=language, function="twice", mark="@@")
    assert any("PROGRAM" in text for text in files.values())
    return "\n".join(files.values())


@pytest.mark.parametrize("language", TESTS)
def test_calls_are_kept_and_what_is_expected_is_not(language: str) -> None:
    text = driver(language, TESTS[language])
    assert "twice(3)" in text and "@@" in text
    assert "600" not in text and "700" not in text


@pytest.mark.parametrize("language", TESTS)
def test_a_test_that_calls_nothing_is_refused(language: str) -> None:
    with pytest.raises(NotLifted):
        driver(language, TESTS[language].replace("twice", "other"))


def test_calls_in_statements_are_recorded_where_they_stand() -> None:
    text = driver("cpp", "int main(){ int y = twice(1); assert (twice(y) == twice(2)); }")
    assert "int y = evalsuite::record(twice(1));" in text
    assert "{evalsuite::record(twice(y));evalsuite::record(twice(2));}" in text


def test_what_a_test_watches_instead_of_a_call_is_recorded() -> None:
    files = with_driver(
        "P",
        "int main(){ double s = twice(c); assert (abs(poly(c, s)) < 1e-3); }",
        language="cpp",
        function="twice",
        mark="@@",
        watched="c",
    )
    assert "evalsuite::record(c);" in files["main.cpp"] and "poly" not in files["main.cpp"]
