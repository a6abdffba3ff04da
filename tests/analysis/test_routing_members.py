"""A hybrid beside its members: by hand, and in a report."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from evalsuite import routing
from evalsuite.analysis.summary import summarise
from evalsuite.errors import UserError
from evalsuite.reporting.html import to_html
from evalsuite.reporting.json_report import json_value
from evalsuite.reporting.markdown import to_markdown
from evalsuite.reporting.terminal import render_terminal
from evalsuite.routing import Rows
from tests.analysis.frames import Given, Hop, build_run, system, task


def rows(n: int = 40, *, usd: float | None = 1.0) -> Rows:
    """The small member is right on every second sample, the large one on all but every tenth.

    The hybrid keeps the small one's answer where that is right, else it asks the large one.
    """
    index = np.arange(n)
    small, large = (index % 2 == 0).astype(float), (index % 10 != 9).astype(float)
    cost = np.full(n, np.nan if usd is None else usd)
    return Rows(
        members=("small", "large"),
        hybrid_success=np.where(small == 1, small, large),
        hybrid_usd=cost * (1 + 10 * (small == 0)),
        success=np.column_stack([small, large]),
        usd=np.column_stack([cost, cost * 10]),
        clusters=index.astype(str),
        strata=np.full(n, "t"),
    )


def test_figures_by_hand() -> None:
    found = routing.against_members(rows())
    assert (found.n, found.weak, found.strong) == (40, "small", "large")
    assert found.success.value == pytest.approx(0.9)
    assert found.gap_recovered is not None
    assert found.gap_recovered.value == pytest.approx((0.9 - 0.5) / (0.9 - 0.5))
    assert found.cost_share is not None and found.cost_share.value == pytest.approx(6 / 10)
    # A mixture for $6 asks the large one in 5 of 9 cases.
    assert found.random_mix is not None
    assert found.random_mix.value == pytest.approx(0.5 + 5 / 9 * 0.4)
    assert found.above_random is not None and found.above_random.low is not None
    assert found.above_random.value == pytest.approx(0.9 - found.random_mix.value)
    # Hindsight asks the large one where it alone is right; nobody is right on every tenth.
    assert found.oracle.usd is not None
    assert found.oracle.success.value == pytest.approx(0.9)
    assert found.oracle.usd.value == pytest.approx((0.5 + 0.1) * 1 + 0.4 * 10)


def test_unknown_costs_are_unknown() -> None:
    found = routing.against_members(rows(usd=None))
    assert found.gap_recovered is not None
    assert found.cost_share is found.random_mix is found.above_random is found.oracle.usd is None
    assert found.oracle.success.value == pytest.approx(0.9)
    free = routing.against_members(rows(usd=0.0))
    assert free.cost_share is None and free.random_mix is not None
    assert free.random_mix.value == pytest.approx(0.9), "for nothing one gets the best"


def test_every_task_weighs_the_same() -> None:
    one, other = rows(40), rows(10)
    both = Rows(
        members=one.members,
        hybrid_success=np.concatenate([one.hybrid_success, np.zeros(10)]),
        hybrid_usd=np.concatenate([one.hybrid_usd, other.hybrid_usd]),
        success=np.concatenate([one.success, other.success]),
        usd=np.concatenate([one.usd, other.usd]),
        clusters=np.arange(50).astype(str),
        strata=np.array(["a"] * 40 + ["b"] * 10),
    )
    found = routing.against_members(both)
    assert found.success.value == pytest.approx(0.45)


def test_an_oracle_says_what_it_cannot_do() -> None:
    nan = np.nan
    found = routing.oracle_of_members([[0, 1], [nan, 0], [1, nan]], [[1, 5], [1, 5], [2, 5]])
    assert found.usd is not None
    assert found.success.value == pytest.approx(2 / 3)
    assert found.usd.value == pytest.approx((5 + 5 + 2) / 3), "who has no answer is not chosen"
    for success, usd, message in (
        ([[nan, nan]], None, "no member has a scored answer"),
        ([0, 1], None, "a table"),
        ([[0, 2]], None, "0 and 1"),
        ([[0, 1]], [[1.0]], "must have the shape"),
    ):
        with pytest.raises(ValueError, match=message):
            routing.oracle_of_members(success, usd)


def test_deferring_at_random() -> None:
    small, large = [0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]
    assert routing.random_deferral(small, large, 0.5, small_usd=1, large_usd=10) == (0.5, 6)
    with pytest.raises(ValueError, match="between 0 and 1"):
        routing.random_deferral(small, large, 1.5, small_usd=1, large_usd=10)


def answered(name: str, success: list[bool], *hops: Hop) -> list[Given]:
    return [
        Given(task="sums", sample=f"s{i}", system=name, success=right, hops=hops)
        for i, right in enumerate(success)
    ]


def test_a_report_has_it(tmp_path: Path) -> None:
    n = 30
    small, large = Hop(role="", member="small", usd=0.001), Hop(role="", member="large", usd=0.01)
    run = build_run(
        tmp_path / "run",
        [task("sums", "reasoning", n)],
        [
            system("small"),
            system("large"),
            system("mine", "hybrid", {"tier_1": "small", "tier_2": "large", "verifier": "large"}),
            system("votes", "hybrid", {"member_1": "small"}, pattern="committee"),
            system("hidden", "hybrid", {"tier_1": "other", "tier_2": "large"}),
        ],
        [
            *answered("small", [i % 2 == 0 for i in range(n)], small),
            *answered("large", [i % 10 != 9 for i in range(n)], large),
            *answered("mine", [i % 10 != 9 for i in range(n)], small, small),
            *answered("votes", [True] * n, small),
            *answered("hidden", [True] * n, small),
        ],
    )
    summary = summarise(run)
    assert list(summary.against_members) == ["mine"]
    item = summary.against_members["mine"]
    assert item == routing.against_its_members(run, "mine")
    assert (item.weak, item.strong) == ("small", "large")
    assert json_value(summary)["against_members"]["mine"]["oracle"]["usd"]["value"] > 0
    markdown = to_markdown(summary)
    section = markdown.split("## Against its members")[1].split("##")[0]
    assert "| mine | 90.0 %" in section and "| 100.0 %" in section and "| 0.20 (" in section
    assert "no system" in section, "an oracle is not taken for one"
    page = to_html(run, summary)
    assert '<h3 id="members">Against its members</h3>' in page
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    render_terminal(summary, console)
    said = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    assert "mine, n 30: recovers 100.0 %" in said
    assert "of the gap from small to large at 0.20 of large's cost" in said
    for name, message in (("votes", "not one of its systems"), ("hidden", "in common")):
        with pytest.raises(UserError, match=message):
            routing.against_its_members(run, name)
