"""The problems of HumanEval-X: what is asked, what it is graded by, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evalsuite.datasets import Dataset
from evalsuite.records import Sample
from evalsuite.scoring import languages
from evalsuite.scoring.humaneval_x.brackets import depth, masked
from evalsuite.scoring.humaneval_x.source import defined_names
from evalsuite.task import Split

MENDED: dict[tuple[str, int], tuple[tuple[str, str], ...]] = {
    # Depends on the order of a map: it stops after the second key.
    ("go", 95): (
        (" else {\n            break\n        }\n    }\n    return", "\n    }\n    return"),
    ),
    ("javascript", 112): (("(z, false)", "[t, false]"), ("(z, true)", "[t, true]")),
    ("javascript", 155): (("let e = 0", "let e = num == 0 ? 1 : 0"),),
    ("javascript", 162): (
        (
            "require('js-md5')",
            "(text) => require('crypto').createHash('md5').update(text).digest('hex')",
        ),
    ),
    ("rust", 91): (
        ('let regex = Regex::new(r"[.?!]\\s*").expect("Invalid regex");', ""),
        (
            "regex.split(s).into_iter().collect()",
            's.split(|c| ".?!".contains(c)).map(str::trim_start).collect()',
        ),
    ),
}
"""Language and number -> what to replace in solutions that fail the benchmark's own tests, or need
a package; what is mended passes them."""
_UNGRADABLE = frozenset({("rust", 32), ("go", 50)})
"""Rust/32 has its test in a comment, and its own solution does not end on it; the encoder of Go/50
gives its argument back unchanged, so that a right decoder fails."""


@dataclass(frozen=True)
class Problem:
    """One problem in one language.

    Args:
        number: HumanEval's.
        language: javascript, java, go, rust or cpp.
        function: The function under test.
        declaration: Imports, helpers, and the function's header with its opening bracket.
        solution: What the benchmark would have it continued by.
        test: The benchmark's test program.
    """

    number: int
    language: str
    function: str
    declaration: str
    solution: str
    test: str


def problem_of(language: str, sample: Sample) -> Problem:
    """The problem that a sample holds, with the benchmark's solution mended where it must be."""
    number, solution = int(sample.id.rsplit("/", 1)[-1]), sample.target["solution"]
    for wrong, right in MENDED.get((language, number), ()):
        solution = solution.replace(wrong, right)
    return Problem(
        number=number,
        language=language,
        function=sample.inputs["entry_point"],
        declaration=sample.inputs["declaration"],
        solution=solution,
        test=sample.target["test"],
    )


def samples(data: Dataset, language: str, split: Split) -> Iterator[Sample]:
    """The 164 problems, less Rust/32 and Go/50; there is nothing to learn from."""
    for row in data.rows("test") if split == "test" else ():
        if (language, int(row["task_id"].split("/")[1])) in _UNGRADABLE:
            continue
        declaration = row["prompt"] if language == "go" else _declaration(row, language)
        yield Sample(
            id=row["task_id"],
            inputs={
                "prompt": _asked(row, language),
                "declaration": declaration,
                "entry_point": _entry_point(row, language),
            },
            target={"solution": row["canonical_solution"], "test": row["test"]},
        )


def _declaration(row: dict[str, Any], language: str) -> str:
    """Up to the header's opening bracket: C++/38 has part of the solution behind it."""
    text: str = row["declaration"]
    if language != "cpp" or depth(masked(text, language)) == 1:
        return text
    return text[: text.index("{", text.rindex("\n\n\n")) + 1] + "\n"


def _asked(row: dict[str, Any], language: str) -> str:
    """What is to be completed, up to the opening bracket of the function."""
    text: str = row["prompt"]
    if text.rstrip().endswith("{"):
        return text
    # Rust keeps the header apart, and four of the C++ prompts leave it out.
    return text + "\n" + _declaration(row, language).rstrip().split("\n")[-1] + "\n"


def prompt(language: str, sample: Sample) -> str:
    """A line of instruction, then what the benchmark asks to be completed."""
    title = languages.LANGUAGES[language].title
    return f"Complete this {title} function.\n\n{sample.inputs['prompt']}"


def ready(language: str) -> None:
    """Return where this machine can run the language, so that answers in it can be graded.

    Raises:
        ToolchainMissing: Where it cannot.
    """
    languages.require(language)


def _entry_point(row: dict[str, Any], language: str) -> str:
    """The function that the test calls: the last one declared, or one that the solution adds."""
    declared = defined_names(row["declaration"], language)
    # The solution of Rust/10 defines the function that is tested beside the one that is declared.
    added = defined_names(row["declaration"] + row["canonical_solution"], language)
    for name in (*reversed(declared), *added):
        if re.search(rf"\b{name}\b", row["test"]):
            return name
    raise ValueError(f"{row['task_id']}: the test calls none of {added}")
