"""Judges on trial: from a table of verdicts to how far they may be believed.

>>> import pandas as pd
>>> from evalsuite import judges
>>> verdicts = pd.DataFrame(
...     {
...         "judge": ["j", "j"],
...         "item": ["q1", "q2"],
...         "verdict": ["a", "b"],
...         "human": ["a", "a"],
...     }
... )
>>> judges.audit(verdicts).judge("j").figure("accuracy").estimate.value
0.5

``docs/judge-audit.md`` explains the columns and the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalsuite.analysis.intervals import LEVEL, Estimate
from evalsuite.analysis.judges.attacks import Attacked, AttackResult, Battery, read_battery
from evalsuite.analysis.judges.audit import (
    Audit,
    DomainAccuracy,
    JudgeAudit,
    audit,
    together,
    with_attacks,
)
from evalsuite.analysis.judges.board import Board, Elo, Place
from evalsuite.analysis.judges.estimates import (
    agreement_estimate,
    alpha_estimate,
    correlation_estimate,
    fleiss_estimate,
    kappa_estimate,
)
from evalsuite.analysis.judges.figure import Figure
from evalsuite.analysis.judges.panel import PanelFigure
from evalsuite.analysis.judges.recorded import of_run, read_judged, read_verdicts
from evalsuite.errors import ConfigError
from evalsuite.judge_attacks import ITEMS, AttackRun, prepare_attacks, run_attacks
from evalsuite.judging.agreement import (
    Joined,
    cohen_kappa,
    fleiss_kappa,
    join,
    percent_agreement,
)
from evalsuite.judging.correlation import (
    GroupedCorrelation,
    correlation,
    grouped_correlation,
    system_correlation,
)
from evalsuite.judging.dawid_skene import Consensus, dawid_skene
from evalsuite.judging.discrimination import (
    Discrimination,
    discrimination,
    discrimination_of_summaries,
)
from evalsuite.judging.icc import Reliability, intraclass_correlation, spearman_brown
from evalsuite.judging.krippendorff import krippendorff_alpha
from evalsuite.judging.orders import combine, of_systems
from evalsuite.judging.panels import PanelVote, log_odds_weight, mean_score, vote
from evalsuite.judging.preferences import (
    WinRate,
    first_preferred,
    preference,
    shown_first,
    win_rate,
)
from evalsuite.library.attack_files import read_attacks
from evalsuite.running.events import Event
from evalsuite.store import Run, load_run

if TYPE_CHECKING:
    from evalsuite.running.plan import Plan

__all__ = [
    "AttackResult",
    "Attacked",
    "Audit",
    "Battery",
    "Board",
    "Consensus",
    "Discrimination",
    "DomainAccuracy",
    "Elo",
    "Estimate",
    "Figure",
    "GroupedCorrelation",
    "Joined",
    "JudgeAudit",
    "PanelFigure",
    "PanelVote",
    "Place",
    "Reliability",
    "WinRate",
    "agreement_estimate",
    "alpha_estimate",
    "attack",
    "audit",
    "audit_battery",
    "audit_run",
    "cohen_kappa",
    "combine",
    "correlation",
    "correlation_estimate",
    "dawid_skene",
    "discrimination",
    "discrimination_of_summaries",
    "first_preferred",
    "fleiss_estimate",
    "fleiss_kappa",
    "grouped_correlation",
    "intraclass_correlation",
    "join",
    "kappa_estimate",
    "krippendorff_alpha",
    "log_odds_weight",
    "mean_score",
    "of_run",
    "of_systems",
    "percent_agreement",
    "plan_attack",
    "preference",
    "read_battery",
    "read_verdicts",
    "shown_first",
    "spearman_brown",
    "system_correlation",
    "together",
    "vote",
    "win_rate",
    "with_attacks",
    "write_report",
]


def attack(
    judge: str,
    *,
    by: str | Sequence[str],
    on: Run | Path | str | None = None,
    items: str | None = None,
    limit: int = ITEMS,
    attacks: Path | str | None = None,
    only: Sequence[str] = (),
    seed: int = 0,
    further: Mapping[str, Any] | None = None,
    out: Path | str | None = None,
    tell: Callable[[Event], None] | None = None,
    **options: Any,
) -> Battery:
    """Put a battery of attacks to a judge: does a bad answer get a better verdict with one.

    Args:
        judge: a shipped judge, or a ``.yaml`` file.
        by: the system that applies it, or several: of ``further``, of the experiment of ``on``, or
            a model in short ("embedded/nano").
        on: a finished run, whose bad answers are attacked with; answers of our own unless given.
        items: which of our own: "sums", "stories", "claims" or "harm"; what suits the judge unless
            given.
        limit: how many bad answers; of a run, of each task.
        attacks: a file of attacks in place of those that ship.
        only: ids of attacks to try; all unless given. The harmless control is always asked.
        seed: of the answers that are drawn.
        further: systems that may judge, as in an experiment.
        out: the folder of the battery's run.
        tell: called with every Event.
        options: further keys of an entry of ``judges:``: ``form``, ``aggregate``, ``weights``,
            ``repeats``, ``validation_share``, ``max_usd``, ``max_tokens``.

    Returns:
        The battery with its figures. The same call again asks only what has no answer yet.

    Raises as ``evalsuite.run`` does.
    """
    prepared = _prepared(
        {"judge": judge, "by": by, **options},
        on=on,
        items=items,
        limit=limit,
        attacks=attacks,
        only=only,
        seed=seed,
        further=further,
        out=out,
    )
    run_attacks(prepared, tell or (lambda event: None))
    return read_battery(prepared.folder)


def plan_attack(
    judge: str,
    *,
    by: str | Sequence[str],
    on: Run | Path | str | None = None,
    items: str | None = None,
    limit: int = ITEMS,
    attacks: Path | str | None = None,
    only: Sequence[str] = (),
    seed: int = 0,
    further: Mapping[str, Any] | None = None,
    **options: Any,
) -> Plan:
    """The calls that ``attack`` would make from scratch, with their tokens and cost as ranges."""
    from evalsuite.running.plan import plan

    prepared = _prepared(
        {"judge": judge, "by": by, **options},
        on=on,
        items=items,
        limit=limit,
        attacks=attacks,
        only=only,
        seed=seed,
        further=further,
        out=None,
    )
    return plan(prepared.experiment)


def audit_run(run: Path | str, *, probe: str | None = None, level: float = LEVEL) -> Audit:
    """Put the judges of a judged run on trial; what people's labels or its scores say is right.

    Args:
        run: the folder of a run, or of one judging (``RUN/judging/NAME``).
        probe: as of ``audit``; of the judges that judged it.
        level: coverage of all intervals.

    Raises:
        UserError: there is no run, or none of its answers was judged.
    """
    frames = read_judged(Path(run))
    return together([audit(frame, probe=probe, level=level) for frame in frames])


def audit_battery(battery: Battery, *, level: float = LEVEL) -> Audit:
    """Put the judges of a battery on trial: their verdicts without an attack, and what attacks did.

    Which answers are right is known, so agreement is with that and not with people.
    """
    return with_attacks(audit(of_run(battery.controls), level=level), battery)


def _prepared(
    content: Mapping[str, Any],
    *,
    on: Run | Path | str | None,
    attacks: Path | str | None,
    only: Sequence[str],
    further: Mapping[str, Any] | None,
    out: Path | str | None,
    **rest: Any,
) -> AttackRun:
    if on is not None and rest["items"] is not None:
        raise ConfigError("either a run's answers or our own items are attacked with, not both")
    file = read_attacks(None if attacks is None else Path(attacks))
    return prepare_attacks(
        content,
        file.only(only) if only else file,
        on=on if on is None or isinstance(on, Run) else load_run(on),
        further=further or {},
        out=None if out is None else Path(out),
        **rest,
    )


def write_report(audited: Audit, folder: Path | str) -> list[Path]:
    """Write what an audit found: pages, Markdown and a table.

    ``index.html`` is the leaderboard, each judge has a page of its own, ``audit.md`` holds all of
    it, ``figures.csv`` a figure a row. The pages need no network and no script.

    Raises:
        ConfigError: ``folder`` is a file.
    """
    from evalsuite.reporting.judge_html import write_pages
    from evalsuite.reporting.judge_markdown import audit_markdown

    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise ConfigError(f"{place}: is a file; name a folder")
    written = write_pages(audited, place)
    text, table = place / "audit.md", place / "figures.csv"
    text.write_text(audit_markdown(audited), encoding="utf-8")
    audited.table.to_csv(table, index=False)
    return [*written, text, table]
