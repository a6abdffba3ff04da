"""What judges said of a run, how often they failed or turned round, and what judging took.

Verdicts of one judge by one system (or panel) are taken together. A judge's failure is no verdict
and is counted apart; so is an answer that was never there to be judged. What judging took is of its
questions and in no figure of the systems that were judged.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.intervals import Estimate, clustered_mean, proportion
from evalsuite.analysis.judges.order_bias import turned
from evalsuite.analysis.measure import counted, groups, known_total, numbers
from evalsuite.judging.settling import Settling

if TYPE_CHECKING:
    import pandas as pd

_PAIR = ["task", "sample_id", "system_a", "system_b", "answer_repeat", "repeat"]


@dataclass(frozen=True, kw_only=True)
class Marked:
    """What one system got by one criterion.

    Of single answers ``estimate`` is the mean value; of pairs it is the rating, in points whose
    mean is 1000 and of which 400 are odds of 10 to 1 (Bradley and Terry). ``n`` counts verdicts,
    ``n_self`` those of them that the judge gave on answers of its own model.
    """

    criterion: str
    system: str
    estimate: Estimate | None
    n: int
    n_self: int
    rating: bool


@dataclass(frozen=True, kw_only=True)
class OrderFlips:
    """Of ``n`` pairs judged in both orders, how many got another verdict the other way round.

    In ``n_reversed`` of them the two verdicts name different winners.
    """

    n: int
    n_changed: int
    n_reversed: int


@dataclass(frozen=True, kw_only=True)
class JudgeFigures:
    """One judge, applied by one system or one panel.

    Attributes:
        judge: its name.
        version: of its file.
        by: who applied it.
        role: "judge", "member" or "panel".
        n_judged: verdicts that were given.
        errors: kind -> verdicts that the judge failed to give.
        n_system_errors: verdicts that there could not be, because a system failed.
        n_self: verdicts on answers of the judge's own model.
        n_expected: verdicts weighed by the probabilities of the labels.
        agreement: share of verdicts that are what people's labels or the tasks' own scores say;
            None where they say nothing.
        commonest: share that a judge would reach that always gave the commonest of these verdicts.
        marks: a criterion and system each.
        ties: share of ties among verdicts on pairs; None where single answers were judged.
        flips: None where no pair was judged in both orders.
        notes: what a reader must know about the ratings.
        n_questions: that were asked; 0 of a panel, whose members were asked.
        usd: of the questions; None where any is unknown.
        seconds: mean per question felt live; None where none was.
        input_tokens, output_tokens: None where any is unknown.
        settling: what a judge that chose its pairs has settled, and what it did not have to ask;
            None of a member of a panel, and where all pairs were asked.
        settled_before: the answers of the run have changed since then.
    """

    judge: str
    version: int
    by: str
    role: str
    n_judged: int
    errors: dict[str, int]
    n_system_errors: int
    n_self: int
    n_expected: int
    agreement: Estimate | None
    commonest: float | None
    marks: tuple[Marked, ...]
    ties: float | None
    flips: OrderFlips | None
    notes: tuple[str, ...]
    n_questions: int
    usd: float | None
    seconds: float | None
    input_tokens: float | None
    output_tokens: float | None
    settling: Settling | None = None
    settled_before: bool = False


def judge_figures(
    verdicts: pd.DataFrame, settlings: Mapping[str, Settling] | None = None
) -> tuple[JudgeFigures, ...]:
    """The figures of every judge in a run's ``verdicts``, panels before their members.

    ``settlings`` say what the judges that chose their pairs have settled, by the judge's name.
    """
    found = [
        _with_settling(_figures(rows), settlings or {})
        for _, of_judge in sorted(groups(verdicts, "judge").items(), key=_by_key)
        for _, rows in sorted(groups(of_judge, "by").items(), key=_by_key)
    ]
    return tuple(sorted(found, key=lambda item: (item.judge, item.role == "member")))


def _with_settling(item: JudgeFigures, settlings: Mapping[str, Settling]) -> JudgeFigures:
    settling = settlings.get(item.judge)
    if settling is None or item.role == "member":
        return item
    return replace(item, settling=settling, settled_before=settling.judged != item.n_judged)


def order_flips(pairs: pd.DataFrame) -> OrderFlips | None:
    """How verdicts on ``pairs`` depend on the order; None where none was judged in both."""
    judged = pairs[pairs["status"] == "judged"]
    keys = [*_PAIR, "criterion"]
    forward = judged[judged["order"] == "ab"].set_index(keys)["verdict"]
    back = judged[judged["order"] == "ba"].set_index(keys)["verdict"]
    both = forward.to_frame("ab").join(back.to_frame("ba"), how="inner")
    if both.empty:
        return None
    changed, reversed_ = turned(both["ab"], both["ba"])
    return OrderFlips(n=len(both), n_changed=int(changed.sum()), n_reversed=int(reversed_.sum()))


def _figures(rows: pd.DataFrame) -> JudgeFigures:
    first = rows.iloc[0]
    judged = rows[rows["status"] == "judged"]
    failed = rows[rows["status"] == "judge_error"]
    paired = rows["system_a"].notna().any()
    asked = rows[rows["question_key"].notna()].drop_duplicates("question_key")
    known = judged[judged["agrees"].notna()]
    marks, notes = _ratings(judged) if paired else (_means(judged), ())
    seconds = numbers(asked, "seconds")
    felt = seconds[~np.isnan(seconds)]
    return JudgeFigures(
        judge=str(first["judge"]),
        version=int(first["judge_version"]),
        by=str(first["by"]),
        role=str(first["role"]),
        n_judged=len(judged),
        errors=counted(failed["error_kind"]),
        n_system_errors=int((rows["status"] == "system_error").sum()),
        n_self=int(judged["self_judged"].astype(bool).sum()),
        n_expected=int((judged["basis"] == "expected").sum()),
        agreement=_mean(numbers(known, "agrees"), known),
        commonest=float(known["right"].value_counts(normalize=True).iloc[0])
        if len(known)
        else None,
        marks=marks,
        ties=float((judged["verdict"] == "tie").mean()) if paired and len(judged) else None,
        flips=order_flips(rows) if paired else None,
        notes=notes,
        n_questions=len(asked),
        usd=known_total(numbers(asked, "usd")) if len(asked) else None,
        seconds=float(felt.mean()) if felt.size else None,
        input_tokens=known_total(numbers(asked, "input_tokens")) if len(asked) else None,
        output_tokens=known_total(numbers(asked, "output_tokens")) if len(asked) else None,
    )


def _means(judged: pd.DataFrame) -> tuple[Marked, ...]:
    found: list[Marked] = []
    for criterion, by_criterion in groups(judged, "criterion").items():
        for system, rows in groups(by_criterion, "system").items():
            values = numbers(rows, "value")
            found.append(
                Marked(
                    criterion=str(criterion),
                    system=str(system),
                    estimate=_mean(values, rows),
                    n=len(rows),
                    n_self=int(rows["self_judged"].astype(bool).sum()),
                    rating=False,
                )
            )
    return tuple(found)


def _mean(values: Floats, rows: pd.DataFrame) -> Estimate | None:
    """Mean with its clustered interval; as a rate, which stays within 0 and 1, where it is one."""
    clusters = (rows["task"] + "\N{INFORMATION SEPARATOR ONE}" + rows["cluster"]).to_numpy(
        dtype=str
    )
    rate = bool(np.isin(values, (0.0, 1.0)).all())
    return proportion(values, clusters) if rate else clustered_mean(values, clusters)


def _ratings(judged: pd.DataFrame) -> tuple[tuple[Marked, ...], tuple[str, ...]]:
    """Ratings by criterion, both orders as battles of one cluster; a note where there are none."""
    from evalsuite.errors import UserError
    from evalsuite.judging.ratings import rate

    marks: list[Marked] = []
    notes: list[str] = []
    for criterion, rows in groups(judged, "criterion").items():
        battles = rows.assign(
            a=rows["system_a"],
            b=rows["system_b"],
            outcome=rows["verdict"].map({"a": 1.0, "tie": 0.5, "b": 0.0}),
        )[["a", "b", "outcome", "cluster"]]
        try:
            rated = rate(battles)
        except UserError as error:
            notes.append(f"{criterion}: no ratings: {error}")
            continue
        notes.extend(f"{criterion}: {note}" for note in rated.notes)
        own = rows[rows["self_judged"].astype(bool)]
        marks.extend(_rated(str(criterion), row, own) for row in rated.table.to_dict("records"))
    return tuple(marks), tuple(notes)


def _rated(criterion: str, row: dict[Hashable, object], own: pd.DataFrame) -> Marked:
    def figure(name: str) -> float | None:
        value = float(str(row[name]))
        return None if np.isnan(value) else value

    value = figure("rating")
    n = int(str(row["battles"]))
    estimate = None
    if value is not None:
        estimate = Estimate(
            value=value, low=figure("low"), high=figure("high"), n=n, method="Bradley-Terry"
        )
    system = str(row["model"])
    n_self = int(((own["system_a"] == system) | (own["system_b"] == system)).sum())
    return Marked(
        criterion=criterion, system=system, estimate=estimate, n=n, n_self=n_self, rating=True
    )


def _by_key(item: tuple[Hashable, object]) -> str:
    return str(item[0])
