from __future__ import annotations

import pandas as pd
import pytest

from evalsuite.errors import ConfigError
from evalsuite.ratings import online_elo

from .conftest import simulated


def test_two_battles_by_hand() -> None:
    """x beats y: +-2 of 4 points at stake; then they tie with x 4 points ahead."""
    frame = pd.DataFrame({"a": ["x", "y"], "b": ["y", "x"], "outcome": [1.0, 0.5]})
    table = online_elo(frame, orders=0).set_index("model")
    expected = 1 / (1 + 10 ** (-4 / 400))
    assert table.loc["x", "elo"] == pytest.approx(1002 + 4 * (0.5 - expected))
    assert table["elo"].sum() == pytest.approx(2000)
    assert table["median"].isna().all()
    assert table["battles"].tolist() == [2, 2]


def test_order_matters_and_is_shown() -> None:
    frame = simulated(1)
    given = online_elo(frame, k=16, orders=50)
    reverse = online_elo(frame.iloc[::-1], k=16, orders=50)
    merged = given.merge(reverse, on="model", suffixes=("", "_reverse"))
    assert (merged["elo"] - merged["elo_reverse"]).abs().max() > 5
    assert (given["lowest"] < given["median"]).all() and (given["median"] < given["highest"]).all()
    pd.testing.assert_frame_equal(given, online_elo(frame, k=16, orders=50), check_exact=True)


@pytest.mark.parametrize("options", [{"k": 0}, {"orders": -1}])
def test_options_that_cannot_be(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="online Elo needs"):
        online_elo(simulated(1), **options)  # type: ignore[arg-type]
