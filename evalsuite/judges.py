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

from pathlib import Path

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.judges.audit import Audit, DomainAccuracy, JudgeAudit, audit
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
from evalsuite.analysis.judges.recorded import of_run, read_verdicts
from evalsuite.errors import ConfigError
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

__all__ = [
    "Audit",
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
    "audit",
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
    "preference",
    "read_verdicts",
    "shown_first",
    "spearman_brown",
    "system_correlation",
    "vote",
    "win_rate",
    "write_report",
]


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
