from __future__ import annotations

import ast
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.embedded.items import items
from evalsuite.scoring.extraction import Mode, extract

PROMPT = 'from typing import List\n\ndef double(xs: List[int]):\n    """Double each."""\n'
BODY = "    return [2 * x for x in xs]"
WHOLE = PROMPT + BODY
BLOCK = "chat: last block that defines the entry point"
AMID = "chat: definition amid prose"
CONTINUED = "completion: continuation"
CUT = "completion: continuation up to the left margin"


def found(text: str, mode: Mode = "either", name: str = "double", prompt: str = PROMPT) -> str:
    program = extract(text, prompt=prompt, entry_point=name, mode=mode)
    assert program is not None, text
    return program.source


def doubled(source: str, argument: list[int]) -> object:
    scope: dict[str, object] = {}
    exec(source, scope)  # our own texts, written below
    function = scope["double"]
    assert callable(function)
    return function(argument)


@pytest.mark.parametrize(
    ("said", "mode", "rule"),
    [
        (BODY, "completion", CONTINUED),
        (BODY, "either", CONTINUED),
        (BODY.strip(), "either", CONTINUED),
        (
            "ys = []\nfor x in xs:\n    ys.append(2 * x)\nreturn ys",
            "either",
            "completion: continuation, indented",
        ),
        (f"{BODY}\n\nI hope this helps!", "either", CUT),
        (f"```python\n{WHOLE}\n```", "chat", BLOCK),
        (f"```python\n{WHOLE}", "either", BLOCK),
        (f"~~~\n{WHOLE}\n~~~", "chat", BLOCK),
        (f"Sure: ```python\n{WHOLE}```", "chat", BLOCK),
        (f"````markdown\n# Answer\n```python\n{WHOLE}\n```\n````", "chat", BLOCK),
        (
            f"Bad:\n```\ndef double(xs):\n    return xs\n```\nGood:\n```py\n{WHOLE}\n```\n"
            "Use:\n```\nprint(double([1]))\n```",
            "either",
            BLOCK,
        ),
        (f"1. First:\n   ```python\n   def double(xs):\n   {BODY}\n   ```", "either", BLOCK),
        (f"```python\n{BODY}\n```\nDone", "either", f"{CONTINUED}, in the last block"),
        (f"<think>def double(xs): return 0</think>{WHOLE}", "chat", "chat: whole answer"),
        ("double = lambda xs: [2 * x for x in xs]", "either", "chat: whole answer"),
        (f"Sure\n\n{WHOLE}\n\nDone", "chat", "chat: whole answer"),
        (f"Here it is!\n\n{WHOLE}\n\nIt doubles.", "chat", AMID),
        (f"Here it is:\n\n    def double(xs):\n    {BODY}\n\nIt doubles.", "chat", AMID),
        (f"[PYTHON]\nimport math\n{WHOLE}\n[/PYTHON]", "chat", AMID),
        (WHOLE, "completion", "completion: whole function"),
        # a base model that runs on
        (f"{BODY}\n\n\ndef double(xs):\n    pass\n\n\nassert double([1]) == 3", "either", CUT),
        (f"{BODY}\n\n\nassert double([1]) == [3]", "completion", CUT),
        (f"{BODY}\n\nclass Unfinished:\n    def", "completion", CUT),
        (
            "    return list(map(twice, xs))\n\n\ndef twice(x):\n    return TWO * x\n\n\nTWO = 2\n"
            "print(double(input()))",
            "completion",
            CUT,
        ),
    ],
)
def test_programs_are_found_by_a_rule_that_is_told(said: str, mode: Mode, rule: str) -> None:
    program = extract(said, prompt=PROMPT, entry_point="double", mode=mode)
    assert program is not None and program.rule == rule
    assert doubled(program.source, [1, 2]) == [2, 4]


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ("", "either"),
        ("   \n", "completion"),
        ("Sorry, I cannot do that.", "either"),
        (BODY, "chat"),
        ("```python\nprint(1)\n```", "chat"),
        ("```python\ndef double(xs:\n```", "chat"),
        ("<think>" + BODY, "either"),
        (f"<think>\n```python\n{WHOLE}\n```", "chat"),
        ("    return 'unfinished", "completion"),
        ("(" * 10_000, "either"),
        ("x = '\0'", "either"),
        ("```python\ndouble = [2, 4]\n```", "chat"),
    ],
)
def test_where_there_is_no_program_none_is_made_up(said: str, mode: Mode) -> None:
    assert extract(said, prompt=PROMPT, entry_point="double", mode=mode) is None


