"""The parts of a model's answer that may hold code: reasoning left out, fenced blocks found.

Knows nothing of any programming language. A fence is a line of three or more backticks or tildes;
what it encloses is for the caller to try, because a fence inside a program looks like its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_FENCES, MOST_ENDS = 200, 20
"""Of an answer the last 200 fences are looked at, and for each the next 20 as its end, so that time
stays bounded whatever is written."""

LONGEST_EXCERPT = 300  # characters

_TAG = "think|thinking|thought|reasoning"
# A tag counts where it begins its line: programs may well hold the word inside a string.
_PASSAGE = re.compile(
    rf"^[ \t]*(?:<(?P<tag>{_TAG})>.*?(?:</(?P=tag)>|\Z)|\[THINK\].*?(?:\[/THINK\]|\Z))",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_OPENING = re.compile(rf"<(?:{_TAG})>|\[THINK\]", re.IGNORECASE)
_CLOSING = re.compile(
    rf"^[ \t]*(?:</(?:{_TAG})>|\[/THINK\])|(?:</(?:{_TAG})>|\[/THINK\])[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_SHORTEST_FENCE = 3
_LANGUAGE = re.compile(r"[\w+#.-]+")


@dataclass(frozen=True)
class Region:
    """Text from an opening fence to a later one, or to the end of the answer.

    ``language`` is the first word after the opening fence, in lower case; "" where there is none.
    ``proper`` says that the first fence opens a block, by Markdown's pairing, and closes none.
    """

    text: str
    language: str
    proper: bool


@dataclass(frozen=True)
class _Fence:
    """A line with a fence: what stands before it on the line, and after it."""

    line: int
    kind: str
    before: str
    info: str
    opens: bool


def without_reasoning(text: str) -> str:
    """``text`` without what a model thought aloud: ``<think>...</think>`` and its like.

    A passage that never ends is left out to the end of the text; one whose opening tag is missing,
    from the beginning of the text.
    """
    text = _PASSAGE.sub("", text.replace("\r\n", "\n"))
    opening = _OPENING.search(text)
    # Templates that end in the opening tag leave only the closing one in the answer.
    alone = list(_CLOSING.finditer(text, 0, opening.start() if opening else len(text)))
    return text[alone[-1].end() :] if alone else text


def excerpt(text: str) -> str:
    """The beginning of what an answer said, for a score's explanation: it is kept with every score.

    At most ``LONGEST_EXCERPT`` characters; a longer text ends in "...".
    """
    text = text.strip()
    return text if len(text) <= LONGEST_EXCERPT else f"{text[: LONGEST_EXCERPT - 3]}..."


def fenced_regions(text: str) -> Iterator[Region]:
    """What lies between two fences, the last opening first and, for each, the nearest end first.

    Every pair of fences of one kind is a region: the caller takes the first that is a program. So a
    fence inside a string of the program does no harm, nor one that was never closed.
    """
    lines = text.split("\n")
    fences = _fences(lines)[-MOST_FENCES:]
    for at in range(len(fences) - 1, -1, -1):
        opening = fences[at]
        word = _LANGUAGE.match(opening.info)
        language = word[0].lower() if word else ""
        for closing in fences[at + 1 : at + 1 + MOST_ENDS]:
            if closing.kind == opening.kind and not closing.info:
                inside = lines[opening.line + 1 : closing.line]
                inside += [closing.before] if closing.before else []
                yield Region("\n".join(inside), language, opening.opens)
        yield Region("\n".join(lines[opening.line + 1 :]), language, opening.opens)


def _fences(lines: list[str]) -> list[_Fence]:
    """Lines that may open or close a block; one indented far deeper than its opening is content."""
    found: list[_Fence] = []
    indents: list[int] = []  # of the blocks that are open
    for number, line in enumerate(lines):
        at = max(line.rfind("`"), line.rfind("~"))
        if at < 0:
            continue
        front = line[: at + 1].rstrip(line[at])
        if at + 1 - len(front) < _SHORTEST_FENCE:
            continue
        before, info = front.lstrip(" \t"), line[at + 1 :].strip()
        if before and ("```" in before or (info and not _LANGUAGE.fullmatch(info))):
            continue  # prose with backticks in it
        indent = len(front[: len(front) - len(before)].expandtabs(4))
        if indents and indent > indents[-1] + 3 and not before:
            continue
        opens = not indents or bool(info)
        if opens:
            indents.append(0 if before else indent)
        else:
            indents.pop()
        found.append(_Fence(number, line[at], front if before else "", info, opens))
    return found
