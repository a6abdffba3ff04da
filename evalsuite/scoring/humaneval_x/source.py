"""Finding a JavaScript, Java, Go, Rust or C++ program in an answer.

The rules are those of :mod:`~evalsuite.scoring.extraction`, told by brackets instead of by a
parser: the last block that defines the entry point, or the continuation of the declaration up to
the end of what was begun. A compiler has the last word on whether it is a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalsuite.scoring.answer_text import fenced_regions, without_reasoning
from evalsuite.scoring.extraction import Mode, Program
from evalsuite.scoring.humaneval_x.brackets import closing, depth, is_balanced, masked
from evalsuite.scoring.languages import GO_PACKAGES, LANGUAGES

# Parameters are bounded: a name that stands there thousands of times costs no square of that.
_DEFINITIONS = {
    "cpp": r"(?<![\w.>:])(?P<name>NAME)\s*\([^;{}]{0,1000}\)\s*(?:const\s*|noexcept\s*)*\{",
    "go": r"\bfunc\s+(?P<name>NAME)\s*[\[(]",
    "java": r"(?<!new )(?<![\w.])(?P<name>NAME)\s*\([^;{}]{0,1000}\)[^;{}()]{0,300}\{",
    "javascript": (
        r"(?:\b(?:const|let|var)\s+(?P<name>NAME)\s*=|"
        r"\bfunction\s*\*?\s*(?P<function>NAME)\s*\()"
    ),
    "rust": r"\bfn\s+(?P<name>NAME)\b",
}
_KEYWORDS = frozenset({"if", "for", "while", "switch", "catch", "return", "synchronized", "do"})
_HEADS = {
    "cpp": r"^[ \t]*(?:#|using\b|typedef\b).*$",
    "go": r"^import\s*(?:\([^)]*\)|\"[^\"]*\")",
    "java": r"^import\b.*$",
    "javascript": r"^(?:const|let|var)\s+.*\brequire\(.*$|^import\b.*$",
    "rust": r"^(?:pub\s+)?use\b[^;]*;|^extern crate\b.*$",
}
_GO_IMPORT = re.compile(r'(?:(\w+|\.)\s+)?"([^"]+)"')
_CODE_LINE = re.compile(r"^\s*(?://|/\*|\*|#|@)|[{}();,]\s*(?://.*)?$")
_CLASS = re.compile(r"\bclass\s+Solution\b")


def extract_source(
    text: str, *, declaration: str, entry_point: str, language: str, mode: Mode
) -> Program | None:
    """The program in an answer; None where none is found.

    Args:
        text: The raw answer.
        declaration: What stands before the answer in completion mode: imports, helpers, and the
            header of the function with its opening bracket.
        entry_point: The function that the program must define.
        language: javascript, java, go, rust or cpp.
        mode: See :func:`~evalsuite.scoring.extraction.extract`.
    """
    text = without_reasoning(text)
    if not text.strip():
        return None
    program = None
    if mode in ("chat", "either"):
        program = _chat(text, declaration, entry_point, language)
    if program is None and mode in ("completion", "either"):
        program = _completion(text, declaration, entry_point, language)
    return program


def defined_names(source: str, language: str) -> list[str]:
    """Names of the functions that are defined in a source text, in order."""
    pattern = _DEFINITIONS[language].replace("NAME", r"[A-Za-z_]\w*")
    found = re.finditer(pattern, masked(source, language))
    names = [next(name for name in match.groups() if name) for match in found]
    return [name for name in names if name not in _KEYWORDS]


# --- chat ---------------------------------------------------------------------------------------


def _chat(text: str, declaration: str, entry_point: str, language: str) -> Program | None:
    for code, rule in _whole_programs(text, entry_point, language):
        program = _with_preamble(code, declaration, entry_point, language)
        return Program(program, f"chat: {rule}")
    return None


def _whole_programs(text: str, entry_point: str, language: str) -> Iterator[tuple[str, str]]:
    tags = LANGUAGES[language].tags
    for region in fenced_regions(text):
        other = region.proper and region.language and region.language not in tags
        if not other and _defines(region.text, entry_point, language):
            yield region.text, "last block that defines the entry point"
    lines = text.split("\n")
    code = [number for number, line in enumerate(lines) if _CODE_LINE.search(line)]
    if code:
        amid = "\n".join(lines[code[0] : code[-1] + 1])
        if _defines(amid, entry_point, language):
            yield amid, "whole answer"


def _defines(code: str, entry_point: str, language: str) -> bool:
    """Whether the code defines the function, and closes all that it opens."""
    mask = masked(code, language)
    pattern = _DEFINITIONS[language].replace("NAME", re.escape(entry_point))
    return is_balanced(mask) and re.search(pattern, mask) is not None and "```" not in code


def _with_preamble(code: str, declaration: str, entry_point: str, language: str) -> str:
    """``code`` after the imports of the declaration, and its helpers where the code has none."""
    if language == "go":
        return _go_program(re.sub(r"^\s*package\s+\w+[^\n]*\n", "", code))
    heads = _heads(declaration, language)
    if language == "java":
        own = _heads(code, language)
        rest = code if _CLASS.search(masked(code, language)) else _in_class(code)
        return "\n".join([*(head for head in heads if head not in own), rest]) + "\n"
    before = declaration[: _header(declaration, entry_point, language)]
    helpers = set(defined_names(before, language))
    if helpers and not helpers & set(defined_names(code, language)):
        own_uses = language == "rust" and _heads(code, language)
        return f"{_without_heads(before) if own_uses else before}\n{code}\n"
    if language == "rust" and _heads(code, language):
        return f"{code}\n"  # Rust refuses to import a name twice
    return "\n".join([*heads, code]) + "\n"


def _heads(source: str, language: str) -> list[str]:
    return [match[0].strip() for match in re.finditer(_HEADS[language], source, re.MULTILINE)]


def _without_heads(source: str) -> str:
    return re.sub(_HEADS["rust"], "", source, flags=re.MULTILINE)


def _in_class(code: str) -> str:
    """A bare method in the class that the tests ask for."""
    imports = _heads(code, "java")
    body = re.sub(_HEADS["java"], "", code, flags=re.MULTILINE)
    return "\n".join([*imports, "class Solution {", body, "}"])


def _header(declaration: str, entry_point: str, language: str) -> int:
    """Where the line with the function's header begins; the end where there is none."""
    pattern = _DEFINITIONS[language].replace("NAME", re.escape(entry_point))
    found = list(re.finditer(pattern, masked(declaration, language)))
    return declaration.rfind("\n", 0, found[-1].start()) + 1 if found else len(declaration)


