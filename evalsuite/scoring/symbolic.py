r"""Mathematical answers: LaTeX, compared by meaning with math-verify (Kydlíček 2025) and sympy.

Statuses: ``scored``; ``format_error`` with 0.0 where no answer is found, or it cannot be compared.
The comparison runs in processes of its own with a limit of processor time and memory, because
sympy computes ``9^{9^{9^9}}`` if asked to; so it is safe in threads too.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import json
import os
import queue
import re
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evalsuite.errors import ExtraMissing
from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.text import normalise

CPU_SECONDS = 5
"""Processor time for one comparison; the worst of MATH-500's own answers takes 0.4 s."""
LONGEST = 1000
"""Characters of an answer; the longest of MATH-500 has 53."""

_WALL_SECONDS = 120  # only to get away from a worker that neither computes nor answers

Outcome = Literal["equal", "different", "unread", "too long", "too hard"]


@dataclass(frozen=True)
class FinalAnswer:
    """What an answer gives as its result, and the rule that found it.

    ``parts`` are the boxes that ``text`` was joined from: several values, or one in several forms.
    """

    text: str
    rule: Literal["boxed", "answer is", "last formula", "all of it"]
    parts: tuple[str, ...] = ()


def ready() -> None:
    """Raise ExtraMissing where math-verify is not installed; for ``Task.ready``."""
    if importlib.util.find_spec("math_verify") is None:
        raise ExtraMissing("math-verify", "math", "comparing mathematical answers")


def score_symbolic(answer: Answer, target: str) -> Score:
    r"""``symbolic_match``: 1.0 if the final answer means the same as ``target``, which is LaTeX.

    Raises:
        ExtraMissing: If math-verify is not installed.
    """
    found = final_answer(answer.text or "")
    if found is None:
        return _unread("no answer")
    outcome = compare(target, found.text)
    if len(found.parts) > 1 and all(compare(target, part) == "equal" for part in found.parts):
        outcome = "equal"
    said = f"{found.text[:200]} ({found.rule})"
    if outcome in ("unread", "too long", "too hard"):
        return _unread(f"{outcome}: {said}")
    return Score(name="symbolic_match", value=float(outcome == "equal"), explanation=said)


def _unread(why: str) -> Score:
    return Score(name="symbolic_match", value=0.0, status="format_error", explanation=why)


# --- finding the answer -------------------------------------------------------------------------

_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?:\{|(?=[0-9A-Za-z]))")
_BETWEEN = re.compile(r"[\s$,;]*+(?:\\text\{)?\s*+(?:and|or)?\s*+\}?[\s$,;]*+")
_TOLD = re.compile(r"\banswer\b[^\n.:=$]{0,40}?(?:\bis\b:?|:)", re.IGNORECASE)
_FORMULA = re.compile(
    r"(?<!\\)\$\$(.{1,1000}?)(?<!\\)\$\$|(?<!\\)\$((?:\\.|[^$\n\\]){1,1000})\$"
    r"|\\\((.{1,1000}?)\\\)|\\\[(.{1,1000}?)\\\]",
    re.DOTALL,
)


def final_answer(text: str) -> FinalAnswer | None:
    r"""What the last ``\boxed{}`` holds, else what the last "answer is" says.

    Several boxes with only "and", "or" or a comma between them are one answer. Of what is said to
    be the answer it is the first formula in its line, unless a number stands before that, else its
    first sentence. Without either it is the last formula, and a text without formulas is an answer
    itself. None for an empty text.
    """
    text = without_reasoning(text).strip()
    boxes = _boxes(text)
    if boxes:
        start, _, content = boxes[-1]
        parts = [content]
        for before, until, earlier in reversed(boxes[:-1]):
            if not _BETWEEN.fullmatch(text[until:start]):
                break
            start, parts = before, [earlier, *parts]
        return FinalAnswer(", ".join(parts), "boxed", tuple(parts))
    told = list(_TOLD.finditer(text))
    if told:
        rest = text[told[-1].end() :].strip(" \n*").split("\n", 1)[0]
        formula = _FORMULA.search(rest)
        if formula and not re.search(r"[0-9]", rest[: formula.start()]):
            said = _formulas(rest)[0]
        else:
            said = re.split(r"[.!?](?:\s|$)", rest, maxsplit=1)[0]
        if said.strip():
            return FinalAnswer(said.strip(), "answer is")
    formulas = _formulas(text)
    if formulas:
        return FinalAnswer(formulas[-1], "last formula")
    return FinalAnswer(text.removesuffix("."), "all of it") if text else None


