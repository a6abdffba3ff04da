"""Python source text: whether it is a program, what it defines, what it reads."""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Iterator

# Filters of warnings belong to the process: two threads that set and restore them would mix.
_COMPILING = threading.Lock()


def defines(code: str, entry_point: str) -> bool:
    """Whether the code compiles and defines the function, or class and method, at its top level."""
    if entry_point.split(".")[0] not in code:
        return False
    tree = parsed(code)
    if tree is None:
        return False
    name, _, method = entry_point.partition(".")
    definitions = [node for node in _top_level(tree.body) if name in names_defined(node)]
    if not method:
        return any(not isinstance(node, ast.ClassDef) for node in definitions)
    return any(
        isinstance(node, ast.ClassDef) and method in {n for m in node.body for n in names_bound(m)}
        for node in definitions
    )


def parsed(code: str) -> ast.Module | None:
    """The syntax tree of a program that compiles; None for any other text. Never warns."""
    return _parse(code)[0]


def error_line(code: str) -> int | None:
    """The line at which the code stops being a program; None if it is one."""
    return _parse(code)[1]


def _parse(code: str) -> tuple[ast.Module | None, int | None]:
    try:
        with _COMPILING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the candidate's style is not our warning
            tree = ast.parse(code)
            compile(tree, "<answer>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return None, error.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return None, 1
    return tree, None


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module, also those under an ``if`` or a ``try``."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _top_level([*node.body, *node.orelse])
        if isinstance(node, ast.Try):
            yield from _top_level([*node.finalbody, *(s for h in node.handlers for s in h.body)])


def names_defined(node: ast.stmt) -> Iterator[str]:
    """Names that a statement makes callable: a variable of some value is no definition."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ) if isinstance(value, ast.Lambda | ast.Name | ast.Attribute):
            yield name


def names_bound(node: ast.stmt) -> Iterator[str]:
    """Names that a statement of a module or class gives a meaning to."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            for alias in aliases:
                yield alias.asname or alias.name.split(".")[0]
        case ast.Assign() | ast.AnnAssign():
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    yield part.id


def names_read(node: ast.AST) -> Iterator[str]:
    """Names that are read anywhere in a piece of code."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
            yield part.id


def line_of(node: ast.stmt) -> int:
    """Number of the first line of a statement, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def text_of(source: str, node: ast.stmt) -> str:
    """The lines of a statement."""
    return "\n".join(source.split("\n")[line_of(node) - 1 : node.end_lineno])
