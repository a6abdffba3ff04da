"""From what a judge wrote to a verdict, or to the reason why there is none. Never a guess.

Kinds of a judge's error: ``no_answer`` (None), ``empty``, ``refusal``, ``no_verdict``,
``two_verdicts`` (different ones), ``quoted_verdict`` (it may be the judged text's own),
``unsealed_verdict`` (without the mark that was asked for), ``out_of_range``, ``unknown_label``,
``not_json`` and ``wrong_json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from evalsuite.judging.fencing import SEAL
from evalsuite.judging.scales import Scale

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL | re.IGNORECASE)
_REFUSAL = re.compile(
    r"\b(?:i\s+(?:can(?:'|\u2019)?t|cannot|am\s+(?:not\s+able|unable)|won(?:'|\u2019)t|must\s+decline)"
    r"|i(?:'|\u2019)m\s+(?:sorry|unable|not\s+able)|as\s+an?\s+ai\b|unable\s+to\s+(?:assist|comply))",
    re.IGNORECASE,
)
_LONGEST_HEADING = 24
BRACKETS = r"\[\[\s*([^\[\]\n]{1,60}?)\s*\]\]"
"""A verdict in double brackets, as MT-bench asks for it."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A ``label`` of the scale, or else an ``error_kind`` with what was found instead.

    ``label`` is a ranking ("B > A > C") where answers were ranked.
    """

    label: str | None = None
    error_kind: str | None = None
    found: str = ""


def sealed(mark: str) -> str:
    """The pattern of a verdict that bears ``mark``: ``[[mark: 4]]``."""
    return rf"\[\[\s*{re.escape(mark)}\s*[:,]?\s*([^\[\]\n]{{1,60}}?)\s*\]\]"


def read_text(
    text: str | None, scale: Scale, *, pattern: str = BRACKETS, judged: Iterable[str] = ()
) -> Reading:
    r"""The verdict in a judge's text.

    What stands in ``<think>`` is not looked at. All verdicts of the text must be the same one. A
    verdict that also stands in a text that was judged may be quoted from there, so it counts only
    as the end of the judge's last line, with no more than a heading before it.

    Args:
        text: what the judge wrote, None where it gave nothing.
        scale: the labels.
        pattern: regular expression whose first group is the verdict; ``sealed`` makes one.
        judged: the texts that were judged.
    """
    return _read(text, pattern, judged, scale)


def read_ranking(
    text: str | None, labels: Sequence[str], *, pattern: str = BRACKETS, judged: Iterable[str] = ()
) -> Reading:
    """A ranking of all ``labels``, best first: "B > A = C"; "=" is a tie."""
    reading = _read(text, pattern, judged, None)
    if reading.label is None:
        return reading
    tiers = tiers_of(reading.label)
    named = [label for tier in tiers for label in tier]
    if sorted(named) != sorted(labels):
        return Reading(error_kind="unknown_label", found=reading.label)
    return Reading(label=" > ".join(" = ".join(tier) for tier in tiers))


def tiers_of(ranking: str) -> list[list[str]]:
    """A ranking in words as lists of equals, best first."""
    return [
        [label.strip().upper() for label in tier.split("=")] for tier in re.split(r">+|,", ranking)
    ]


def read_choice(choice: str | None, text: str | None, scale: Scale) -> Reading:
    """The verdict of a judge that was given the labels as choices: the choice, or all of its text.

    A text may have a full stop or a heading ("Verdict: 4") and no other words.
    """
    if choice is not None:
        return _labelled(choice, scale)
    missing = _missing(text)
    if missing is not None:
        return missing
    said = _THOUGHT.sub("", text or "").strip()
    label = scale.label_of(said) or scale.label_of(said.rpartition(":")[2])
    if label is not None:
        return Reading(label=label)
    if scale.out_of_range(said):
        return Reading(error_kind="out_of_range", found=said)
    if _REFUSAL.search(said):
        return Reading(error_kind="refusal", found=said[:200])
    return Reading(error_kind="no_verdict", found=said[:200])


class _Several(list[Any]):
    """Different values that one object has under the same key."""


def read_json(text: str | None) -> tuple[Any, Reading | None]:
    """The JSON that a judge's text is, alone or in a code block; or the error.

    ``read_field`` reads a verdict in it.
    """
    missing = _missing(text)
    if missing is not None:
        return None, missing
    said = _THOUGHT.sub("", text or "").strip()
    block = _BLOCK.match(said)
    try:
        return json.loads(block[1] if block else said, object_pairs_hook=_object), None
    except (ValueError, RecursionError):  # the latter for thousands of nested brackets
        kind = "refusal" if _REFUSAL.search(said) and "{" not in said else "not_json"
        return None, Reading(error_kind=kind, found=said[:200])


def read_field(
    said: Any, path: Sequence[str], scale: Scale | None, *, mark: str | None = None
) -> Reading:
    """The verdict under the keys ``path`` of a judge's JSON: a string, a number or a boolean.

    Args:
        said: what ``read_json`` gave.
        path: keys from the outermost object down to the verdict.
        scale: the labels; None takes every verdict as it stands.
        mark: what the field ``SEAL`` of the outermost object must say; None for a judge that was
            asked for none.
    """
    value = said
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return Reading(error_kind="wrong_json", found=f"no key {key!r}")
        value = value[key]
        if isinstance(value, _Several):
            return Reading(error_kind="two_verdicts", found=f"{key!r} more than once")
    if value is None:
        return Reading(error_kind="no_verdict", found="null")
    if not isinstance(value, str | int | float):
        return Reading(error_kind="wrong_json", found=f"{path[-1]} is a {type(value).__name__}")
    if mark is not None:
        seal = said.get(SEAL)
        if not isinstance(seal, str):
            return Reading(error_kind="unsealed_verdict", found=f"no text under {SEAL!r}")
        if seal.strip().casefold() != mark:
            return Reading(error_kind="unsealed_verdict", found=f"{SEAL} {seal[:200]!r}")
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return _labelled(str(value), scale)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose later values replace none of the earlier ones."""
    said: dict[str, Any] = {}
    for key, value in pairs:
        differs = key in said and said[key] != value
        said[key] = _Several([said[key], value]) if differs else value
    return said


