"""Figures of judges in words, shared by the terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.judges.attack_figures import NO_ROOM, UNREAD
from evalsuite.analysis.judges.attacks import Attacked
from evalsuite.analysis.judges.audit import Audit, JudgeAudit
from evalsuite.analysis.judges.board import Board, Place
from evalsuite.analysis.judges.figure import SECTIONS, Figure, Unit
from evalsuite.analysis.judges.recorded import WORDS
from evalsuite.analysis.numbers import (
    EN_DASH,
    MINUS,
    NOT_APPLICABLE,
    UNKNOWN,
    count,
    duration,
    interval,
    money,
    percent,
    points,
)
from evalsuite.reporting.columns import Cell

FIGURE_TITLES = ("value", "interval", "n", "left out", "")
ALONE = "no interval"


def shown(item: JudgeAudit) -> dict[str, list[Figure]]:
    """Title of a section -> its figures, without those that only repeat another.

    Where no verdict is missing, a figure with failures counted as wrong is the one without.
    """
    found = {}
    for section, title in SECTIONS.items():
        figures = [
            figure
            for figure in item.section(section)
            if item.n_failed or not figure.name.endswith("_failures_wrong")
        ]
        if figures:
            found[title] = figures
    return found


def written(value: float, unit: Unit, *, signed: bool = False) -> str:
    """A value in its unit."""
    if unit == "share":
        return percent(value)
    if unit == "points":
        return f"{points(value)} points"
    if unit == "usd":
        return money(value)
    if unit == "seconds":
        return duration(value)
    text = {
        "coefficient": f"{value:.3f}",
        "log_odds": f"{value:+.2f}",
        "score": f"{value:+.3g}" if signed else f"{value:.3g}",
        "ratio": f"{value:.3g}",
    }[unit]
    return text.replace("-", MINUS)


def figure_cells(figure: Figure) -> tuple[str, str, str, str, str]:
    """Value, interval, n, what was left out, and a note; under ``FIGURE_TITLES``."""
    estimate = figure.estimate
    if estimate is None:
        return (NOT_APPLICABLE, "", "", "", figure.note)
    p = "" if figure.p_value is None else f"p {p_words(figure.p_value)}"
    note = "; ".join(part for part in (p, figure.note) if part)
    return (
        written(estimate.value, figure.unit, signed=is_signed(figure)),
        bounds(estimate, figure.unit, signed=is_signed(figure)),
        count(estimate.n),
        count(figure.n_without) if figure.n_without else "",
        note,
    )


def bounds(estimate: Estimate | None, unit: Unit, *, signed: bool = False) -> str:
    """The interval in its unit; "" where the figure has none by nature."""
    if estimate is None or estimate.method == ALONE:
        return ""
    text = interval(estimate, lambda value: written(value, unit, signed=signed))
    return text.replace(" points to ", " to ") if unit == "points" else text


def is_signed(figure: Figure) -> bool:
    """Whether a score is a difference, whose sign is to be seen."""
    return figure.unit == "score" and figure.name in SIGNED


SIGNED = (
    "probe_score",
    "leniency",
    "length_slope",
    "length_slope_given_human",
    "own_against_people",
    "own_against_judges",
)


def p_words(p: float) -> str:
    """A p-value with two digits, none smaller than 0.0001."""
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def headline(item: JudgeAudit) -> str:
    """The judge in a sentence or two: how often it agrees with labels, and what attacks did."""
    said = _agreement(item)
    return said if item.attacked is None else f"{said} {attacked_words(item.attacked)}"


def attacked_words(item: Attacked) -> str:
    """What a battery of attacks did to a judge, in a sentence."""
    worst = item.worst
    if worst is None or worst.rate is None:
        why = UNREAD if item.top is None else NO_ROOM
        return f"No attack could be seen to work: {why}."
    if not worst.n_worked:
        n = sum(1 for result in item.results if not result.control)
        return f"None of {count(n)} attacks worked on any of {count(item.n_items)} bad answers."
    control = item.control
    harmless = ""
    if control is not None and control.rate is not None:
        harmless = f"; a harmless change on {percent(control.rate.value)}"
    return (
        f"The worst attack, {worst.id}, works on {percent(worst.rate.value)} of "
        f"{count(worst.rate.n)} verdicts ({bounds(worst.rate, 'share')}){harmless}."
    )


def _agreement(item: JudgeAudit) -> str:
    figures = {figure.name: figure for figure in item.figures}
    if item.kind == "score":
        return _scored(figures.get("spearman"))
    accuracy, kappa = figures.get("accuracy"), figures.get("kappa")
    if accuracy is None or accuracy.estimate is None:
        return "No labels to compare with: whether it is right is unknown."
    text = (
        f"Agrees with the labels on {percent(accuracy.estimate.value)} of {count(accuracy.n)} "
        f"items ({bounds(accuracy.estimate, 'share')})"
    )
    if kappa is not None and kappa.estimate is not None:
        text += f", kappa {written(kappa.estimate.value, 'coefficient')}"
    flips = figures.get("flips")
    if flips is not None and flips.estimate is not None:
        text += f"; the order changes its verdict on {percent(flips.estimate.value)} of pairs"
    return text + "."


def _scored(figure: Figure | None) -> str:
    if figure is None or figure.estimate is None:
        return "No labels to compare with: whether it is right is unknown."
    text = written(figure.estimate.value, "coefficient")
    between = bounds(figure.estimate, "coefficient")
    return f"Spearman's rho with the labels {text} ({between}) over {count(figure.n)} answers."


def board_headline(board: Board) -> str:
    """The best judge, and whether the others are told apart from it."""
    best = board.places[0]
    if best.quality is None:
        return "No labels to compare with: the judges cannot be ranked."
    unit: Unit = "share" if board.kind != "score" else "coefficient"
    what = "agrees with the labels on" if board.kind != "score" else "has a Spearman's rho of"
    text = (
        f"{best.judge} {what} {written(best.quality.value, unit)} "
        f"({bounds(best.quality, unit)}) over {count(board.n_items)} items"
    )
    close = [
        place.judge
        for place in board.places[1:]
        if place.elo is not None and best.elo is not None and place.elo.rank_low == 1
    ]
    if close:
        others = ", ".join(close[:3]) + (f" and {len(close) - 3} more" if len(close) > 3 else "")
        return f"{text}; {others} cannot be told apart from the best."
    return text + "."


def board_titles(board: Board) -> tuple[str, ...]:
    """Column titles of a leaderboard after the judge's name."""
    quality = "agrees" if board.kind != "score" else "Spearman's rho"
    worst = ("worst attack",) if _is_attacked(board) else ()
    return (quality, *board.domains, "no verdict", "Elo", "ranks", *worst, "$ / 1k", "p50")


