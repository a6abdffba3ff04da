"""Text from models, endpoints and files made safe to show as text."""

from __future__ import annotations

import unicodedata

KEPT = {"\n", "\t"}


def visible(text: str) -> str:
    r"""``text`` with control and direction-changing characters spelled out (``\x1b``, ``\u202e``).

    New lines and tabs stay. What is left cannot move a cursor, ring a bell, colour a terminal or
    reverse the order of what follows.
    """
    return "".join(
        character
        if character in KEPT or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
        else _spelled(character)
        for character in text
    )


def one_line(text: str, limit: int = 200) -> str:
    """``visible`` text on one line of at most ``limit`` characters, cut with an ellipsis."""
    flat = " ".join(visible(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _spelled(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