def _go_program(code: str) -> str:
    """A file of package main that imports what it uses: Go refuses imports that are not used.

    The benchmark has solution and test in one file, so its headers import for both.
    """
    block = re.compile(_HEADS["go"], re.MULTILINE)
    given = [spec for match in block.finditer(code) for spec in _GO_IMPORT.findall(match[0])]
    code = block.sub("", code)
    mask = masked(code, "go")
    paths = dict.fromkeys([*given, *(("", path) for path in GO_PACKAGES)])
    imports: dict[str, str] = {}
    for alias, path in paths:
        name = alias or path.split("/")[-1]
        if name in ("_", ".") or re.search(rf"(?<![\w.]){name}\.", mask):
            imports.setdefault(name, f'import {alias} "{path}"\n')
    return f"package main\n\n{''.join(imports.values())}\n{code}\n"


# --- completion ---------------------------------------------------------------------------------


def _completion(text: str, declaration: str, entry_point: str, language: str) -> Program | None:
    regions = [region.text for region in fenced_regions(text) if region.proper]
    for body in [*regions, text]:
        whole = _continued(body, declaration, entry_point, language)
        if whole is None:
            continue
        cut = "" if whole.split() == (declaration + body).split() else " up to its end"
        program = _go_program(whole) if language == "go" else whole
        return Program(program, f"completion: continuation{cut}")
    return None


def _continued(body: str, declaration: str, entry_point: str, language: str) -> str | None:
    """Declaration and body up to the end of what was begun, and the items that follow it."""
    source = declaration + body
    mask = masked(source, language)
    outer = 1 if language == "java" else 0
    end = _falls_to(mask, len(declaration), outer)
    if end is None:
        return None
    while (after := _next_item(source, mask, end, entry_point, language)) is not None:
        end = after
    # Answers close the class or leave it open; its test needs it closed.
    return source[:end] + ("\n}\n" if language == "java" else "\n")


def _falls_to(mask: str, start: int, level: int) -> int | None:
    """Behind the first closing bracket after ``start`` that leaves ``level`` brackets open."""
    open_now = depth(mask[:start])
    if open_now <= level:
        return None
    for at in range(start, len(mask)):
        open_now += (mask[at] == "{") - (mask[at] == "}")
        if mask[at] == "}" and open_now == level:
            return at + 1
    return None


def _next_item(source: str, mask: str, end: int, entry_point: str, language: str) -> int | None:
    """Behind the definition that follows, where one does: helpers may come after the function."""
    begins = re.compile(r"[\s;]*").match(mask, end)
    start = begins.end() if begins else end
    line = mask[start:].split("\n", 1)[0]
    if not line.strip() or line.startswith("}") or not _CODE_LINE.search(line):
        return None
    opening, semicolon = mask.find("{", start), mask.find(";", start)
    if opening < 0 or 0 <= semicolon < opening:
        return semicolon + 1 if semicolon >= 0 else None
    close = closing(mask, opening)
    if close is None:
        return None
    names = set(defined_names(source[start : close + 1], language))
    known = set(defined_names(source[:end], language))
    # A base model that runs on defines the function again, or goes on to use it.
    return None if names & {"main", *(known & {entry_point})} else close + 1