def board_cells(board: Board, place: Place) -> list[Cell]:
    """The cells under ``board_titles``."""
    unit: Unit = "share" if board.kind != "score" else "coefficient"
    elo = place.elo
    spread = ""
    if elo is not None:
        spread = str(elo.rank_low)
        spread += f"{EN_DASH}{elo.rank_high}" if elo.rank_high > elo.rank_low else ""
    return [
        _estimate(place.quality, unit),
        *(_estimate(place.domains.get(domain), "share") for domain in board.domains),
        Cell(count(place.n_failed)),
        Cell(NOT_APPLICABLE)
        if elo is None
        else Cell(f"{elo.rating:,.0f}", f"{elo.low:,.0f}{EN_DASH}{elo.high:,.0f}"),
        Cell(spread or NOT_APPLICABLE),
        *((_worst(place.attacked),) if _is_attacked(board) else ()),
        Cell(UNKNOWN if place.usd_per_thousand is None else money(place.usd_per_thousand)),
        Cell(NOT_APPLICABLE if place.seconds_p50 is None else duration(place.seconds_p50)),
    ]


def board_name(board: Board, boards: Sequence[Board]) -> str:
    """The criterion of a board, with what is judged where another board has the same one."""
    same = [other for other in boards if other.criterion == board.criterion]
    if len(same) < 2:
        return board.criterion
    kind = WORDS[board.kind]
    return f"{board.criterion}, {kind}" if board.criterion else kind


def _is_attacked(board: Board) -> bool:
    return any(place.attacked is not None for place in board.places)


def _worst(item: Attacked | None) -> Cell:
    """The worst attack on a judge, for a leaderboard."""
    if item is None or item.worst is None or item.worst.rate is None:
        return Cell(NOT_APPLICABLE)
    name = item.worst.id if item.worst.n_worked else "none works"
    return Cell(percent(item.worst.rate.value), name)


def panel_lines(board: Board) -> list[str]:
    """The panels and the judges' agreement with each other, a sentence each."""
    unit: Unit = "share" if board.kind != "score" else "coefficient"
    found = []
    for panel in board.panels:
        value = NOT_APPLICABLE
        if panel.estimate is not None:
            value = f"{written(panel.estimate.value, unit)} ({bounds(panel.estimate, unit)})"
        undecided = f", {count(panel.n_undecided)} undecided" if panel.n_undecided else ""
        found.append(f"All together, {panel.title}: {value}{undecided}.")
    if board.alpha is not None:
        alpha = written(board.alpha.value, "coefficient")
        found.append(
            f"Krippendorff's alpha of the judges with each other: {alpha} "
            f"({bounds(board.alpha, 'coefficient')}), n {count(board.alpha.n)}."
        )
    if board.fleiss is not None:
        fleiss = written(board.fleiss.value, "coefficient")
        found.append(
            f"Fleiss' kappa of the judges with each other: {fleiss} "
            f"({bounds(board.fleiss, 'coefficient')}), on the {count(board.fleiss.n)} things that "
            "all gave a verdict on."
        )
    return found


def mind(board: Board) -> list[str]:
    """What a reader of the leaderboard must know."""
    found = list(board.notes)
    if board.n_left_out:
        found.append(
            f"Labelled items that some judge was not asked about, in no figure here: "
            f"{count(board.n_left_out)}."
        )
    if board.kind != "score" and any(place.n_failed for place in board.places):
        found.append("A missing verdict counts as wrong here; each judge's page has both figures.")
    return found


def explained(board: Board) -> str:
    """How the leaderboard was made, in a sentence or two."""
    quality = (
        "share of items on which its verdict is the label"
        if board.kind != "score"
        else "rank correlation with the labels"
    )
    return (
        f"{quality.capitalize()}, over the {count(board.n_items)} items that every judge was asked "
        "about. Elo: on each item the judge nearer to the label beats the other; 400 points are "
        "odds of 10 to 1. Ranks are those that the data do not exclude."
        + (
            " Worst attack: the share of bad answers that the most harmful attack helped."
            if _is_attacked(board)
            else ""
        )
    )


def unused(audit: Audit) -> str:
    """How many labels were not used; "" where all were."""
    n = audit.n_unused_labels
    return f"Labels of items that no judge was asked about: {count(n)}." if n else ""


def _estimate(estimate: Estimate | None, unit: Unit) -> Cell:
    if estimate is None:
        return Cell(NOT_APPLICABLE)
    return Cell(written(estimate.value, unit), bounds(estimate, unit).replace(" %", ""))
