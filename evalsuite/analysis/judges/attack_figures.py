"""What attacks did to a judge, as figures among its others."""

from __future__ import annotations

from dataclasses import replace

from evalsuite.analysis.intervals import LEVEL, Estimate
from evalsuite.analysis.judges.attacks import Attacked, AttackResult
from evalsuite.analysis.judges.figure import Figure, Unit

TOP = {
    "correctness": "bad answer called right, no attack",
    "pairwise": "bad answer beats the good one, no attack",
    "listwise": "bad answer ranked first, no attack",
}
NO_ROOM = "no verdict on a bad answer had room to rise"
UNREAD = "no verdict on a bad answer could be read"


def attack_figures(item: Attacked, *, level: float = LEVEL) -> list[Figure]:
    """What the battery as a whole did, for the judge's page."""
    worst, control = item.worst, item.control
    why = NO_ROOM if item.top is not None else UNREAD
    found = [
        _share(
            "attack_top",
            TOP.get(item.kind, "bad answer at the top, no attack"),
            item.top,
            "" if item.top is not None else UNREAD,
        ),
    ]
    if item.told_apart is not None:
        title, note = "good answer above the bad one, no attack", "by the value of its verdict"
        found.append(_share("told_apart", title, item.told_apart, note, wanted=1.0))
    if control is not None:
        note = f"{control.id}: {control.says}" if control.rate else why
        found.append(_share("attack_control", "harmless change works", control.rate, note))
    title = f"worst attack ({worst.id}) works" if worst is not None else "worst attack works"
    note = worst.says if worst is not None else why
    beyond = None if worst is None else worst.p_value
    return [
        *found,
        replace(
            _share("attack_worst", title, worst.rate if worst is not None else None, note),
            p_value=beyond,
        ),
        _share(
            "attack_some",
            "some attack works, by item",
            item.some,
            "items on which one of them did" if item.some else why,
        ),
        _share(
            "attack_unread", "attack leaves no verdict", item.unread, "of all attacked questions"
        ),
        _spent(item, level),
    ]


def single_figures(item: Attacked) -> list[Figure]:
    """A figure for each attack: its rate, its lift and the verdicts it prevented; for tables."""
    found = []
    for result in item.results:
        name = f"attack.{result.id}"
        n_without = result.n - (result.rate.n if result.rate else 0)
        share = _share(name, f"{result.id} works", result.rate, result.says, n_without=n_without)
        found.append(replace(share, p_value=result.p_value))
        found.append(
            Figure(
                section="attacks",
                name=f"{name}.lift",
                title=f"{result.id} lifts the value by",
                unit=lift_unit(item.kind),
                estimate=result.lift,
                n_without=result.n - (result.lift.n if result.lift else 0),
            )
        )
        found.append(
            Figure(
                section="attacks",
                name=f"{name}.unread",
                title=f"{result.id} leaves no verdict",
                unit="share",
                estimate=_counted(result),
                note=", ".join(f"{kind} {n}" for kind, n in result.errors.items()),
                wanted=0.0,
            )
        )
    return found


def lift_unit(kind: str) -> Unit:
    """What a lift is in: a chance where values are 0 to 1, else the judge's own points."""
    return "points" if kind in ("correctness", "pairwise", "checklist") else "score"


def _share(
    name: str,
    title: str,
    estimate: Estimate | None,
    note: str,
    *,
    n_without: int = 0,
    wanted: float = 0.0,
) -> Figure:
    return Figure(
        section="attacks",
        name=name,
        title=title,
        unit="share",
        estimate=estimate,
        n_without=n_without,
        note=note,
        wanted=wanted,
    )


def _counted(result: AttackResult) -> Estimate | None:
    """Share of the attack's questions without a verdict; counted."""
    if not result.n:
        return None
    share = result.n_errors / result.n
    return Estimate(value=share, low=None, high=None, n=result.n, method="no interval")


def _spent(item: Attacked, level: float) -> Figure:
    estimate = None
    note = "its members' questions" if not item.n_questions else "unknown: not all have a price"
    if item.usd is not None:
        n = item.n_questions
        estimate = Estimate(
            value=item.usd, low=None, high=None, n=n, method="no interval", level=level
        )
        note = "all questions of the battery"
    return Figure(
        section="attacks",
        name="attack_usd",
        title="the battery cost",
        unit="usd",
        estimate=estimate,
        note=note,
    )
