from __future__ import annotations

import pytest

from evalsuite.scoring.extraction import Mode, Program
from evalsuite.scoring.humaneval_x.source import defined_names, extract_source

BLOCK = "chat: last block that defines the entry point"
DECLARED = {
    "javascript": "const twice = (x) => {\n",
    "java": "import java.util.*;\n\nclass Solution {\n    public int twice(int x) {\n",
    "go": 'import (\n    "math"\n    "strings"\n)\nfunc twice(x int) int {\n',
    "rust": "use std::cmp::max;\n\nfn twice(x:i32) -> i32{\n",
    "cpp": "#include<vector>\nusing namespace std;\nint twice(int x){\n",
}
BODY = {
    "javascript": "  return 2 * x\n}\n",
    "java": "        return 2 * x;\n    }\n}",
    "go": "    return 2 * x\n}\n",
    "rust": "    2 * x\n}\n",
    "cpp": "    return 2 * x;\n}\n",
}
every_language = pytest.mark.parametrize("language", DECLARED)


def find(said: str, language: str, mode: Mode = "either", declared: str = "") -> Program | None:
    return extract_source(
        said,
        declaration=declared or DECLARED[language],
        entry_point="twice",
        language=language,
        mode=mode,
    )


@every_language
def test_a_continuation_is_put_behind_the_declaration(language: str) -> None:
    program = find(BODY[language], language, "completion")
    assert program is not None and program.rule == "completion: continuation"
    assert "2 * x" in program.source and defined_names(program.source, language) == ["twice"]
    assert find(BODY[language], language, "chat") is None


@every_language
def test_a_model_that_runs_on_is_cut_where_the_function_ends(language: str) -> None:
    again = DECLARED[language].split("\n")[-2]
    main = {"cpp": "int main() {\n}", "rust": "fn main() {\n}", "go": "func main() {\n}"}
    for more in (f"\n{again}\n  broken", "\n\nThis doubles it.", main.get(language, "```")):
        program = find(BODY[language] + more, language)
        assert program is not None and program.rule == "completion: continuation up to its end"
        assert program.source.count("twice") == 1 and "main()" not in program.source


@every_language
def test_the_last_block_with_the_function_is_taken(language: str) -> None:
    whole = DECLARED[language] + BODY[language]
    tag = {"cpp": "c++", "rust": "rust"}.get(language, language)
    said = (
        f"```\n{whole}```\nBetter:\n```{tag}\n// best\n{whole}\n```\nRun it:\n```sh\ntwice(2)\n```"
    )
    program = find(said, language)
    assert program is not None and program.rule == BLOCK and "// best" in program.source
    unfenced = find(f"Here you are.\n\n{whole}\nIt doubles.", language, "chat")
    assert unfenced is not None and unfenced.rule == "chat: whole answer"


@every_language
def test_no_program_is_none(language: str) -> None:
    for said in ("", "Sorry.", "<think>" + BODY[language], "    if (x) {\n", "```\nother()\n```"):
        assert find(said, language) is None


def test_helpers_after_the_function_stay() -> None:
    program = find("    triple(x) - x\n}\n\nfn triple(x:i32) -> i32{\n    3 * x\n}\n", "rust")
    assert program is not None and "fn triple" in program.source


def test_helpers_and_includes_of_the_declaration_are_kept_once() -> None:
    helper = "int one(){\n    return 1;\n}\n"
    declared = f"#include<vector>\n{helper}int twice(int x){{\n"
    bare = find("```cpp\nint twice(int x){ return x + x * one(); }\n```", "cpp", "chat", declared)
    assert bare is not None and bare.source.count("int one()") == 1
    own = find(f"```cpp\n{helper}int twice(int x){{ return 2*x; }}\n```", "cpp", "chat", declared)
    assert own is not None and own.source.count("int one()") == 1
    assert own.source.startswith("#include<vector>")


def test_java_methods_without_a_class_get_the_class_that_is_asked_for() -> None:
    said = "```java\nimport java.io.*;\npublic int twice(int x) {\n    return 2 * x;\n}\n```"
    program = find(said, "java", "chat")
    assert program is not None
    lines = program.source.split("\n")
    assert lines[:3] == ["import java.util.*;", "import java.io.*;", "class Solution {"]


def test_java_classes_that_are_left_open_are_closed() -> None:
    program = find("        return 2 * x;\n    }\n", "java")
    assert program is not None and program.source.count("{") == program.source.count("}")


def test_go_files_import_what_they_use_and_nothing_else() -> None:
    program = find("    return int(math.Abs(float64(2 * x)))\n}\n", "go")
    assert program is not None
    assert 'import  "math"' in program.source and "strings" not in program.source
    chat = find(
        '```go\npackage main\n\nimport "os"\n\nfunc twice(x int) int { return 2 * x }\n```', "go"
    )
    assert chat is not None and chat.source.count("package main") == 1 and "os" not in chat.source
