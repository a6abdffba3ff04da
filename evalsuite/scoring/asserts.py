"""Tests that are a list of ``assert`` statements (MBPP's form), made into a check.

A check runs on the trusted side and sees the program only as one function. Most asserts need no
more. Some build their arguments from classes that the program itself defines; their calls are
moved to the program's side, and only what is expected stays.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.scoring.python_source import parsed

TRUSTED_IMPORTS = ("math", "re", "sys")
"""Modules that asserts may use without importing them."""

_CALL = "evalsuite_call"


@dataclass(frozen=True)
class AssertCheck:
    """What :func:`~evalsuite.scoring.code.score_check` needs to run a list of asserts.

    ``adapter`` goes behind the program and holds calls, never what is expected; ``calls`` names
    the function that the check calls.
    """

    check: str
    adapter: str
    calls: str


def entry_point(asserts: Sequence[str], solution: str) -> str:
    """The function under test: of those that the solution defines, the one every assert calls.

    Raises:
        ValueError: If there is none, or more than one.
    """
    functions = [node for node in _tree(solution).body if isinstance(node, ast.FunctionDef)]
    defined = {node.name for node in functions}
    common = set.intersection(defined, *(_called(_tree(text)) for text in asserts))
    if len(common) != 1:
        raise ValueError(f"the asserts call {sorted(common) or 'none'} of {sorted(defined)}")
    return common.pop()


def as_check(asserts: Sequence[str], entry_point: str, *, setup: str = "") -> AssertCheck:
    """A check of all ``asserts``, and the adapter it needs.

    Args:
        asserts: Statements, each one ``assert``, which call the entry point by its name.
        entry_point: The function under test.
        setup: Statements that make the arguments of the asserts, from what the program defines.
    """
    trees = [_tree(text) for text in asserts]
    imports = f"import {', '.join(TRUSTED_IMPORTS)}\n\n\n"
    # A function of that name would take the place of the check itself.
    if entry_point != "check" and all(_is_plain(tree, entry_point) for tree in trees):
        return AssertCheck(imports + _function(trees), "", entry_point)
    mover = _Mover(entry_point)
    check = imports + _function([mover.visit(tree) for tree in trees])
    body = "\n".join(f"        lambda: {call}," for call in mover.moved)
    adapter = f"\n\n{setup}\n\n\ndef {_CALL}(number):\n    return [\n{body}\n    ][number]()\n"
    return AssertCheck(check, adapter, _CALL)


def _tree(text: str) -> ast.Module:
    tree = parsed(text.replace("\r", ""))
    if tree is None:
        raise ValueError(f"not a program: {text[:80]}")
    return tree


def _function(trees: Sequence[ast.Module]) -> str:
    statements = "\n".join(ast.unparse(tree) for tree in trees)
    return "def check(candidate):\n" + "\n".join(
        f"    {line}" if line else line for line in statements.split("\n")
    )


class _Mover(ast.NodeTransformer):
    """Replaces each call of the function by one that names it by number."""

    def __init__(self, entry_point: str) -> None:
        self.moved: list[str] = []
        self._entry_point = entry_point

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Move the outermost calls; what is inside them goes with them."""
        if not (isinstance(node.func, ast.Name) and node.func.id == self._entry_point):
            return self.generic_visit(node)
        self.moved.append(ast.unparse(node))
        number = ast.Constant(len(self.moved) - 1)
        return ast.Call(func=ast.Name(_CALL, ast.Load()), args=[number], keywords=[])


def _is_plain(tree: ast.AST, entry_point: str) -> bool:
    """Whether the trusted side can make the arguments, and send them: no objects, no functions."""
    known = {entry_point, *dir(builtins), *TRUSTED_IMPORTS}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    if {node.id for node in names} - bound - known:
        return False
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == entry_point
    ]
    given = [part for call in calls for arg in call.args for part in ast.walk(arg)]
    return not any(
        isinstance(part, ast.Name) and id(part) not in called and part.id not in bound
        for part in given
    )


def _called(tree: ast.AST) -> set[str]:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {function.id for function in calls if isinstance(function, ast.Name)}
