"""Multiple choice with lettered options: which letter an answer gives.

Statuses: ``scored``; ``format_error`` with 0.0 where the answer gives no option, or several.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.number import last_boxed

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# "The answer is A car" and "the answer I gave" name no option.
_LETTER = r"(?P<letter>[B-HJ-Z]\b|[AI]\b(?! [a-z]))(?!['’]\w)"
_TOLD = re.compile(
    rf"\b(?P<word>(?i:answer|option|choice))\b(?:[ ]*(?!not\b)\w+\b){{0,6}}?[\s:*(\[{{]+{_LETTER}"
)
_NONE = re.compile(
    r"\b(?:none of|not (?:\w+ )?(?:in|among|one of)|no (?:\w+ )?answer)\b[^.\n]*"
    r"\b(?:options|choices|answers)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
_MARKED = re.compile(r"(?<![\w(])\(?(?P<letter>[A-Z])\)|(?<!\w)\*\*(?P<bold>[A-Z])\*\*")
_BEGINS = re.compile(r"[\s*(\[]*(?P<letter>[A-Z])(?:[).:\]*]|\s*\Z|\s*\n)")

_ALONE = re.compile(r"[\s*()\[\].:]*(?P<letter>[A-Z])[\s*()\[\].:]*")


def plain_option(text: str) -> str:
    """Text of an option to compare by: NFKC, case-folded, without currency and marks around it.

    A minus sign counts: -5 and 5 may both be options.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"[$€£]\s?", "", folded.replace("−", "-").replace("–", "-"))
    return " ".join(plain.split()).strip(" *_`\"'").rstrip(".,;:! ")


def lettered(options: Sequence[str]) -> list[str]:
    """``A) first``, ``B) second`` and so on."""
    return [f"{letter}) {option}" for letter, option in zip(LETTERS, options, strict=False)]


def read_option(answer: Answer, options: Sequence[str]) -> str | None:
    r"""The letter of the option that an answer gives; None where there is none or it is not clear.

    A choice that the backend scored is taken as it is, be it a letter or the text of an option. A
    text is read by the first of these rules that applies:

    1. what is in the last ``\boxed{}`` is a letter or the text of an option;
    2. it, its first or its last line is the text of an option;
    3. it calls a letter its answer, option or choice ("the answer is (B)", "option E) $78"): the
       last one that it does, unless it calls all of three or more its answer;
    4. it begins with a letter that ends there or has a mark behind it ("B", "B)", "(B) 4", "B:"),
       and either its first line is no more, and its second not another letter, or it names no
       other letter;
    5. all letters with a bracket or in bold that its last line names, or else the whole text, are
       the same one;
    6. the text of exactly one option occurs in its last line as whole words, outside every longer
       one.

    Where the last sentence says that none of the options is right and no option says so, there is
    no answer. What a model thought aloud is left out. Of two options with the same text the first
    is taken.
    """
    read = _read(answer, options)
    return read[0] if read else None


def score_option(answer: Answer, target: str, options: Sequence[str]) -> Score:
    """``choice_match``: 1.0 if the answer gives the option whose letter is ``target``.

    An answer that gives a text and no letter is right for every option of that text.

    Raises:
        ValueError: If there is no such option.
    """
    letters = LETTERS[: len(options)]
    if len(target) != 1 or target not in letters:
        raise ValueError(f"target {target!r} is none of {list(letters)}")
    read = _read(answer, options)
    if read is None:
        return Score(
            name="choice_match",
            value=0.0,
            status="format_error",
            explanation="gives none of the options, or several",
        )
    said, by_text = read
    right = said == target
    if by_text:
        texts = [plain_option(options[letters.index(letter)]) for letter in (said, target)]
        right = texts[0] == texts[1]
    return Score(name="choice_match", value=float(right), explanation=said)


def _read(answer: Answer, options: Sequence[str]) -> tuple[str, bool] | None:
    """The letter that is given, and whether it was given as the text of its option."""
    letters = LETTERS[: len(options)]
    texts: dict[str, str] = {}
    for letter, option in zip(letters, options, strict=True):
        texts.setdefault(plain_option(option), letter)

    def letter_or_text(letter: str | None, text: str | None) -> tuple[str, bool] | None:
        return (letter, False) if letter else (text, True) if text else None

    if answer.choice is not None:
        chosen = answer.choice if answer.choice in tuple(letters) else None
        return letter_or_text(chosen, texts.get(plain_option(answer.choice)))
    text = without_reasoning(answer.text or "").strip()
    if not text:
        return None
    boxed = last_boxed(text)
    if boxed is not None:
        inside = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}", r"\1", boxed).strip()
        return letter_or_text(_as_letter(inside, letters), texts.get(plain_option(inside)))
    lines = text.split("\n")
    for said in (text, lines[0], lines[-1]):
        if len(plain_option(said)) > 1 and plain_option(said) in texts:
            return texts[plain_option(said)], True
    last_sentence = _SENTENCE.split(lines[-1])[-1][:500]
    if _NONE.search(last_sentence) and not any(name.startswith("none") for name in texts):
        return None
    return letter_or_text(_by_letter(text, letters), _by_text(lines[-1], texts))


def _as_letter(said: str, letters: str) -> str | None:
    """The letter that all of ``said`` is, or that it begins with."""
    bare = said.strip(" ().:$*[]")
    if len(bare) == 1 and bare.upper() in letters:
        return bare.upper()
    begins = _BEGINS.match(said)
    return begins["letter"] if begins and begins["letter"] in letters else None


def _by_letter(text: str, letters: str) -> str | None:
    told = [m for m in _TOLD.finditer(text) if m["letter"] in letters]
    if told:
        answers = {m["letter"] for m in told if m["word"].lower() == "answer"}
        return None if answers == set(letters) and len(letters) > 2 else told[-1]["letter"]
    begins = _BEGINS.match(text)
    if begins and begins["letter"] in letters:
        lines = [line for line in text.split("\n", 20)[:20] if line.strip()]
        alone = [match and match["letter"] for match in map(_ALONE.fullmatch, lines[:2])]
        if len(alone) == 2 and all(alone) and alone[0] != alone[1]:
            return None
        if alone[0] or _marked(text, letters) <= {begins["letter"]}:
            return begins["letter"]
    for part in (text.rsplit("\n", 1)[-1], text):
        marked = _marked(part, letters)
        if len(marked) == 1:
            return marked.pop()
    return None


def _marked(text: str, letters: str) -> set[str]:
    return {m["letter"] or m["bold"] for m in _MARKED.finditer(text)} & set(letters)


def _by_text(text: str, texts: dict[str, str]) -> str | None:
    """The one option whose text occurs, where those inside a longer option do not count."""
    said, found = plain_option(text), set()
    for name in sorted(filter(None, texts), key=len, reverse=True):
        whole = re.compile(rf"(?<![\w.,-]){re.escape(name)}(?!\w|[.,][0-9])")
        if whole.search(said):
            found.add(texts[name])
            said = whole.sub("\0", said)
    return found.pop() if len(found) == 1 else None
