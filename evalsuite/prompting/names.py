"""How a task is asked, in a value and in the name of the task that is asked so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from evalsuite.errors import ConfigError

Form = Literal["chat", "completion"]
Select = Literal["first", "random", "similar"]

PLAIN = "plain"
_SHOTS = re.compile(r"(\d+)-shot")


@dataclass(frozen=True, kw_only=True)
class Prompting:
    """How a task is asked.

    variant: a name of ``Task.variants``, or "plain", the task's own prompt.
    form: "chat" asks in turns; "completion" asks in one text, which a model that was never taught
        to chat goes on with.
    shots: how many examples with their answers stand before the question.
    select: which ones: the "first" of the pool; a "random" set, drawn once with ``seed``, with
        the classes in balance where the task has choices; or, for every question, the most
        "similar" ones.
    seed: of "random"; not part of the name.
    """

    variant: str = PLAIN
    form: Form = "chat"
    shots: int = 0
    select: Select = "first"
    seed: int = 0

    @property
    def suffix(self) -> str:
        """What the task's name gets: ``@terse+5-shot+similar``, or "" where all is the default."""
        said = [self.variant] if self.variant != PLAIN else []
        if self.shots:
            said.append(f"{self.shots}-shot")
            said += [self.select] if self.select != "first" else []
        said += [self.form] if self.form != "chat" else []
        return f"@{'+'.join(said)}" if said else ""


def renamed(name: str, prompting: Prompting) -> str:
    """The name of the task called ``name`` when it is asked as ``prompting`` says.

    What ``name`` says already stays where ``prompting`` says nothing of it.
    """
    base, said = _parts(name)
    known = parse_name(name)[1] if said is not None else None
    if known is None:
        return f"{base}{prompting.suffix}"
    shown = prompting if prompting.shots else known
    both = Prompting(
        variant=known.variant if prompting.variant == PLAIN else prompting.variant,
        form=known.form if prompting.form == "chat" else prompting.form,
        shots=shown.shots,
        select=shown.select,
    )
    return f"{base}{both.suffix}"


def base_name(name: str) -> str:
    """The task that ``name`` is a way to ask: all before the ``@``."""
    return _parts(name)[0]


def form_of(name: str) -> Form:
    """The form in which the task called ``name`` is asked."""
    return "completion" if "completion" in (_parts(name)[1] or "").split("+") else "chat"


def parse_name(reference: str, *, seed: int = 0) -> tuple[str, Prompting | None]:
    """The task and the prompting that ``reference`` names; None where it says nothing of it.

    Raises:
        ConfigError: two words for the same thing, or a choice of examples where there are none.
    """
    base, said = _parts(reference)
    if said is None:
        return reference, None
    found: dict[str, Any] = {}
    for word in said.split("+"):
        shots = _SHOTS.fullmatch(word)
        key = "shots" if shots else "select" if word in get_args(Select) else "variant"
        key = "form" if word in get_args(Form) else key
        if not word or key in found:
            raise ConfigError(
                f"task {reference!r}: after the @ write a variant, N-shot, "
                f"{', '.join(get_args(Select))} or completion, each once, joined by +"
            )
        found[key] = int(shots[1]) if shots else word
    if "select" in found and not found.get("shots"):
        raise ConfigError(
            f"task {reference!r}: {found['select']} chooses examples, and there are none; "
            f"write {found['select']}+5-shot, say"
        )
    return base, Prompting(**found, seed=seed)


def is_reserved(word: str) -> bool:
    """Whether ``word`` means something else than a variant in a name, or cannot be part of one."""
    if word in {PLAIN, *get_args(Form), *get_args(Select)} or _SHOTS.fullmatch(word):
        return True
    return not word or re.search(r"[@+/\s]", word) is not None


def _parts(name: str) -> tuple[str, str | None]:
    """What stands before and after the ``@``; one in the folders of a path is none of ours."""
    head, at, tail = name.rpartition("@")
    return (head, tail) if at and head and "/" not in tail else (name, None)