def _boxes(text: str) -> list[tuple[int, int, str]]:
    """Start, end and content of every box; one that is never closed goes to the end."""
    found: list[tuple[int, int, str]] = []
    for match in _BOX.finditer(text):
        if found and match.start() < found[-1][1]:
            continue
        end = _closing(text, match.end()) if match[0].endswith("{") else match.end() + 1
        found.append((match.start(), end + 1, text[match.end() : end].strip()))
    return [box for box in found if box[2]]


def _closing(text: str, begin: int) -> int:
    depth = 1
    for at in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def _formulas(text: str) -> list[str]:
    return [next(filter(None, match.groups())).strip() for match in _FORMULA.finditer(text)]


# --- comparing ----------------------------------------------------------------------------------

_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|textit)\s*\{([^{}]*)\}")
_SPACING = re.compile(r"\\(?:left|right|[!,;: ]|quad|qquad|displaystyle)(?![a-zA-Z])")
_ARTICLES = re.compile(r"\b(?:an?|the)\s+")
_WITH_BASE = re.compile(r"(?P<digits>[0-9A-F]+)(?:_\{?(?P<base>[0-9]+)\}?)?")
_GROUPS = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:,?(?:\\[!,])?\s[0-9]{3})+(?![0-9])")
_UNIT_IN_WORDS = re.compile(r"(?<=[0-9}])\s+([A-Za-z]{3,}(?:\s[A-Za-z]+)*)$")
_DIGITS_APART = re.compile(r"[0-9]\s+[0-9]")
_NAMED = re.compile(r"^\s*+[A-Za-z](?:\([A-Za-z]\))?\s*+(?:=|\\in\b)\s*+")


@functools.lru_cache(maxsize=4096)
def compare(target: str, answer: str) -> Outcome:
    r"""Whether two answers mean the same.

    What math-verify takes too lightly is looked at first: text (``\text{east}``) is equal word by
    word, letter case and articles aside; a number in a stated base equals that numeral with the
    same base or none; a list without brackets is no point or interval, and the reverse.

    Then math-verify: numbers exactly or to six decimals, so 4.67 is not 14/3; expressions by
    simplification; lists, sets, intervals, matrices and equations by their parts. Units, degree
    signs, currency and a name in front (``x = 5``) are dropped; ``50\%`` is 50 and 0.5.

    Raises:
        ExtraMissing: If math-verify is not installed.
    """
    if len(answer) > LONGEST:
        return "too long"
    target, answer = _tidy(target), _tidy(answer)
    if _bare(target) == _bare(answer):
        return "equal"
    wanted_text = _text_of(target)
    if wanted_text is not None:
        return "equal" if wanted_text == _words(answer) else "different"
    numerals = (_numeral(target), _numeral(answer))
    if any(numeral and numeral[1] for numeral in numerals):
        return "equal" if _same_numeral(*numerals) else "different"
    if _DIGITS_APART.search(answer):
        return "unread"
    if _differ_in_case(target, answer):
        return "different"
    if _kind(target) != _kind(answer) and "relation" not in (_kind(target), _kind(answer)):
        return "different"
    return _ask(target, answer)


def _tidy(text: str) -> str:
    """One line, without mathematical delimiters around it and a point behind it."""
    text = " ".join(text.split()).strip()
    for opening, closing in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        if len(text) > 2 * len(opening) and text.startswith(opening) and text.endswith(closing):
            text = text[len(opening) : -len(closing)].strip()
    text = re.sub(r"(?<![\\.])\.$", "", text)
    text = re.sub(r"\\([dt]?)frac\s*([0-9])\s*([0-9])(?![0-9])", r"\\\1frac{\2}{\3}", text)
    text = re.sub(r"([0-9])\s+([0-9]+)\s?/\s?([0-9]+)", r"\1\\frac{\2}{\3}", text)
    text = _UNIT_IN_WORDS.sub(r"\\text{ \1}", text)
    text = _GROUPS.sub(lambda match: re.sub(r"\\[!,]|\s|,", "", match[0]), text)
    # What is no LaTeX, as answers in plain text have it.
    return (
        text.replace("−", "-").replace("π", r"\pi").replace("°", r"^\circ").replace("√", r"\sqrt ")
    )


