"""Ways to write numbers: digits of other scripts, minus signs, decimal points and commas."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Separators = Literal["point", "comma"]

_SIGNS = str.maketrans(
    dict.fromkeys("\u2212\u2013\ufe63\uff0d", "-") | dict.fromkeys("\u2009\u202f", "\u00a0")
)
_NO_BREAK_GROUPS = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:\u00a0[0-9]{3})+(?![0-9])")
_SPACED_GROUPS = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:[ \u00a0][0-9]{3})+(?![0-9])")
# Two kinds of separators with the comma last, or several points between groups of three.
_SURELY_EUROPEAN = re.compile(
    r"(?<![0-9.,])(?:[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,})(?![0-9]|[.,][0-9])"
)
_SEPARATED = re.compile(r"(?<![0-9.,])[0-9]+(?:[.,][0-9]+)+")
_VULGAR = {
    character: unicodedata.normalize("NFKC", character).replace("⁄", "/")
    for character in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
}
_VULGAR_FRACTION = re.compile(f"([0-9]?)([{''.join(_VULGAR)}])")


def plain_numerals(text: str, separators: Separators = "point") -> str:
    """``text`` with its numbers in ASCII digits, decimal points and no groups but of commas.

    Digits of every script become ASCII, as do minus signs (the en dash among them); ``1½`` becomes
    ``1 1/2``. No-break and thin spaces between groups of three digits are dropped.

    Args:
        text: Any.
        separators: "point" for languages that write 1,234.5: only what cannot be that is read
            otherwise, ``1.234,5`` and ``1.234.567``. "comma" for languages that write 1.234,5 or
            1 234,5. Models mix the two, so there the last of two kinds of separators is the
            decimal one, and a single one is so unless exactly three digits follow it (``1.234``
            and ``1,234`` are both 1234).
    """
    if not text.isascii():
        text = "".join(map(_ascii, text)).translate(_SIGNS)
    text = _VULGAR_FRACTION.sub(lambda m: f"{m[1]}{' ' if m[1] else ''}{_VULGAR[m[2]]}", text)
    groups = _NO_BREAK_GROUPS if separators == "point" else _SPACED_GROUPS
    text = groups.sub(lambda m: re.sub(r"\s", "", m[0]), text)
    if separators == "point":
        return _SURELY_EUROPEAN.sub(lambda m: m[0].replace(".", "").replace(",", "."), text)
    return _SEPARATED.sub(lambda m: _by_either(m[0]), text)


def _ascii(character: str) -> str:
    if character.isascii() or not character.isdecimal():
        return character
    return str(unicodedata.decimal(character))


def _by_either(number: str) -> str:
    last = max(number.rfind("."), number.rfind(","))
    mark, before, after = number[last], number[:last], number[last + 1 :]
    kinds = {character for character in number if character in ".,"}
    repeated = mark in before
    grouped = len(kinds) == 1 and len(after) == 3 and len(before) <= 3 and before != "0"
    if repeated or grouped:
        return re.sub(r"[.,]", "", number)
    return f"{re.sub(r'[.,]', '', before)}.{after}"
