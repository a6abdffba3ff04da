"""Rules of a router: which member is asked by what can be seen of a request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evalsuite.records import Request
from evalsuite.systems.hybrids.validity import check_pattern
from evalsuite.systems.hybrids.wording import question_of, short


class Rule(BaseModel):
    """``use`` a member where all that is given holds; a rule without conditions always does.

    matches: regular expression that is found in the prompt.
    task: name of the task, or a pattern with ``*``.
    min_chars: characters that the prompt has at least.
    max_chars: characters that it has at most.
    use: the member, one of the router's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use: str
    matches: str | None = None
    task: str | None = None
    min_chars: int | None = Field(None, ge=0)
    max_chars: int | None = Field(None, ge=0)

    _compiles = field_validator("matches")(check_pattern)

    @model_validator(mode="after")
    def _can_hold(self) -> Rule:
        if None not in (self.min_chars, self.max_chars) and self.min_chars > self.max_chars:  # type: ignore[operator]
            raise ValueError("`min_chars` is above `max_chars`: no prompt is as long")
        return self

    @property
    def conditions(self) -> dict[str, Any]:
        """What must hold."""
        return self.model_dump(exclude={"use"}, exclude_none=True)

    def holds(self, request: Request, prompt: str) -> bool:
        """Whether the rule is about ``request``, whose text is ``prompt``."""
        return (
            (self.matches is None or re.search(self.matches, prompt) is not None)
            and (self.task is None or fnmatchcase(request.task, self.task))
            and (self.min_chars is None or len(prompt) >= self.min_chars)
            and (self.max_chars is None or len(prompt) <= self.max_chars)
        )


def check_rules(rules: Sequence[Rule], members: Sequence[str]) -> None:
    """ValueError, for pydantic, where a rule names no member or a request may be left without."""
    stranger = next((rule.use for rule in rules if rule.use not in members), None)
    if stranger is not None:
        raise ValueError(f"a rule uses {stranger!r}, which is none of the `members`")
    open_ended = [index for index, rule in enumerate(rules) if not rule.conditions]
    if open_ended != [len(rules) - 1]:
        raise ValueError(
            "the last of the `rules`, and no other, must be without conditions: what is used "
            "where none of the others holds"
        )


def first_rule(rules: Sequence[Rule], request: Request) -> tuple[int, str]:
    """The number of the first rule that holds, from 0, and why, in words."""
    prompt = question_of(request)
    index = next(i for i, rule in enumerate(rules) if rule.holds(request, prompt))
    said = ", ".join(f"{key} {short(str(v))}" for key, v in rules[index].conditions.items())
    return index, f"rule {index + 1}: {said or 'otherwise'}"
