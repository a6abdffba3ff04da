"""Finding the Python program in an answer, and saying by which rule it was found.

The rule of thumb is the one of a reader: the last piece of code that defines what was asked for.
Nothing is repaired. Code is taken as it stands or not at all; an answer without a program that
parses is an extraction failure (``format_error``), which is not the same as a wrong program.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from evalsuite.scoring.answer_text import fenced_regions, without_reasoning
from evalsuite.scoring.python_source import (
    defines,
    error_line,
    line_of,
    names_bound,
    names_read,
    parsed,
    text_of,
)

Mode = Literal["chat", "completion", "either"]

_MOST_TRIES = 40
_HEADER = re.compile(r"(?:import|from|def|class|async def)\s|@\w")
_CODE_LINE = re.compile(rf"{_HEADER.pattern}|[A-Za-z_]\w*\s*(?::[^=]+)?=[^=]")


@dataclass(frozen=True)
class Program:
    """A program found in an answer, and the rule that found it."""

    source: str
    rule: str


def extract(text: str, *, prompt: str, entry_point: str, mode: Mode) -> Program | None:
    """The program in an answer; None where there is none that parses.

    Args:
        text: The raw answer. Reasoning (``<think>`` and its like) is not part of it.
        prompt: Header and docstring that were asked to be completed; "" where there was none.
        entry_point: The function that the program must define, or ``Class.method``.
        mode: "chat": the answer holds whole code; of its fenced blocks, the last that defines the
            entry point counts, else the whole answer, else a definition amid prose. Imports and
            helpers of the prompt that it does not define itself are put before it. "completion":
            the answer goes on where the prompt ends; what follows the function at the left margin
            is left out, save what the function leans on. "either": as in chat if the answer
            defines the entry point, as in completion if it goes on where the prompt ends.
    """
    text = without_reasoning(text)
    if not text.strip():
        return None
    if mode == "chat":
        return _chat(text, prompt, entry_point)
    if mode == "completion":
        return _completion(text, prompt, entry_point)
    first = next(line for line in text.split("\n") if line.strip())
    # A base model that runs on may define the function again: what it was asked for comes first.
    if first[0].isspace() and not defines(_dedented(text), entry_point):
        program = _continued(text, prompt, entry_point)
        if program is not None:
            return program
    return _chat(text, prompt, entry_point) or _completion(text, prompt, entry_point)


# --- chat ---------------------------------------------------------------------------------------


def _chat(text: str, prompt: str, entry_point: str) -> Program | None:
    for code, rule in _whole_programs(text, entry_point):
        return Program(_with_preamble(code, prompt, entry_point), f"chat: {rule}")
    return None


def _whole_programs(text: str, entry_point: str) -> Iterator[tuple[str, str]]:
    for region in fenced_regions(text):
        code = _dedented(region.text).strip("\n")
        if defines(code, entry_point):
            yield code, "last block that defines the entry point"
    code = _dedented(text).strip("\n")
    if defines(code, entry_point):
        yield _without_bare_words(code), "whole answer"
    amid = _amid_prose(text, entry_point)
    if amid is not None:
        yield _without_bare_words(amid), "definition amid prose"


def _amid_prose(text: str, entry_point: str) -> str | None:
    """The last definition of the entry point in unfenced text, with the code lines above it."""
    lines = text.split("\n")
    mentions = _definition_pattern(entry_point)
    found = [number for number, line in enumerate(lines) if mentions.search(line)]
    for at in reversed(found[-_MOST_TRIES:]):
        indent = _indent(lines[at])
        if _is_inside(lines[:at], indent):
            continue
        below = [line.removeprefix(indent) for line in lines]
        definition = _longest_program(below[at:])
        if definition is None or not defines("\n".join(definition), entry_point):
            continue
        end = at + len(definition)
        starts = [
            number
            for number in range(at)
            if lines[number].startswith(indent) and _CODE_LINE.match(below[number])
        ]
        for start in starts[-_MOST_TRIES:]:
            code = "\n".join(below[start:end])
            if parsed(code) is not None:
                return code
        return "\n".join(definition)
    return None


def _is_inside(above: list[str], indent: str) -> bool:
    """Whether a line of this indentation belongs to a class or function of the lines above."""
    for line in reversed(above):
        if line.strip() and len(_indent(line)) < len(indent):
            return _HEADER.match(line.lstrip()) is not None
    return False


def _without_bare_words(code: str) -> str:
    """Unfenced code less lines such as ``Done``: prose that happens to parse, and would raise."""
    tree = parsed(code)
    lines = code.split("\n")
    for node in tree.body if tree else ():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Name | ast.Attribute):
            lines[node.lineno - 1] = ""
    return "\n".join(lines)


def _with_preamble(code: str, prompt: str, entry_point: str) -> str:
    """``code`` after the imports and helpers of the prompt, which models often leave out."""
    tree = parsed(code)
    own = {name for node in tree.body for name in names_bound(node)} if tree else set()
    futures, rest = _without_future_imports(code, tree)
    preamble = preamble_of(prompt, entry_point, defined=own)
    early = [part for part in preamble if part.startswith("from __future__")]
    later = [part for part in preamble if part not in early]
    pieces = [*dict.fromkeys([*futures, *early]), *later, rest]
    return "\n".join(pieces).rstrip("\n") + "\n"


def preamble_of(prompt: str, entry_point: str, *, defined: Collection[str] = ()) -> list[str]:
    """Imports and helpers of a prompt: its statements but the entry point.

    Args:
        prompt: A header, with or without a docstring, and what stands before it.
        entry_point: The function that is asked for.
        defined: Names that are not needed from the prompt.
    """
    left_out = {entry_point.split(".")[0], *defined}
    for source in (prompt, f"{prompt.rstrip()}\n    pass\n"):
        tree = parsed(source)
        if tree is not None:
            return [
                text_of(source, node)
                for node in tree.body
                # Bare expressions are docstrings and examples.
                if not isinstance(node, ast.Expr) and not left_out & set(names_bound(node))
            ]
    return [line for line in prompt.split("\n") if line.startswith(("import ", "from "))]


def _without_future_imports(code: str, tree: ast.Module | None) -> tuple[list[str], str]:
    """Imports from ``__future__`` must come first in a file: taken out, with what is left."""
    futures = [
        node
        for node in (tree.body if tree else ())
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    lines = code.split("\n")
    for node in futures:
        for number in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[number] = ""
    return [ast.unparse(node) for node in futures], "\n".join(lines) if futures else code


# --- completion ---------------------------------------------------------------------------------


def _completion(text: str, prompt: str, entry_point: str) -> Program | None:
    for region in fenced_regions(text):
        program = _continued(region.text, prompt, entry_point) if region.proper else None
        if program is not None:
            return Program(program.source, f"{program.rule}, in the last block")
    return _continued(text, prompt, entry_point)


def _continued(text: str, prompt: str, entry_point: str) -> Program | None:
    """Prompt and text as one program, with the text as it stands or indented as a body."""
    head = prompt if not prompt or prompt.endswith("\n") else f"{prompt}\n"
    body = text.strip("\n")
    if not body.strip():
        return None
    first_line = len(head.split("\n"))
    restated = _HEADER.match(body) is not None and _restates(body, entry_point)
    for variant, rule, whole in _as_a_body(body, restated):
        # What was asked for must be there: the prompt alone may be a program too.
        lines = (head + variant).split("\n")
        kept = _longest_program(lines, at_least=len(lines) if whole else first_line)
        if kept is None or not defines("\n".join(kept), entry_point):
            continue
        source = "\n".join(kept)
        if not restated:
            source = _without_running_on(source, first_line, entry_point)
        cut = "" if source.rstrip() == (head + variant).rstrip() else " up to the left margin"
        return Program(source.rstrip("\n") + "\n", f"completion: {rule}{cut}")
    return None


def _as_a_body(body: str, restated: bool) -> Iterator[tuple[str, str, bool]]:
    """Ways to put the text behind the prompt, their names, and whether nothing may be cut off."""
    if restated:
        yield body, "whole function", False
    if body[0].isspace():
        yield body, "continuation", False
    else:
        shifted = textwrap.indent(body, "    ")
        if "\n" in body:
            yield shifted, "continuation, indented", True
        yield f"    {body}", "continuation", False  # stripped of its first indentation
        yield shifted, "continuation, indented", False


def _restates(body: str, entry_point: str) -> bool:
    """Whether a completion begins with the function's header again."""
    kept = _longest_program(body.split("\n"))
    return kept is not None and defines("\n".join(kept), entry_point)


