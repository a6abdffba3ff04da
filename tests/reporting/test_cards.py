from __future__ import annotations

from pathlib import Path

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.reporting.cards import as_good_for_less, cards
from tests.analysis.frames import Given, Hop, build_run, system, task
from tests.reporting.conftest import Reported


def summary_of(tmp_path: Path, n: int, **systems: tuple[int, float | None]) -> Summary:
    """Systems that are right on their first so many of ``n`` samples, at a price an answer."""
    rows = [
        Given(sample=str(i), system=name, success=i < n_right, hops=[Hop(usd=usd)])
        for name, (n_right, usd) in systems.items()
        for i in range(n)
    ]
    run = build_run(tmp_path, [task(n=n)], [system(name) for name in systems], rows)
    return summarise(run)


def test_a_cheaper_system_shown_to_be_as_good_is_named_with_its_share(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, 600, small=(300, 0.001), mix=(480, 0.004), large=(480, 0.01))
    best, close, cheapest = cards(summary)
    # equal rates: the cheaper one leads, and nothing cheaper is as good
    assert (best.system, best.figure) == ("mix", "80.0 %")
    assert best.spread.endswith("n 600")
    assert close.figure == "none shown"
    assert close.note == "every cheaper system is distinguishably worse"
    assert (cheapest.system, cheapest.figure) == ("small", "$2.00 per 1,000")
    assert cheapest.note == "50.0 % right"


def test_within_the_margin_and_shown(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, 600, mix=(479, 0.004), large=(480, 0.01))
    _, close, cheapest = cards(summary)
    found = as_good_for_less(summary)
    assert found is not None and found.success is not None and found.usd_ratio is not None
    assert found.success.difference.low is not None and found.success.difference.low > -0.02
    assert (close.system, close.figure) == ("mix", "40 % of its cost")
    assert close.note.startswith("−0.2 points right (−")
    assert cheapest.system == "mix"


def test_an_undecided_rival_is_named_as_such(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, 30, mix=(23, 0.004), large=(24, 0.01))
    close = cards(summary)[1]
    assert close.system == "" and close.figure == "none shown"
    assert close.note.startswith("undecided: mix, −3.3 points (")
    assert close.note.endswith("40 % of its cost, n 30")


def test_the_best_may_be_the_cheapest(tmp_path: Path) -> None:
    close = cards(summary_of(tmp_path, 30, mix=(24, 0.004), large=(23, 0.01)))[1]
    assert (close.system, close.figure, close.note) == ("mix", "itself", "it costs least as well")


def test_unknown_costs_are_never_low(reported: Reported) -> None:
    best, close, cheapest = cards(reported.summary)
    assert best.system == "vendor"
    assert best.note == "1 failed answers, not counted as wrong"
    assert close.figure == "none shown" and close.note == "what vendor costs is unknown"
    assert cheapest.system == "small"
    assert cheapest.note.endswith("1 of 4 systems have no such cost")


def test_one_system_has_cards_of_its_own(tmp_path: Path) -> None:
    titles = [card.title for card in cards(summary_of(tmp_path, 30, only=(20, 0.01)))]
    assert titles == ["Right", "A thousand right answers", "Half of the answers within"]


def test_nobody_right_costs_without_end(tmp_path: Path) -> None:
    card = cards(summary_of(tmp_path, 30, only=(0, 0.01)))[1]
    assert card.figure == "∞" and card.note == "no success for $0.300"
    pair = cards(summary_of(tmp_path, 30, one=(0, 0.01), other=(0, 0.02)))
    assert pair[2].figure == "unknown"
