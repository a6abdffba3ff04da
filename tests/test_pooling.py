"""Several runs as one: what is paired, what is kept apart, and that figures stay what they were."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.errors import UserError
from evalsuite.pooling import pool
from evalsuite.records import SystemEntry, TaskEntry
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

RIGHT, WRONG, FAILED = True, False, None


def run(
    name: str,
    answers: Sequence[Given],
    systems: Sequence[SystemEntry],
    tasks: Sequence[TaskEntry] | None = None,
    *,
    folder: str = "",
    prompts: dict[str, str] | None = None,
    fits: Sequence[dict[str, Any]] = (),
    corpus: Sequence[dict[str, Any]] = (),
    **manifest: Any,
) -> Run:
    made = build_run(
        Path("runs") / (folder or name),
        tasks or [task(n=len({item.sample for item in answers}))],
        systems,
        answers,
        prompts=prompts,
        fits=fits,
        corpus=corpus,
    )
    changed = msgspec.structs.replace(made.manifest, **{"name": name, **manifest})
    return replace(made, manifest=changed)


def answers(
    name: str, outcomes: Sequence[bool | None], usd: float = 0.001, first: int = 0, **more: Any
) -> list[Given]:
    return [
        Given(
            sample=str(number),
            system=name,
            success=success,
            error_kind="timeout" if success is FAILED else None,
            hops=(Hop(member=name, usd=usd),),
            **more,
        )
        for number, success in enumerate(outcomes, start=first)
    ]


def rates(summary: Summary) -> dict[str, float]:
    found = {item.entry.name: item.figures.success_rate for item in summary.systems}
    return {name: rate.value for name, rate in found.items() if rate is not None}


def test_systems_of_two_runs_are_compared_on_the_samples_that_both_were_asked() -> None:
    # By hand: of samples 0..3 small has 2 right and large 3; they disagree on 1 and 3, and on 2.
    small = run("a", answers("small", [RIGHT, WRONG, RIGHT, WRONG]), [system("small")])
    large = run("b", answers("large", [RIGHT, RIGHT, WRONG, RIGHT], usd=0.01), [system("large")])
    pooled = pool([small, large])
    assert pooled.manifest.name == "a + b"
    assert [(item.name, item.n_samples) for item in pooled.manifest.tasks] == [("t", 4)]
    assert pooled.manifest.notes == ()
    assert [item.name for item in pooled.parts] == ["a", "b"]
    assert len(pooled.samples) == 4
    summary = summarise(pooled)
    assert rates(summary) == {"large": 0.75, "small": 0.5}
    (found,) = summary.comparisons
    assert (found.a, found.b, found.n_pairs) == ("small", "large", 4)
    assert found.success is not None
    assert (found.success.n_only_a, found.success.n_only_b) == (1, 2)
    assert found.usd_ratio is not None and found.usd_ratio.value == pytest.approx(0.1)


def test_a_system_that_answered_in_both_runs_is_two_measurements() -> None:
    before = run("night", answers("small", [RIGHT, WRONG]), [system("small")], folder="before")
    after = run("night", answers("small", [RIGHT, RIGHT]), [system("small")], folder="after")
    pooled = pool([before, after])
    assert rates(summarise(pooled)) == {"small (after)": 1.0, "small (before)": 0.5}
    assert pooled.manifest.notes == (
        "system small is not one in all runs (both answered the same questions): "
        "it stands here as small (before), small (after)",
    )
    # One question to one system has one key in both runs; the calls are joined to their own.
    assert pooled.responses["key"].is_unique
    joined = pooled.calls.merge(pooled.responses, left_on="response_key", right_on="key")
    assert (joined["system_x"] == joined["system_y"]).all() and len(joined) == 4
    assert (joined["member"] == joined["system_x"]).all()
    scores = pooled.scores.merge(pooled.responses, left_on="response_key", right_on="key")
    assert (scores["value"] == scores["success"]).all() and len(scores) == 4


def test_a_system_that_answered_one_half_in_each_run_is_one() -> None:
    first = run("a", answers("small", [RIGHT, WRONG, FAILED]), [system("small")])
    second = run("b", answers("small", [RIGHT], first=3), [system("small")])
    pooled = pool([first, second])
    figures = summarise(pooled).system("small").figures
    assert (figures.n_attempted, figures.n_scored, figures.n_successes) == (4, 3, 2)
    assert figures.usd == pytest.approx(0.004)
    assert pooled.manifest.tasks[0].n_samples == 4


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"fingerprint": "g" * 16}, "their fingerprints differ"),
        ({"price": {"usd_per_machine_hour": 1.0}}, "their prices differ"),
    ],
)
def test_one_name_for_two_systems(changed: dict[str, Any], why: str) -> None:
    first = run("a", answers("small", [RIGHT]), [system("small")])
    other = msgspec.structs.replace(system("small"), **changed)
    second = run("b", answers("small", [WRONG], first=1), [other])
    pooled = pool([first, second])
    assert rates(summarise(pooled)) == {"small (a)": 1.0, "small (b)": 0.0}
    assert why in pooled.manifest.notes[0]


def test_a_hybrid_keeps_to_its_own_members() -> None:
    def made(name: str, success: bool) -> Run:
        hybrid = system("cascade", "hybrid", {"tier_1": "small", "tier_2": "large"})
        hops = (Hop(role="tier_1", member="small"), Hop(role="tier_2", member="large"))
        given = [
            *answers("small", [success]),
            *answers("large", [success]),
            Given(system="cascade", success=success, hops=hops),
        ]
        return run(name, given, [system("small"), system("large"), hybrid])

    pooled = pool([made("a", True), made("b", False)])
    entries = {item.name: item for item in pooled.manifest.systems}
    assert entries["cascade (a)"].roles == {"tier_1": "small (a)", "tier_2": "large (a)"}
    summary = summarise(pooled)
    hybrid = summary.system("cascade (b)").hybrid
    assert hybrid is not None
    assert [item.member for item in hybrid.roles] == ["small (b)", "large (b)"]


@pytest.mark.parametrize("change", ["content", "version"])
def test_one_name_for_two_tasks(change: str) -> None:
    other = task(n=2)
    if change == "version":
        other = msgspec.structs.replace(other, version=2)
    else:
        other = msgspec.structs.replace(other, data_hash="e" * 16)
    first = run("a", answers("small", [RIGHT, WRONG]), [system("small")], [task(n=2)])
    second = run(
        "b",
        answers("large", [RIGHT, RIGHT]),
        [system("large")],
        [other],
        prompts={"1": "something else?"} if change == "content" else None,
    )
    pooled = pool([first, second])
    assert [item.name for item in pooled.manifest.tasks] == ["t (a)", "t (b)"]
    why = "version is 1 and 2" if change == "version" else "1 of 2 common samples differ"
    assert pooled.manifest.notes == (
        f"task t is not one in all runs ({why}): it stands here as t (a), t (b)",
    )
    assert set(pooled.samples["task"]) == {"t (a)", "t (b)"} and len(pooled.samples) == 4
    summary = summarise(pooled)
    assert summary.best is None  # no system has answers in every task
    assert all(item.n_pairs == 0 for item in summary.comparisons)


def test_another_part_of_the_same_data_is_the_same_task() -> None:
    first = run("a", answers("small", [RIGHT, WRONG]), [system("small")], [task(n=2)])
    longer = msgspec.structs.replace(task(n=3), data_hash="e" * 16)
    second = run("b", answers("large", [RIGHT, RIGHT, RIGHT]), [system("large")], [longer])
    pooled = pool([first, second])
    (entry,) = pooled.manifest.tasks
    assert (entry.name, entry.n_samples) == ("t", 3)
    assert entry.data_hash not in ("d" * 16, "e" * 16)
    assert pooled.manifest.notes == (
        "task t: systems were not asked the same samples (large 3, small 2); rates are over what "
        "each was asked, comparisons over what both were",
    )
    (found,) = summarise(pooled).comparisons
    assert found.n_pairs == 2


def test_what_runs_were_made_under_is_told() -> None:
    first = run("a", answers("small", [RIGHT]), [system("small")], notes=("it rained",))
    second = run(
        "b",
        answers("large", [RIGHT]),
        [system("large")],
        concurrency=64,
        hardware={"cpu": "another"},
        evalsuite_version="0.2.0",
        packages={"numpy": "2.1", "scipy": "1.0"},
        complete=False,
        stopped="max_usd 1 is spent",
    )
    manifest = pool([first, second]).manifest
    assert manifest.notes == (
        "the runs were made on different machines, so latency, energy and the cost of machine "
        "time are not comparable between them (a: cpu_count 2, cpu a <fast> one; b: cpu another)",
        "the runs asked different numbers of questions at a time, so latencies are not comparable "
        "between them (a: 4 at a time; b: 64 at a time)",
        "the runs were made by different versions of evalsuite (a: 0.1.0; b: 0.2.0)",
        "a: it rained",
    )
    assert manifest.concurrency is None
    assert manifest.packages == {"numpy": "2.0 / 2.1", "scipy": "1.0"}
    assert not manifest.complete and manifest.stopped == "b: max_usd 1 is spent"
    assert manifest.experiment == {"runs": [{"name": "by-hand"}, {"name": "by-hand"}]}


def test_fits_count_once_and_corpus_figures_of_a_part_are_left_out() -> None:
    fit = {
        "key": "k",
        "task": "t",
        "system": "small",
        "split": "train",
        "n_samples": 5,
        "seconds": 1.0,
        "usd": 0.5,
        "note": "",
    }
    figure = {"task": "t", "system": "small", "metric": "macro_f1", "value": 0.5, "n": 1}
    first, second = (
        run(
            name,
            answers("small", [RIGHT], first=at),
            [system("small")],
            fits=[fit],
            corpus=[figure],
        )
        for at, name in enumerate("ab")
    )
    pooled = pool([first, second])
    assert len(pooled.fits) == 1 and summarise(pooled).system("small").fit_usd == 0.5
    assert len(pooled.corpus) == 0
    assert pooled.manifest.notes[-1].startswith("2 corpus figures are left out")


def test_verdicts_follow_their_answers() -> None:
    def judged(name: str) -> Run:
        made = run(name, answers("small", [RIGHT, WRONG]), [system("small")])
        verdict = {column: [None] * 2 for column in made.read("verdicts", ["judge"]).columns} | {
            "judge": ["j", "j"],
            "task": ["t"] * 2,
            "system": ["small"] * 2,
        }
        keys = made.responses["key"].tolist()
        frame = made.verdicts.reindex(range(2)).assign(
            **verdict, response_key=keys, question_key=["q1", "q2"], system_a=None, status="judged"
        )
        return made.with_frames(verdicts=frame)

    pooled = pool([judged("a"), judged("b")])
    joined = pooled.verdicts.merge(pooled.responses, left_on="response_key", right_on="key")
    assert (joined["system_x"] == joined["system_y"]).all() and len(joined) == 4
    assert pooled.verdicts["question_key"].nunique() == 4
    assert pooled.verdicts["system_a"].isna().all()


def test_runs_that_cannot_be_pooled() -> None:
    one = run("a", answers("small", [RIGHT]), [system("small")])
    with pytest.raises(UserError, match="there is no run to report"):
        pool([])
    with pytest.raises(UserError, match="runs/a is given twice"):
        pool([one, replace(one, path=Path("runs/../runs/a"))])
    older = replace(
        run("b", answers("large", [RIGHT]), [system("large")]),
        manifest=msgspec.structs.replace(one.manifest, schema_version=1),
    )
    with pytest.raises(UserError, match=r"runs/b has schema version 1 and runs/a \d+: runs of one"):
        pool([one, older])
    assert pool([one]) is one


OUTCOMES = st.lists(st.sampled_from([RIGHT, WRONG, FAILED]), min_size=1, max_size=12)


@given(small=OUTCOMES, large=OUTCOMES)
@settings(max_examples=25, deadline=None)
def test_a_run_beside_itself_has_its_own_figures_twice(
    small: list[bool | None], large: list[bool | None]
) -> None:
    given_answers = [*answers("small", small), *answers("large", large, usd=0.02)]
    systems = [system("small"), system("large")]
    alone = summarise(run("a", given_answers, systems))
    copies = [run(name, given_answers, systems) for name in "ab"]
    both = summarise(pool(copies))
    for item in alone.systems:
        for name in "ab":
            copied = both.system(f"{item.entry.name} ({name})")
            assert copied.figures == item.figures
            assert copied.comparable == item.comparable


@given(parts=st.lists(OUTCOMES, min_size=2, max_size=4), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_the_order_of_runs_changes_no_figure(parts: list[list[bool | None]], seed: int) -> None:
    runs = [
        run(f"run-{at}", answers(f"system-{at}", outcomes), [system(f"system-{at}")])
        for at, outcomes in enumerate(parts)
    ]
    shuffled = random.Random(seed).sample(runs, len(runs))
    one, other = summarise(pool(runs)), summarise(pool(shuffled))
    assert one.systems == other.systems
    assert one.comparisons == other.comparisons
    assert one.best == other.best