def _missing(text: str | None) -> Reading | None:
    if text is None:
        return Reading(error_kind="no_answer")
    return None if _THOUGHT.sub("", text).strip() else Reading(error_kind="empty")


def _read(text: str | None, pattern: str, judged: Iterable[str], scale: Scale | None) -> Reading:
    missing = _missing(text)
    if missing is not None:
        return missing
    said = _THOUGHT.sub("", text or "").strip()
    matches = list(re.finditer(pattern, said, re.IGNORECASE))
    if not matches:
        kind = "refusal" if _REFUSAL.search(said) else "no_verdict"
        return Reading(error_kind=kind, found=said[-200:])
    quotable = " ".join(" ".join(each.split()) for each in judged).casefold()
    own = [m for m in matches if not _in(m.group(), quotable) or _concludes(m, said)]
    if not own:
        return Reading(error_kind="quoted_verdict", found=matches[-1].group())
    found = [_labelled(m.group(1), scale) for m in own]
    different = {reading.label or reading.found.casefold() for reading in found}
    if len(different) > 1:
        return Reading(error_kind="two_verdicts", found=" ".join(m.group() for m in own)[:200])
    return found[-1]


def _concludes(match: re.Match[str], said: str) -> bool:
    """Whether ``match`` ends the last line of ``said``, with a heading before it at most."""
    heading = match.start() - (said.rfind("\n") + 1)
    return 0 <= heading <= _LONGEST_HEADING and not said[match.end() :].strip(" .*_`")


def _in(part: str, whole: str) -> bool:
    return " ".join(part.split()).casefold() in whole


def _labelled(said: str, scale: Scale | None) -> Reading:
    if scale is None:
        return Reading(label=said, found=said)
    label = scale.label_of(said)
    if label is not None:
        return Reading(label=label, found=said)
    kind = "out_of_range" if scale.out_of_range(said) else "unknown_label"
    return Reading(error_kind=kind, found=said)
