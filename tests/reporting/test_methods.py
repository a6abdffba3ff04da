from __future__ import annotations

from pathlib import Path

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.methods import methods, prices
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import Reported


def texts(reported: Reported) -> dict[str, str]:
    return {item.title: item.text for item in methods(reported.run, reported.summary)}


def test_it_names_this_runs_n(reported: Reported) -> None:
    said = texts(reported)
    assert "1 of 108 answers failed" in said["Rates"]
    assert "ranked: 4 of 5" in said["Tasks"]
    assert "11 to 24 pairs a comparison" in said["Pairs"]
    assert said["Clusters"] == "Each of the 24 samples stands for itself."
    n = len(reported.summary.comparisons)
    assert f"Holm's correction over all {n} comparisons" in said["Tests"]
    assert "answers in flight: 4" in said["Time"]


def test_clusters_are_counted_within_tasks(tmp_path: Path) -> None:
    rows = [
        Given(task=name, sample=f"{name}{i}", cluster=f"page-{i // 2}")
        for name in ("a", "b")
        for i in range(4)
    ]
    run = build_run(tmp_path, [task("a", n=4), task("b", n=4)], [system("small")], rows)
    said = texts(Reported(run=run, summary=summarise(run)))
    assert said["Clusters"].startswith("8 samples in 4 clusters")
    assert said["Tests"] == "No two systems were compared."


def test_like_prices_stand_together_with_who_stated_them() -> None:
    price = {"usd_per_machine_hour": 0.08, "source": "assumed", "usd_per_kwh": None}
    found = prices(
        [
            system("a", price=price),
            system("b", price=price),
            system("c"),
            system("d", "hybrid", {"x": "a"}),
        ]
    )
    assert [item.systems for item in found] == [("a", "b"), ("c",)]
    assert found[0].price == (("usd per machine hour", "0.08"),)
    assert found[0].source == "assumed"
    assert found[1].price == () and found[1].source == ""
