"""Brackets, calls and strings in source text of C-like languages, without parsing it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Span:
    """Part of a text, as indices: ``text[start:end]``."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The part."""
        return text[self.start : self.end]


def masked(source: str, language: str) -> str:
    """``source`` with the insides of strings and comments as blanks, of the same length.

    Args:
        source: Text of a program.
        language: javascript, java, go, rust or cpp: they differ in what a quote begins.
    """
    patterns = [r"//[^\n]*", r"/\*.*?(?:\*/|\Z)", r'"(?:\\.|[^"\\\n])*"?']
    if language == "rust":
        # A lone quote is a lifetime.
        patterns += [r"'(?:\\u\{\w*\}|\\.|[^'\\\n])'", r'\br(#+)".*?"\1', r'\br".*?"']
    else:
        patterns.append(r"'(?:\\.|[^'\\\n])*'?")
    if language in ("javascript", "go"):
        patterns.append(r"`(?:\\.|[^`\\])*`?")
    if language == "cpp":
        # Quotes group the digits of numbers.
        patterns.insert(0, r"\b\d[\d']*\d\b|R\"(\w*)\(.*?\)\2\"")
    if language == "java":
        patterns.insert(2, r'""".*?(?:"""|\Z)')
    found = re.compile("|".join(f"(?:{p})" for p in _numbered(patterns)), re.DOTALL)
    return found.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)


def _numbered(patterns: list[str]) -> list[str]:
    """Patterns whose groups refer to themselves also when they are joined."""
    groups, renumbered = 0, []
    for pattern in patterns:
        own = re.compile(re.sub(r"\\\d", "", pattern)).groups
        renumbered.append(re.sub(r"\\(\d)", f"\\\\{groups + 1}", pattern) if own else pattern)
        groups += own
    return renumbered


def closing(mask: str, opening: int) -> int | None:
    """Index of the bracket that closes the one at ``opening``; None where there is none."""
    depth = 0
    for at in range(opening, len(mask)):
        if mask[at] in _OPENING:
            depth += 1
        elif mask[at] in _CLOSING:
            depth -= 1
            if depth == 0:
                return at
    return None


def is_balanced(mask: str) -> bool:
    """Whether every curly bracket is closed, and none before it is opened."""
    open_now = 0
    for character in mask:
        open_now += (character == "{") - (character == "}")
        if open_now < 0:
            return False
    return open_now == 0


def depth(mask: str) -> int:
    """Curly brackets that are opened and not closed; negative where too many are closed."""
    return mask.count("{") - mask.count("}")


def calls(mask: str, head: str) -> list[Span]:
    """The outermost calls that begin with the pattern ``head``, from its name to its bracket.

    Calls whose bracket is never closed are left out.
    """
    found: list[Span] = []
    for match in re.finditer(rf"{head}\s*\(", mask):
        if found and match.start() < found[-1].end:
            continue
        end = closing(mask, match.end() - 1)
        if end is not None:
            found.append(Span(match.start(), end + 1))
    return found
