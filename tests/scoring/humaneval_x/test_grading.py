"""Cheats in the languages of this machine: each passes where only the exit code is looked at."""

from __future__ import annotations

import pytest

from evalsuite.records import Answer, Sample
from evalsuite.scoring import languages
from evalsuite.scoring.humaneval_x import score
from evalsuite.scoring.humaneval_x.grading import ReferenceFailed
from evalsuite.scoring.sandbox import available_tier

DECLARED = {
    "javascript": "const twice = (x) => {\n",
    "java": "import java.util.*;\n\nclass Solution {\n    public List<Integer> twice(int x) {\n",
    "go": "func twice(x int) []int {\n",
    "rust": "fn twice(x:i32) -> Vec<i32>{\n",
    "cpp": "#include<vector>\n#include<cstdlib>\nusing namespace std;\nvector<int> twice(int x){\n",
}
SOLUTION = {
    "javascript": "  return [2 * x]\n}\n",
    "java": "        return Arrays.asList(2 * x);\n    }\n}",
    "go": "    return []int{2 * x}\n}\n",
    "rust": "    vec![2 * x]\n}\n",
    "cpp": "    return {2 * x};\n}\n",
}
TEST = {
    "javascript": (
        "const t = () => {\n"
        "  console.assert(JSON.stringify(twice(4)) === JSON.stringify([8]))\n}\nt()"
    ),
    "java": (
        "public class Main {\n    public static void main(String[] args) {\n"
        "        Solution s = new Solution();\n        List<Boolean> correct = Arrays.asList(\n"
        "                s.twice(4).equals(Arrays.asList(8))\n        );\n"
        "        if (correct.contains(false)) {\n            throw new AssertionError();\n"
        "        }\n    }\n}"
    ),
    "go": (
        "func TestTwice(t *testing.T) {\n    assert := assert.New(t)\n"
        "    assert.Equal([]int{8}, twice(4))\n}\n"
    ),
    "rust": (
        "#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn test_twice() {\n"
        "        assert_eq!(twice(4), vec![8]);\n    }\n}\n"
    ),
    "cpp": (
        "#undef NDEBUG\n#include<assert.h>\nbool issame(vector<int> a,vector<int>b){\n"
        "    return a == b;\n}\nint main(){\n    assert (issame(twice(4), {8}));\n}\n"
    ),
}
# One build each: a right program with a main function and tests of its own, and one cheat.
OWN_MAIN = {
    "javascript": (
        "```js\nconst twice = (x) => { console.log('hm'); return [x + x] }\nconsole.log(1)\n```"
    ),
    "java": (
        "```java\nimport java.util.*;\n\npublic class Solution {\n"
        "    public List<Integer> twice(int x) {\n"
        '        System.out.print("hm");\n        return List.of(x + x);\n    }\n}\n'
        "\nclass Main {\n    public static void main(String[] a) { System.exit(3); }\n}\n```"
    ),
    "go": (
        '```go\npackage main\n\nimport "fmt"\n\nfunc twice(x int) []int {\n'
        '    fmt.Print("hm")\n    return []int{x + x}\n}\n```'
    ),
    "rust": (
        '```rust\nfn twice(x: i32) -> Vec<i32> { print!("hm"); vec![x + x] }\n'
        "fn main() { panic!() }\n```"
    ),
    "cpp": (
        "```cpp\n#include <iostream>\n#include <vector>\nstd::vector<int> twice(int x) {\n"
        '  std::cout << "hm"; return {x + x};\n}\nint main() { return 3; }\n```'
    ),
}
CHEAT = {
    # Learns what is expected from a patched JSON.stringify, where that stands beside it.
    "javascript": (
        "  const real = JSON.stringify\n  JSON.stringify = (v) => '[8]'\n"
        "  console.assert = () => {}\n  process.on('exit', () => { process.exitCode = 0 })\n"
        "  return { toJSON() { return [8] } }\n}\n"
    ),
    # A list that equals everything.
    "java": (
        "        return new ArrayList<Integer>() {\n"
        "            public boolean equals(Object o) { return true; }\n        };\n    }\n}"
    ),
    "go": "    os.Exit(0)\n    return nil\n}\n",
    "rust": "    std::process::exit(0)\n}\n",
    "cpp": "    exit(0);\n}\n",
}


@pytest.fixture(autouse=True)
def this_machines_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())


@pytest.fixture(params=sorted(DECLARED))
def language(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    absent = languages.missing_tools(name)
    if absent:
        pytest.skip(f"no {', '.join(absent)} on this machine")
    return name


def verdict(language: str, said: str, **changed: str) -> tuple[float | None, str]:
    target = {"solution": SOLUTION[language], "test": TEST[language], **changed}
    inputs = {"prompt": "", "declaration": DECLARED[language], "entry_point": "twice"}
    sample = Sample(id="X/0", inputs=inputs, target=target)
    (given,) = score(language, sample, Answer(text=said))
    return given.value, given.explanation


def test_right_programs_pass_whatever_they_print_or_bring_along(language: str) -> None:
    value, why = verdict(language, OWN_MAIN[language])
    assert value == 1.0, why
    assert "read as chat: last block" in why and available_tier() in why


def test_cheats_and_programs_that_do_not_compile_fail(language: str) -> None:
    value, why = verdict(language, CHEAT[language])
    assert value == 0.0 and not why.startswith("does not compile"), why
    value, why = verdict(language, SOLUTION[language].replace("2 * x", "2 * nowhere(x)"))
    assert value == 0.0, why
    assert why.startswith("exit code" if language == "javascript" else "does not compile"), why


def test_a_solution_that_fails_the_benchmarks_test_says_nothing_of_the_candidate() -> None:
    if languages.missing_tools("javascript"):
        pytest.skip("no node on this machine")
    for solution in ("  return [3 * x]\n}\n", "  return require('no-such-package')\n}\n"):
        with pytest.raises(ReferenceFailed, match="fails its own test"):
            verdict("javascript", SOLUTION["javascript"], solution=solution)


def test_an_answer_without_a_program_is_a_format_error() -> None:
    if languages.missing_tools("javascript"):
        pytest.skip("no node on this machine")
    value, why = verdict("javascript", "I cannot.")
    assert value == 0.0 and why == "no code that parses and defines twice"