def _without_running_on(source: str, first_line: int, entry_point: str) -> str:
    """The function that was completed, what precedes it, and what it needs of what follows.

    Base models go on with tests, examples and further functions. Of these only definitions that
    the function leans on are kept. ``first_line`` is the first that is not the prompt's.
    """
    tree = parsed(source)
    assert tree is not None, "only called for programs"
    before = [node for node in tree.body if line_of(node) < first_line]
    after = [node for node in tree.body if line_of(node) >= first_line]
    wanted = {name for node in before for name in names_read(node)}
    own = entry_point.split(".")[0]
    kept: list[ast.stmt] = []
    while found := [
        node
        for node in after
        if node not in kept and wanted & set(names_bound(node)) and own not in names_bound(node)
    ]:
        kept.extend(found)
        wanted |= {name for node in found for name in names_read(node)}
    if len(kept) == len(after):
        return source
    end = max(node.end_lineno or node.lineno for node in before)
    parts = ["\n".join(source.split("\n")[:end])]
    return "\n\n\n".join([*parts, *(text_of(source, node) for node in after if node in kept)])


def _longest_program(lines: list[str], at_least: int = 1) -> list[str] | None:
    """The longest beginning of ``lines`` that parses and ends where a line at the margin begins."""
    end = len(lines)
    for _ in range(_MOST_TRIES):
        wrong = error_line("\n".join(lines[:end]))
        if wrong is None:
            return lines[:end]
        # Nothing that holds the line of the error can parse.
        end = min(end - 1, max(wrong - 1, 0))
        while end > at_least and not (lines[end] and not lines[end][0].isspace()):
            end -= 1
        if end < at_least:
            return None
    return None


# --- lines ---------------------------------------------------------------------------------------


def _dedented(text: str) -> str:
    """``text`` less the indentation that its first line has, if all lines have it.

    Unlike ``textwrap.dedent`` it leaves lines of blanks alone: they may be inside a string.
    """
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = _indent(first)
    if not indent or any(line.strip() and not line.startswith(indent) for line in lines):
        return text
    return "\n".join(line.removeprefix(indent) for line in lines)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _definition_pattern(entry_point: str) -> re.Pattern[str]:
    name = re.escape(entry_point.split(".")[0])
    return re.compile(rf"^\s*(?:(?:async\s+)?def\s+{name}\b|class\s+{name}\b|{name}\s*[:=])")