def test_a_tag_inside_a_string_of_the_program_is_no_reasoning() -> None:
    tagged = f"def tag(x):\n    return '<think>' + x + '</think>'\n\n{WHOLE}"
    assert "</think>" in found(f"```python\n{tagged}\n```")
    assert doubled(found(f"```python\n{tagged}\n```"), [1]) == [2]


def test_imports_and_helpers_of_the_prompt_are_kept_unless_the_answer_has_its_own() -> None:
    # HumanEval/32 and /38 have helpers in their prompts.
    helper = "import math\n\nSCALE = 2\n\ndef twice(x):\n    return SCALE * x\n\n"
    prompt = f'{helper}def double(xs):\n    """Double each."""\n'
    leaning = found("```\ndef double(xs):\n    return [twice(x) for x in xs]\n```", prompt=prompt)
    assert doubled(leaning, [1]) == [2] and leaning.startswith("import math\n")
    own = "def twice(x):\n    return x + x\n\ndef double(xs):\n    return list(map(twice, xs))"
    assert found(f"```\n{own}\n```", prompt=prompt).count("def twice") == 1


def test_the_header_of_a_prompt_that_does_not_parse_still_gives_its_imports() -> None:
    source = found(f"```\ndef double(xs: List[int]):\n{BODY}\n```", prompt=f"{PROMPT}    (")
    assert source.startswith("from typing import List\n")
    assert doubled(source, [4]) == [8]


def test_future_imports_stay_first() -> None:
    code = f"from __future__ import annotations\n\ndef double(xs: Undefined):\n{BODY}"
    assert doubled(found(f"```python\n{code}\n```"), [1]) == [2]


def test_a_variable_of_the_functions_name_is_no_definition() -> None:
    # HumanEval/4 by text-davinci-003 ends with `mean_absolute_deviation = ...; return ...`
    said = "    double = [2 * x for x in xs]\n    return double"
    program = extract(said, prompt=PROMPT, entry_point="double", mode="either")
    assert program is not None and program.rule == CONTINUED


def test_methods_are_found_in_their_class() -> None:
    code = "class Solution:\n    def two_sum(self, xs):\n        return xs"
    for said in (f"```python\n{code}\n```", code):
        assert "class Solution" in found(said, name="Solution.two_sum", prompt="")
    other = extract(code, prompt="", entry_point="Solution.three_sum", mode="chat")
    assert other is None
    assert extract(code, prompt="", entry_point="two_sum", mode="chat") is None


def test_a_definition_under_a_condition_counts() -> None:
    code = "try:\n    import numpy\nexcept ImportError:\n    def double(xs):\n        return xs"
    assert "except ImportError" in found(code)


def test_warnings_of_the_answer_are_not_ours() -> None:
    assert "'\\d'" in found("    import re\n    re.compile('\\d')\n    return [2 * x for x in xs]")


# --- a correct program stays one, however it is wrapped (evalplus#92: a sanitiser emptied some) ---

HANDMADE = [
    "def f(x):\n    return x + 1",
    'def f(x):\n    """\n    ```\n    f(1)\n    ```\n    """\n    return x',
    'TEXT = """\n```\nfenced\n```\n"""\n\n\ndef f(x):\n    return TEXT',
    'TEXT = """\n   \n- <think> not thought </think>\n"""\n\n\ndef f(x):\n    return TEXT',
    "from __future__ import annotations\nimport math\n\n\ndef f(x: int):\n    return math.floor(x)",
    "import functools\n\n\n@functools.lru_cache(\n    maxsize=None,\n)\ndef f(x):\n    return x",
    "class A:\n    def go(self, x):\n        return x\n\n\ndef f(x):\n    return A().go(x)",
    "def g(x):\n    def f(y):\n        return y\n    return f(x)\n\n\nf = g",
    "f = lambda x: x",
    "def f(x):\n\treturn x",
    "def f(x):\n    return {'a': [1,\n2], 'b': x}\n\n\nif __name__ == '__main__':\n    print(f(1))",
    "async def later():\n    return 1\n\n\ndef f(x):\n    yield from range(x)",
]
GENERATED = [
    (item.prompt + "\n" + item.answer, item.target["entry_point"])
    for item in islice(items("code", "test"), 20)
]
PROGRAMS = [(code, "f") for code in HANDMADE] + GENERATED

