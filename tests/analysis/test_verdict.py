from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.analysis.verdict import Verdict, cost_share, headline, hybrid_sentence, verdict
from evalsuite.records import SystemEntry
from tests.analysis.frames import Given, Hop, build_run, system, task

SMALL, LARGE, VENDOR = system("small"), system("large"), system("vendor")
CASCADE = system("cascade", "hybrid", {"first": "small", "then": "large"})
CHEAP, MIDDLING, DEAR = Hop(usd=0.001), Hop(usd=0.004, role="then"), Hop(usd=0.01)


def answers(
    name: str, wrong: range, hop: Hop, *, n: int = 200, of: str = "t", failed: int = 0
) -> list[Given]:
    return [
        Given(
            task=of,
            system=name,
            sample=str(index),
            success=None if index < failed else index not in wrong,
            error_kind="timeout" if index < failed else None,
            hops=[hop],
        )
        for index in range(n)
    ]


def words(tmp_path: Path, systems: list[SystemEntry], *given: list[Given]) -> Verdict:
    return verdict(summary(tmp_path, systems, *given))


def summary(tmp_path: Path, systems: list[SystemEntry], *given: list[Given]) -> Summary:
    rows = [answer for some in given for answer in some]
    tasks = [task(name, family=f"family {name}") for name in sorted({row.task for row in rows})]
    return summarise(build_run(tmp_path, tasks, systems, rows))


def test_a_cheaper_system_shown_to_be_close_wins(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [SMALL, LARGE, CASCADE],
        answers("large", range(100), DEAR, n=1000),
        answers("cascade", range(102), MIDDLING, n=1000),
        answers("small", range(400), CHEAP, n=1000),
    )
    assert found.headline.startswith(
        "cascade answers as many right as large, shown to within 2 points, at 40 % of its cost "
        "(95 % CI 40–40 %): 89.8 % (95 % CI 87.8 to 91.5, n 1,000) against 90.0 %"
    )
    assert found.headline.endswith("Nothing cheaper is shown to.")


def test_a_cheaper_system_that_may_be_better_is_not_called_as_good(tmp_path: Path) -> None:
    found = summary(
        tmp_path,
        [LARGE, CASCADE],
        answers("large", range(100), DEAR, n=1000),
        answers("cascade", range(102), MIDDLING, n=1000),
    )
    (comparison,) = found.comparisons
    assert comparison.success is not None
    wide = replace(comparison.success.difference, low=-0.019, high=0.031)
    other = replace(comparison, success=replace(comparison.success, difference=wide))
    said = headline(replace(found, comparisons=(other,)))
    assert said.startswith("cascade is the cheapest system shown to stay within 2 points of the")
    assert "95 % CI −1.9 to +3.1" in said


@pytest.mark.parametrize(
    ("ratio", "said"), [(0.384, "38 %"), (0.1, "10 %"), (0.05, "1/20"), (1.0, "100 %")]
)
def test_a_share_of_a_cost(ratio: float, said: str) -> None:
    assert cost_share(ratio) == said


def test_a_small_difference_is_not_called_one(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [LARGE, CASCADE],
        answers("large", range(26), DEAR),
        answers("cascade", range(3, 27), MIDDLING),
    )
    per_right, sentence = found.comparisons
    assert per_right.startswith("A right answer of cascade costs $4.55 per 1,000, 0.40 of what")
    assert sentence.startswith("cascade answers 88.0 % right against large's 87.0 %")
    assert "difference +1.0 points, 95 % CI " in sentence
    assert "n 200: not distinguishable; this n shows differences from about" in sentence
    assert "at 40 % of its cost" in sentence


def test_undecided_is_said(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [LARGE, CASCADE],
        answers("large", range(3), DEAR, n=30),
        answers("cascade", range(5, 9), MIDDLING, n=30),
    )
    assert "Nothing cheaper was shown to stay within 2 points" in found.headline
    assert "the cheapest that may is cascade" in found.headline
    assert "undecided at n 30" in found.headline


def test_a_worse_system_is_called_worse(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [LARGE, SMALL],
        answers("large", range(10), DEAR),
        answers("small", range(100), CHEAP),
    )
    assert "each cheaper system is distinguishably worse, the nearest being small" in found.headline
    assert ": distinguishable)" in found.comparisons[0]


def test_best_and_cheapest_at_once(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [LARGE, SMALL],
        answers("large", range(50), DEAR),
        answers("small", range(10), CHEAP),
    )
    assert found.headline.startswith("small is right most often: 95.0 %")
    assert "it costs least as well" in found.headline


def test_an_unknown_cost_of_the_leader_is_said_and_the_rest_still_weighed(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [VENDOR, LARGE, SMALL],
        answers("vendor", range(0), Hop(usd=None)),
        answers("large", range(10), DEAR),
        answers("small", range(100), CHEAP),
    )
    assert found.headline.startswith("vendor is right most often: 100.0 %")
    assert "at an unknown cost. Of those whose cost is known, large is right most often" in (
        found.headline
    )
    assert "Cost unknown, for want of a price: vendor (200 of 200 answers)." in found.caveats


