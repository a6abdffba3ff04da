"""Texts against stated constraints that a program decides: lengths, words, lines, forms.

A target is a mapping from the name of a constraint to its argument. :data:`CONSTRAINTS` has them
all; each is told apart, so that one sees which are broken. Words, in lower case, and sentences are
those of :mod:`evalsuite.scoring.story`; lines are those with a word in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Score
from evalsuite.scoring.answer_text import without_reasoning
from evalsuite.scoring.story import ends_properly, sentence_count, words
from evalsuite.scoring.text import contains_words

Check = Callable[[str, Any], "str | None"]
"""What is broken, in words; None where the text keeps the constraint."""

_FIRST_PERSON = frozenset(["i", "me", "my", "mine", "myself", "we", "us", "our", "ours"])
_FIRST_CONTRACTED = ("i'", "i’", "we'", "we’")
_SECOND_PERSON = frozenset(["you", "your", "yours", "yourself"])
_SPEAKER = re.compile(r"\s*([A-Z][\w .'’-]*?)\s*:\s*\S")
_QUOTES = "\"'“”‘’*_#>•- \t"


def broken(text: str, target: Mapping[str, Any]) -> dict[str, str]:
    """Constraint -> what is broken about it, for those of ``target`` that ``text`` breaks.

    Raises:
        ConfigError: If there is no such constraint.
    """
    complaints = {}
    for name, argument in target.items():
        if name not in CONSTRAINTS:
            raise ConfigError(
                f"no constraint named {name!r}; there are {', '.join(sorted(CONSTRAINTS))}"
            )
        # A text of nothing keeps no constraint, not even "at most ten words".
        complaint = CONSTRAINTS[name](text, argument) if words(text) else "no words"
        if complaint is not None:
            complaints[name] = complaint
    return complaints


def score_constraints(answer: Answer, target: Mapping[str, Any]) -> Sequence[Score]:
    """``all_constraints`` (1.0 if all are kept), ``constraints_kept`` (their share), and each.

    Each constraint has a score of its own, ``keeps_NAME``.
    """
    complaints = broken(without_reasoning(answer.text or "").strip(), target)
    why = "; ".join(f"{name}: {complaint}" for name, complaint in complaints.items())
    share = 1 - len(complaints) / len(target) if target else 1.0
    return [
        Score(name="all_constraints", value=float(not complaints), explanation=why),
        Score(name="constraints_kept", value=share, explanation=why),
        *(
            Score(
                name=f"keeps_{name}",
                value=float(name not in complaints),
                explanation=complaints.get(name, ""),
            )
            for name in target
        ),
    ]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if words(line)]


def _sentences(text: str) -> list[str]:
    parts = re.split(r"(?<=[.!?…])[\"'”’)\]]*\s+", text.strip())
    return [part for part in parts if words(part)]


def _bounds(what: str, count: Callable[[str], int]) -> tuple[Check, Check, Check]:
    """At least, at most, exactly."""

    def least(text: str, wanted: Any) -> str | None:
        found = count(text)
        return f"{found} {what}, fewer than {wanted}" if found < wanted else None

    def most(text: str, wanted: Any) -> str | None:
        found = count(text)
        return f"{found} {what}, more than {wanted}" if found > wanted else None

    def exactly(text: str, wanted: Any) -> str | None:
        found = count(text)
        return f"{found} {what}, not {wanted}" if found != wanted else None

    return least, most, exactly


_words = _bounds("words", lambda text: len(words(text)))
_sentence = _bounds("sentences", sentence_count)
_line = _bounds("lines", lambda text: len(_lines(text)))
_paragraphs = _bounds(
    "paragraphs", lambda text: sum(bool(words(part)) for part in re.split(r"\n\s*\n", text))
)
_questions = _bounds("question marks", lambda text: text.count("?"))


def _contains(text: str, wanted: Sequence[str]) -> str | None:
    missing = [word for word in wanted if not contains_words(text.lower(), word.lower())]
    return f"no {', '.join(map(repr, missing))}" if missing else None


def _lacks(text: str, unwanted: Sequence[str]) -> str | None:
    there = [word for word in unwanted if contains_words(text.lower(), word.lower())]
    return f"has {', '.join(map(repr, there))}" if there else None


def _lacks_letter(text: str, letter: str) -> str | None:
    there = [word for word in words(text) if letter.lower() in word]
    return f"{letter!r} in {', '.join(map(repr, there[:3]))}" if there else None


def _starts_with(text: str, wanted: str) -> str | None:
    begins = text.strip(_QUOTES + "\n").lower().startswith(wanted.lower())
    return None if begins else f"does not start with {wanted!r}"


def _ends_with(text: str, wanted: str) -> str | None:
    ends = text.strip().rstrip(_QUOTES + "\n").lower().endswith(wanted.lower())
    return None if ends else f"does not end with {wanted!r}"


def _acrostic(text: str, wanted: str) -> str | None:
    found = "".join(words(line)[0][0] for line in _lines(text))
    return None if found == wanted.lower() else f"the lines begin with {found!r}, not {wanted!r}"


def _words_per_line(text: str, wanted: Sequence[int]) -> str | None:
    found = [len(words(line)) for line in _lines(text)]
    return None if found == list(wanted) else f"the lines have {found} words, not {list(wanted)}"


def _words_a_line_at_most(text: str, wanted: int) -> str | None:
    longest = max(len(words(line)) for line in _lines(text))
    return f"a line of {longest} words, more than {wanted}" if longest > wanted else None


def _lines_start_with(text: str, wanted: str) -> str | None:
    others = [line for line in _lines(text) if _starts_with(line, wanted)]
    return f"a line that does not start with {wanted!r}: {others[0][:40]!r}" if others else None


def _same_ending(text: str, wanted: Sequence[int]) -> str | None:
    lines = _lines(text)
    if max(wanted) > len(lines):
        return f"{len(lines)} lines, so no line {max(wanted)}"
    last = {words(lines[number - 1])[-1] for number in wanted}
    return f"the lines end with {', '.join(sorted(last))}" if len(last) > 1 else None


def _same_lines(text: str, wanted: Sequence[int]) -> str | None:
    lines = _lines(text)
    if max(wanted) > len(lines):
        return f"{len(lines)} lines, so no line {max(wanted)}"
    alike = len({tuple(words(lines[number - 1])) for number in wanted}) == 1
    return None if alike else f"lines {', '.join(map(str, wanted))} differ"


def _no_repeated_lines(text: str, wanted: bool) -> str | None:
    lines = [tuple(words(line)) for line in _lines(text)]
    again = len(lines) - len(set(lines))
    return f"{again} lines stood before" if wanted and again else None


def _person(text: str, wanted: str) -> str | None:
    tokens = words(text)
    first = [word for word in tokens if word in _FIRST_PERSON or word.startswith(_FIRST_CONTRACTED)]
    second = [word for word in tokens if word in _SECOND_PERSON]
    if wanted == "first":
        return None if first else "nobody says I or we"
    if wanted == "second":
        return None if second else "nobody is called you"
    if wanted == "third":
        there = first + second
        return f"has {', '.join(map(repr, dict.fromkeys(there)))}" if there else None
    raise ConfigError(f"constraint 'person' is first, second or third, not {wanted!r}")


def _speakers(text: str, wanted: Sequence[str]) -> str | None:
    matches = [_SPEAKER.match(line) for line in _lines(text)]
    if not all(matches):
        return "a line that is not NAME: words"
    found = {match[1] for match in matches if match}
    return None if found == set(wanted) else f"the speakers are {', '.join(sorted(found))}"


def _every_sentence_is_a_question(text: str, wanted: bool) -> str | None:
    others = [one for one in _sentences(text) if not one.rstrip(_QUOTES + ")”’").endswith("?")]
    return f"no question: {others[0][:40]!r}" if wanted and others else None


def _sentences_start_with(text: str, letter: str) -> str | None:
    others = [one for one in _sentences(text) if not words(one)[0].startswith(letter.lower())]
    return f"a sentence that does not start so: {others[0][:40]!r}" if others else None


def _no_digits(text: str, wanted: bool) -> str | None:
    return "has digits" if wanted and re.search(r"\d", text) else None


def _upper_case(text: str, wanted: bool) -> str | None:
    return "has lower case" if wanted and text != text.upper() else None


def _lower_case(text: str, wanted: bool) -> str | None:
    return "has capitals" if wanted and text != text.lower() else None


def _ends_properly(text: str, wanted: bool) -> str | None:
    return "the last sentence does not end" if wanted and not ends_properly(text) else None


CONSTRAINTS: Mapping[str, Check] = {
    "words_at_least": _words[0],
    "words_at_most": _words[1],
    "words_exactly": _words[2],
    "sentences_at_least": _sentence[0],
    "sentences_at_most": _sentence[1],
    "sentences_exactly": _sentence[2],
    "lines_at_least": _line[0],
    "lines_at_most": _line[1],
    "lines_exactly": _line[2],
    "paragraphs_exactly": _paragraphs[2],
    "questions_at_least": _questions[0],
    "contains": _contains,
    "lacks": _lacks,
    "lacks_letter": _lacks_letter,
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "ends_properly": _ends_properly,
    "acrostic": _acrostic,
    "words_per_line": _words_per_line,
    "words_a_line_at_most": _words_a_line_at_most,
    "lines_start_with": _lines_start_with,
    "lines_end_alike": _same_ending,
    "lines_equal": _same_lines,
    "no_repeated_lines": _no_repeated_lines,
    "person": _person,
    "speakers": _speakers,
    "only_questions": _every_sentence_is_a_question,
    "sentences_start_with": _sentences_start_with,
    "no_digits": _no_digits,
    "upper_case": _upper_case,
    "lower_case": _lower_case,
}
"""Name -> check of a text (which has words) against the constraint's argument."""
