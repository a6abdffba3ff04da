"""All figures of all judges of a table of verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from evalsuite.analysis.intervals import LEVEL, Estimate, proportion
from evalsuite.analysis.judges.attack_figures import attack_figures, single_figures
from evalsuite.analysis.judges.attacks import Attacked, Battery
from evalsuite.analysis.judges.board import Board, board
from evalsuite.analysis.judges.doubts import doubts
from evalsuite.analysis.judges.figure import SECTIONS, Figure
from evalsuite.analysis.judges.human import human_figures
from evalsuite.analysis.judges.human_scores import score_figures
from evalsuite.analysis.judges.length_bias import length_figures
from evalsuite.analysis.judges.noise import noise_figures
from evalsuite.analysis.judges.order_bias import order_figures
from evalsuite.analysis.judges.probe import check_probe, probe_figures
from evalsuite.analysis.judges.self_preference import family_figures
from evalsuite.analysis.judges.table import Kind, Verdicts, check_verdicts
from evalsuite.analysis.judges.units import known, units_of
from evalsuite.analysis.judges.verdicts import cost_figures, spread_figures, verdict_figures
from evalsuite.judging.orders import VERDICTS

TABLE = (
    "judge",
    "criterion",
    "section",
    "figure",
    "value",
    "low",
    "high",
    "n",
    "n_without",
    "p_value",
    "unit",
    "method",
    "note",
)


@dataclass(frozen=True, kw_only=True)
class DomainAccuracy:
    """How often a judge agrees with people in one domain; failures left out, and counted."""

    domain: str
    accuracy: Estimate | None
    n_failed: int


@dataclass(frozen=True, kw_only=True)
class JudgeAudit:
    """One judge, on one criterion where there are several.

    Attributes:
        judge: its name.
        criterion: what it judged; "" where the table names none.
        kind: pairs, scores or labels.
        n_verdicts: verdicts asked for.
        n_units: different things it was asked about.
        n_failed: verdicts it did not give.
        figures: in the order of ``SECTIONS``.
        domains: accuracy by domain, for pairs and labels.
        doubts: reasons not to believe it, a sentence each.
        attacked: what a battery of attacks did to it; None where none was put to it.
    """

    judge: str
    criterion: str
    kind: Kind
    n_verdicts: int
    n_units: int
    n_failed: int
    figures: tuple[Figure, ...]
    domains: tuple[DomainAccuracy, ...]
    doubts: tuple[str, ...]
    attacked: Attacked | None = None

    @property
    def name(self) -> str:
        """Judge, and criterion where there is one."""
        return f"{self.judge}, {self.criterion}" if self.criterion else self.judge

    def figure(self, name: str) -> Figure:
        """The figure of that name.

        Raises:
            KeyError: this audit has none.
        """
        found = {figure.name: figure for figure in self.figures}
        if name not in found:
            raise KeyError(f"no figure {name}; there are {', '.join(found)}")
        return found[name]

    def section(self, section: str) -> list[Figure]:
        """The figures of a section."""
        return [figure for figure in self.figures if figure.section == section]


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """Judges on trial.

    Attributes:
        judges: an audit each, by name.
        boards: a leaderboard for each kind and criterion, over the items that all its judges were
            asked.
        level: coverage of all intervals.
        n_unused_labels: people's labels of items that no judge was asked about.
    """

    judges: tuple[JudgeAudit, ...]
    boards: tuple[Board, ...]
    level: float
    n_unused_labels: int

    def judge(self, name: str, criterion: str = "") -> JudgeAudit:
        """The audit of that judge.

        Raises:
            KeyError: there is none.
        """
        found = {(item.judge, item.criterion): item for item in self.judges}
        if (name, criterion) not in found:
            raise KeyError(f"no judge {name} {criterion}; there are {sorted(found)}")
        return found[name, criterion]

    @property
    def table(self) -> pd.DataFrame:
        """A figure a row: ``TABLE`` names the columns. Values are shares, not percent."""
        rows = [_row(item, figure) for item in self.judges for figure in item.figures]
        for item in self.judges:
            if item.attacked is not None:
                rows.extend(_row(item, figure) for figure in single_figures(item.attacked))
        return pd.DataFrame(rows, columns=list(TABLE))


def audit(
    frame: pd.DataFrame,
    labels: pd.DataFrame | None = None,
    *,
    probe: str | None = None,
    level: float = LEVEL,
) -> Audit:
    """Put the judges of a table of verdicts on trial.

    Args:
        frame: a verdict a row; columns as ``docs/judge-audit.md`` says.
        labels: people's verdicts, where they are not in a column ``human``.
        probe: a system whose answer is constant, or an attack; it should never win.
        level: two-sided coverage of all intervals.

    Raises:
        ConfigError: the table cannot be.
    """
    verdicts = check_verdicts(frame, labels)
    words = _labels(verdicts)
    if probe is not None:
        check_probe(verdicts.rows, probe)
    audits, boards = [], []
    for criterion, asked in verdicts.rows.groupby("criterion", sort=True):
        units = {}
        for judge, rows in asked.groupby("judge", sort=True):
            units[str(judge)] = units_of(rows, verdicts.kind)
            audits.append(
                _audit(rows, asked, units[str(judge)], verdicts.kind, words, probe, level=level)
            )
        boards.append(board(units, asked, verdicts.kind, str(criterion), level=level))
    return Audit(
        judges=tuple(audits),
        boards=tuple(boards),
        level=level,
        n_unused_labels=verdicts.n_unused_labels,
    )


def together(audits: Sequence[Audit]) -> Audit:
    """Audits of other judges, or of verdicts of other kinds, as one; they have the same level."""
    return Audit(
        judges=tuple(item for one in audits for item in one.judges),
        boards=tuple(item for one in audits for item in one.boards),
        level=audits[0].level,
        n_unused_labels=sum(one.n_unused_labels for one in audits),
    )


def with_attacks(audited: Audit, battery: Battery) -> Audit:
    """``audited`` with what ``battery`` did to those of its judges that it was put to."""
    found = {(item.judge, item.criterion): item for item in battery.judges}

    def of(item: JudgeAudit) -> JudgeAudit:
        attacked = found.get((item.judge, item.criterion))
        if attacked is None:
            return item
        places = list(SECTIONS)
        figures = [*item.figures, *attack_figures(attacked, level=audited.level)]
        figures.sort(key=lambda figure: places.index(figure.section))
        return replace(item, figures=tuple(figures), doubts=doubts(figures), attacked=attacked)

    boards = tuple(
        replace(
            one,
            places=tuple(
                replace(place, attacked=found[place.judge, one.criterion])
                if (place.judge, one.criterion) in found
                else place
                for place in one.places
            ),
        )
        for one in audited.boards
    )
    return replace(audited, judges=tuple(map(of, audited.judges)), boards=boards)


def _audit(
    rows: pd.DataFrame,
    everyone: pd.DataFrame,
    units: pd.DataFrame,
    kind: Kind,
    labels: Sequence[str],
    probe: str | None,
    *,
    level: float,
) -> JudgeAudit:
    if kind == "score":
        people = score_figures(units, level=level)
    else:
        people = human_figures(rows, units, labels, level=level)
    figures = [
        *verdict_figures(rows, kind, level=level),
        *(probe_figures(rows, kind, probe, level=level) if probe is not None else []),
        *people,
        *(order_figures(rows, level=level) if kind == "pairwise" else []),
        *length_figures(rows, kind, level=level),
        *family_figures(rows, everyone, kind, level=level),
        *noise_figures(rows, kind, level=level),
        *spread_figures(rows, kind, level=level),
        *cost_figures(rows, level=level),
    ]
    places = list(SECTIONS)
    return JudgeAudit(
        judge=str(rows["judge"].iloc[0]),
        criterion=str(rows["criterion"].iloc[0]),
        kind=kind,
        n_verdicts=len(rows),
        n_units=len(units),
        n_failed=int(rows["value"].isna().sum()),
        figures=tuple(sorted(figures, key=lambda figure: places.index(figure.section))),
        domains=() if kind == "score" else _domains(units, level),
        doubts=doubts(figures),
    )


def _domains(units: pd.DataFrame, level: float) -> tuple[DomainAccuracy, ...]:
    labelled = known(units, "human")
    if labelled.empty or (labelled["domain"] == "").all():
        return ()
    found = []
    for domain, part in labelled.groupby("domain", sort=True):
        given = known(part, "value")
        right = (given["value"].astype(object) == given["human"].astype(object)).astype(float)
        found.append(
            DomainAccuracy(
                domain=str(domain) or "(none)",
                accuracy=proportion(right, given["cluster"], level=level),
                n_failed=len(part) - len(given),
            )
        )
    return tuple(found)


def _labels(verdicts: Verdicts) -> list[str]:
    """Every word a judge or a person used, in order."""
    if verdicts.kind == "score":
        return []
    if verdicts.kind == "pairwise":
        return list(VERDICTS)
    both = pd.concat([verdicts.rows["value"], verdicts.rows["human"]]).dropna()
    return sorted(set(both))


def _row(item: JudgeAudit, figure: Figure) -> tuple[object, ...]:
    estimate = figure.estimate
    return (
        item.judge,
        item.criterion,
        figure.section,
        figure.name,
        None if estimate is None else estimate.value,
        None if estimate is None else estimate.low,
        None if estimate is None else estimate.high,
        figure.n,
        figure.n_without,
        figure.p_value,
        figure.unit,
        None if estimate is None else estimate.method,
        figure.note,
    )