PROSE = [
    "Sure!",
    "Here is the function:",
    "It's O(n).",
    "1. Note `x`.",
    "",
    "Explanation",
    "**Ok**",
]
# Fences cannot be told apart where the program holds lines that look like the very same fence.
STYLES = {
    "tagged": "{prose}\n```python\n{code}\n```\n{prose}",
    "untagged": "{prose}\n```\n{code}\n```\n{prose}",
    "odd tag": "```Python3 title=f.py\n{code}\n```",
    "tildes": "{prose}\n~~~python\n{code}\n~~~",
    "unclosed": "{prose}\n```python\n{code}",
    "nested": "````markdown\n{prose}\n```python\n{code}\n```\n````",
    "thought": "<think>\n{prose}\n```python\nexit()\n```\n</think>\n```python\n{code}\n```",
    "half a thought": "{prose}\n</think>\n\n```python\n{code}\n```",
    "after a draft": "```python\ndef {name}(\n```\n{prose}\n```python\n{code}\n```",
    "before its use": "```python\n{code}\n```\n{prose}\n```python\nprint({name}(1))\n```",
    "before output": "```python\n{code}\n```\n{prose}\n```text\n42\n```\n{prose}",
    "bare": "{code}",
    "bare in blanks": "\n\n{code}\n\n",
    "carriage returns": "```python\r\n{crlf}\r\n```\r\n",
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PROGRAMS), st.sampled_from(sorted(STYLES)), st.lists(st.sampled_from(PROSE)))
def test_wrapping_never_changes_a_program(
    program: tuple[str, str], style: str, prose: list[str]
) -> None:
    """Equal syntax trees: whatever verdict the program deserves, the extracted one gets it."""
    code, name = program
    said = STYLES[style].format(
        code=code, name=name, prose="\n".join(prose), crlf=code.replace("\n", "\r\n")
    )
    for mode in ("chat", "either"):
        source = found(said, mode=mode, name=name, prompt="")
        assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(code))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PROGRAMS), st.sampled_from(PROSE[:4]), st.sampled_from(["", "    ", "\t"]))
def test_unfenced_programs_amid_prose_keep_their_definitions(
    program: tuple[str, str], prose: str, indent: str
) -> None:
    code, name = program
    blanks = any(line and not line.strip() for line in code.split("\n"))
    if blanks or (indent and '"""\n' in code):
        return  # indented by hand, a text of several lines is another text
    lines = "\n".join(indent + line if line else line for line in code.split("\n"))
    source = found(f"{prose}\n\n{lines}\n\n{prose}", mode="chat", name=name, prompt="")
    wanted = {ast.dump(node) for node in ast.parse(code).body}
    assert wanted <= {ast.dump(node) for node in ast.parse(source).body}


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from(["chat", "completion", "either"]))
def test_no_answer_breaks_the_search(text: str, mode: Mode) -> None:
    program = extract(text, prompt=PROMPT, entry_point="double", mode=mode)
    if program is not None:
        assert program.rule and compile(program.source, "<found>", "exec")


@pytest.mark.parametrize(
    "said",
    [
        "```\n" * 5000,
        "def double(xs):\n" * 3000,
        "x = (\n" * 3000,
        ("```python\ndef double(xs:\n```\n" * 400),
        "    return 1\n" + "Done\n" * 5000,
    ],
)
def test_hostile_answers_cost_little(said: str) -> None:
    # No time is asserted: a quadratic search over these would not come back within a test run.
    assert extract(said, prompt=PROMPT, entry_point="double", mode="chat") is None
