"""What a judging that chose its pairs has settled, as it is kept beside its verdicts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from evalsuite.errors import UserError

FILE = "settling.json"
Ended = Literal["settled", "used_up", "most", "going_on"]


class OpenPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two systems whose order is wanted and not settled.

    ``score`` is the mean score of ``a``, None where no sample gave one; ``n`` counts the clusters
    (samples, where they share nothing) that did, ``left`` those that could still be asked.
    """

    a: str
    b: str
    n: int
    score: float | None
    left: int


class Settling(msgspec.Struct, frozen=True, kw_only=True):
    """How far a judging that chose its pairs has come.

    Attributes:
        settle: "all", "best" or "top N".
        alpha: the chance that any order was settled wrongly.
        margin: around a mean score of one half, within which systems are tied; None: no ties.
        systems: best first.
        signs: between each system and the next: ">", "~" (tied), "?" (open).
        open: what is wanted and not settled.
        circle: systems whose settled orders run in a circle.
        ended: why no more was asked: everything is "settled"; the questions about what is open are
            "used_up"; ``most`` questions were asked; or more is to be asked ("going_on": a limit or
            an end came between).
        questions: that were asked, by all judges and repeats together.
        of_questions: that there are.
        without_verdict: answers to questions that gave no verdict.
        rounds: in which they were asked, in this session.
        judged: verdicts that count, to tell whether they are still those of the run.
    """

    settle: str
    alpha: float
    margin: float | None
    systems: tuple[str, ...]
    signs: tuple[str, ...]
    open: tuple[OpenPair, ...]
    circle: tuple[str, ...]
    ended: Ended
    questions: int
    of_questions: int
    without_verdict: int
    rounds: int
    judged: int

    @property
    def saved(self) -> float:
        """Share of the questions that were not asked."""
        return 1 - self.questions / self.of_questions


def in_order(systems: Sequence[str], signs: Sequence[str]) -> str:
    """``A > B ~ C ? D``: systems, best first, with how each stands to the next."""
    said = [systems[0]]
    for sign, name in zip(signs, systems[1:], strict=True):
        said.append(f"{sign} {name}")
    return " ".join(said)


def write_settling(folder: Path, settling: Settling) -> None:
    """Keep ``settling`` in the ``folder`` of a judging, in one step."""
    part = folder / f".{FILE}.part"
    part.write_bytes(msgspec.json.format(msgspec.json.encode(settling), indent=2))
    os.replace(part, folder / FILE)


def read_settlings(run: Path) -> dict[str, Settling]:
    """What was settled by the judges of the run in folder ``run``, by the judge's title.

    Raises:
        UserError: a file is not what it should be.
    """
    found = {}
    for path in sorted(run.glob(f"judging/*/{FILE}")):
        try:
            found[path.parent.name] = msgspec.json.decode(path.read_bytes(), type=Settling)
        except msgspec.DecodeError as error:
            raise UserError(f"{path}: not what a judging settled: {error}") from None
    return found