def _bare(text: str) -> str:
    """Without what only sets the type: spaces, sizes of brackets, display fractions."""
    text = _SPACING.sub("", text.replace("dfrac", "frac").replace("tfrac", "frac"))
    return re.sub(r"(?<![0-9])\s+|\s+(?![0-9])", "", text)


def _text_of(target: str) -> str | None:
    r"""The words of a target that is all ``\text{}``; None for anything else."""
    match = _WRAPPED.fullmatch(target)
    return _words(target) if match and not re.search(r"[0-9]", match[1]) else None


def _words(text: str) -> str:
    plain = normalise(_WRAPPED.sub(r" \1 ", text).replace("$", ""))
    return _ARTICLES.sub("", plain).strip(" ()")


def _numeral(text: str) -> tuple[str, str] | None:
    """The digits of a number and its base, "" where none is stated; None for anything else."""
    match = _WITH_BASE.fullmatch(_bare(_WRAPPED.sub("", text)))
    return (match["digits"], match["base"] or "") if match else None


def _same_numeral(wanted: tuple[str, str] | None, said: tuple[str, str] | None) -> bool:
    if not wanted or not said or wanted[0] != said[0]:
        return False
    return wanted[1] == said[1] or (said[1] == "" if wanted[1] else said[1] == "10")


def _differ_in_case(target: str, answer: str) -> bool:
    """Whether the two use the same letters but for their case, of which math-verify is careless."""
    wanted, said = _letters(target), _letters(answer)
    return wanted != said and {x.lower() for x in wanted} == {x.lower() for x in said}


def _letters(text: str) -> set[str]:
    text = _NAMED.sub("", _WRAPPED.sub("", text))
    return set(re.findall(r"[A-Za-z]", re.sub(r"\\[a-zA-Z]+", "", text)))


def _kind(text: str) -> str:
    """What it looks like: "bracketed" (a point, an interval), "list", "relation" or "value"."""
    bare = _NAMED.sub("", _bare(text))
    if re.search(r"[<>]|\\(?:leq?|geq?|lt|gt|in|cup|pm|text|mbox|begin)(?![a-z])|\\[{]|=", bare):
        return "relation"
    bare = re.sub(r"(?<=[0-9])(?:,|\{,\})(?=[0-9]{3}(?![0-9]))", "", bare)
    if re.fullmatch(r"[(\[].*,.*[)\]]", bare):
        return "bracketed"
    depth = 0
    for character in bare:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            return "list"
    return "value"


# --- workers ------------------------------------------------------------------------------------

_PROGRAM = Path(__file__).with_name("symbolic_worker.py")
_idle: queue.LifoQueue[_Worker] = queue.LifoQueue()


class _Worker:
    """A process that compares, one pair at a time."""

    def __init__(self) -> None:
        kept = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "TMPDIR")
        self.owner = os.getpid()
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                str(Path(__file__).with_name("symbolic_worker.py")),
                f"{CPU_SECONDS}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in kept if name in os.environ},
        )
        if self._line() != "ready":
            self.close()
            raise RuntimeError("the comparison of mathematical answers could not be started")

    def compare(self, target: str, answer: str) -> Outcome | None:
        """The outcome; None if the worker came to its end over it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([target, answer]).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        said = self._line()
        if not isinstance(said, dict):
            return None
        return "equal" if said["equal"] else "different" if said["read"] else "unread"

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> object:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], _WALL_SECONDS)
        line = self._process.stdout.readline() if ready else b""
        return json.loads(line) if line else None


def _ask(target: str, answer: str) -> Outcome:
    worker = _take()
    outcome = worker.compare(target, answer)
    if outcome is None:
        worker.close()
        return "too hard"
    _idle.put(worker)
    return outcome


def _take() -> _Worker:
    """An idle worker of this process, or a new one."""
    while True:
        try:
            worker = _idle.get_nowait()
        except queue.Empty:
            ready()
            return _Worker()
        if worker.owner == os.getpid():
            return worker


@atexit.register
def close_workers() -> None:
    """End all idle workers; new ones start when they are needed."""
    while not _idle.empty():
        worker = _idle.get_nowait()
        if worker.owner == os.getpid():
            worker.close()