def test_nothing_known_of_any_cost(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [VENDOR, LARGE],
        answers("vendor", range(0), Hop(usd=None)),
        answers("large", range(9), Hop(usd=None)),
    )
    assert "nothing can be said of value for money" in found.headline
    assert "at an unknown ratio of costs" in found.comparisons[0]


def test_one_system_has_no_rival(tmp_path: Path) -> None:
    found = words(tmp_path, [SMALL], answers("small", range(20), CHEAP))
    assert "It has no comparable rival in this run." in found.headline
    assert "at $1.11 per 1,000 right answers" in found.headline


def test_no_system_was_asked_everything(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [SMALL, LARGE],
        answers("small", range(2), CHEAP, of="a", n=10),
        answers("large", range(2), DEAR, of="b", n=10),
    )
    assert found.headline.startswith("No overall winner")
    assert found.caveats[0].endswith("every task: small, large.")
    assert found.families[0].startswith("family a: small has 80.0 %")


def test_failures_are_told_with_what_they_could_mean(tmp_path: Path) -> None:
    found = words(tmp_path, [SMALL], answers("small", range(10, 20), CHEAP, failed=10))
    assert found.caveats == (
        "small: 10 of 200 answers failed or could not be scored; rates leave them out "
        "(counted as wrong: 90.0 %).",
    )


def test_a_run_that_was_stopped_says_who_has_how_many_answers(tmp_path: Path) -> None:
    run = build_run(
        tmp_path,
        [task("t", n=200)],
        [LARGE, SMALL, system("never")],
        [*answers("large", range(10), DEAR), *answers("small", range(2), CHEAP)[:50]],
    )
    manifest = msgspec.structs.replace(run.manifest, complete=False, stopped="max_usd 1 is spent")
    summed = summarise(replace(run, manifest=manifest))
    assert summed.best == "large", "50 answers of 200 are not comparable"
    assert verdict(summed).caveats[0] == (
        "The run was stopped early (max_usd 1 is spent). Answers there are: small 50 of 200, "
        "never 0."
    )


def test_cached_calls_and_notes_are_told(tmp_path: Path) -> None:
    hop = Hop(usd=0.001, seconds=None, cached=True)
    run = build_run(tmp_path, [task("t", n=200)], [SMALL], answers("small", range(10), hop))
    manifest = msgspec.structs.replace(run.manifest, notes=("the endpoint ignores `seed`",))
    summed = summarise(replace(run, manifest=manifest))
    figures = summed.system("small").figures
    assert figures.usd == pytest.approx(0.2) and figures.billed_usd == 0.0
    assert verdict(summed).caveats == (
        "Calls answered by the response cache: small 200 of 200. They cost here what they cost "
        "when they were made, were not billed again, and have no latency.",
        "The endpoint ignores `seed`.",
    )


def test_the_best_choice_of_a_family(tmp_path: Path) -> None:
    forest = system("forest", pattern="classical")
    found = words(
        tmp_path,
        [forest, LARGE, SMALL],
        answers("forest", range(20), Hop(usd=0.00005), of="tabular"),
        answers("large", range(18), DEAR, of="tabular"),
        answers("large", range(10), DEAR, of="text"),
        answers("small", range(100), CHEAP, of="text"),
    )
    assert found.families == (
        "family tabular: large leads with 91.0 % (95 % CI 86.2 to 94.2, n 200); forest (90.0 %) "
        "cannot be told apart from it at n 200, at 1/200 of its cost.",
        "family text: large leads with 95.0 % (95 % CI 91.0 to 97.3, n 200), ahead of small's "
        "50.0 % at 10 times its cost (95 % CI 10 to 10).",
    )


def test_a_cheap_leader_of_a_family(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [LARGE, SMALL],
        answers("small", range(18), CHEAP, of="a"),
        answers("large", range(20), DEAR, of="a"),
    )
    assert found.families[0].endswith(
        "cannot be told apart from large, but costs no more than any of them."
    )


def test_a_free_rival(tmp_path: Path) -> None:
    found = words(
        tmp_path,
        [SMALL, LARGE],
        answers("large", range(10), Hop(usd=0.0)),
        answers("small", range(100), CHEAP),
    )
    assert found.comparisons[0].endswith("while large cost nothing.")
    assert "at $0 per 1,000 right answers" in found.headline


def test_never_right(tmp_path: Path) -> None:
    found = words(tmp_path, [SMALL], answers("small", range(200), CHEAP))
    assert "with no success for the $0.200 it cost" in found.headline


def test_who_was_asked_inside_a_hybrid(tmp_path: Path) -> None:
    first, then = Hop(role="first", member="small"), Hop(role="then", member="large")
    rows = [
        Given(system="cascade", sample="0", hops=[first]),
        Given(system="cascade", sample="1", hops=[first, then]),
        Given(system="cascade", sample="2", hops=[first, then], success=False),
        Given(system="cascade", sample="3", hops=[first, then]),
    ]
    found = summary(tmp_path, [CASCADE], rows)
    assert hybrid_sentence(found.system("cascade")) == (
        "cascade, of 4 answers: first (small) in 100.0 %, last in 1 of which 100.0 % right; "
        "then (large) in 75.0 %, last in 3 of which 66.7 % right."
    )
