from __future__ import annotations

import pytest

from evalsuite.reporting.strips import MOST_DOTS, lay_out
from tests.reporting.conftest import Reported


def test_quartiles_in_order_and_everything_inside(reported: Reported) -> None:
    reported.run.responses["seconds"] = [
        0.01 * 1.05**index for index in range(len(reported.run.responses))
    ]
    strips = lay_out(reported.run, reported.summary, width=900)
    assert strips is not None
    assert {row.name for row in strips.rows} == {"small", "large", "vendor", "cascade", "forest"}
    for row in strips.rows:
        assert row.p5 <= row.p25 <= row.p50 <= row.p75 <= row.p95
        assert len(row.dots) <= MOST_DOTS
        assert all(strips.left <= x <= strips.right and 0 < y < strips.height for x, y in row.dots)


def test_equal_times_are_one_place(reported: Reported) -> None:
    strips = lay_out(reported.run, reported.summary, width=900)
    assert strips is not None
    (place,) = {row.p50 for row in strips.rows}
    assert place == pytest.approx(450, abs=1)
    assert strips.rows[0].label == "median 100 ms, n 24"


def test_untimed_runs_have_no_figure(reported: Reported) -> None:
    reported.run.responses["seconds"] = None
    assert lay_out(reported.run, reported.summary, width=900) is None
