"""Parts of a run, cut once and joined by number, give what plain loops over its rows give."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.analysis.compare import line_up
from evalsuite.analysis.measure import base_tasks, cluster_labels, counted, measure
from evalsuite.analysis.rows import Measured, Rows, drafts_of, positions, rows_of
from evalsuite.analysis.summary import summarise
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

ROLES = ("first", "then", "last")
hops = st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(["ok", "error"])), max_size=5)
outcomes = st.lists(
    st.tuples(
        st.sampled_from(["t", "u@terse", "u"]),
        st.sampled_from([True, False, None]),
        st.sampled_from(["p", "q", "z\u00e9"]),
        hops,
    ),
    min_size=1,
    max_size=25,
)
Outcome = tuple[str, bool | None, str, list[tuple[str, str]]]


def made(found: list[Outcome]) -> Run:
    answers = [
        Given(
            task=of,
            sample=str(at),
            system=name,
            success=success,
            cluster=cluster,
            error_kind="timeout" if success is None and name == "cascade" else None,
            score_status="scorer_error" if success is None else "scored",
            hops=[Hop(role=role, status=status, member=role) for role, status in asked]
            if name == "cascade"
            else (Hop(usd=0.01 * at),),
        )
        for name in ("small", "cascade")
        for at, (of, success, cluster, asked) in enumerate(found)
    ]
    roles = {role: "small" for role in ROLES}
    return build_run(
        Path("runs/made"),
        [task(name) for name in sorted({item.task for item in answers})],
        [system("small"), system("cascade", "hybrid", roles)],
        answers,
    )


@given(outcomes)
@settings(max_examples=40, deadline=None)
def test_ways_through_a_hybrid_are_those_of_its_calls(found: list[Outcome]) -> None:
    hybrid = summarise(made(found)).system("cascade").hybrid
    ways = [[role for role, _ in asked] for *_, asked in found if asked]
    if not ways:
        assert hybrid is None
        return
    assert hybrid is not None
    paths = Counter(map(tuple, ways))
    assert hybrid.n_paths == len(paths)
    assert {path.roles: path.n_responses for path in hybrid.paths}.items() <= paths.items()
    ordered = sorted(paths.items(), key=lambda item: (-item[1], item[0]))
    assert [path.roles for path in hybrid.paths] == [way for way, _ in ordered[:6]]
    assert hybrid.escalation is not None
    assert hybrid.escalation.value * len(ways) == sum(len(set(way)) > 1 for way in ways)
    spoke = [[role for role, status in asked if status == "ok"] for *_, asked in found]
    last = Counter(way[-1] for way in spoke if way)
    assert {role.role: role.n_last for role in hybrid.roles if role.n_last} == dict(last)


@given(outcomes)
@settings(max_examples=40, deadline=None)
def test_parts_measure_as_rows_that_were_picked_one_by_one(found: list[Outcome]) -> None:
    run = made(found)
    measured = Measured(rows_of(run, ["small", "cascade"]), seed=0)
    for name in ("small", "cascade"):
        for of in measured.tasks(name):
            own = {
                table: frame[(frame["system"] == name) & (frame["task"] == of)]
                for table, frame in (
                    ("responses", run.responses),
                    ("calls", run.calls),
                    ("scores", run.scores),
                )
            }
            assert measured.of(name, [of]) == measure(**own)
        scored = {of for of, success, *_ in found if success is not None}
        assert set(measured.tasks(name, scored=True)) == scored


@given(outcomes)
@settings(max_examples=40, deadline=None)
def test_systems_are_lined_up_by_sample(found: list[Outcome]) -> None:
    run = made(found)
    lined = line_up(run.responses)
    assert lined.systems == ("cascade", "small")
    items = sorted((of, str(at)) for at, (of, *_) in enumerate(found))
    assert lined.tasks.tolist() == [of for of, _ in items]
    for row, (_, sample) in enumerate(items):
        success = found[int(sample)][1]
        for column in (0, 1):
            value = lined.success[row, column]
            assert np.isnan(value) if success is None else value == success
    pairs = [(of.split("@")[0], found[int(sample)][2]) for of, sample in items]
    assert (
        lined.clusters.tolist()
        == np.unique(["\x1f".join(pair) for pair in pairs], return_inverse=True)[1].tolist()
    )


def test_labels_are_numbers_in_the_order_of_names() -> None:
    frame = pd.DataFrame({"task": ["b@terse", "a", "b", "a"], "cluster": ["x", "y", "x", "\u00e9"]})
    assert base_tasks(frame).tolist() == [1, 0, 1, 0]
    assert cluster_labels(frame).tolist() == [2, 0, 2, 1]


def test_one_task_is_measured_once(tmp_path: Path) -> None:
    answers = [Given(sample=str(n), success=n > 1) for n in range(6)]
    run = build_run(tmp_path, [task(n=6)], [system("small")], answers)
    measured = Measured(rows_of(run, ["small"]), seed=0)
    assert measured.of("small", ["t"]) is measured.of("small", ["t", "of another system"])


def test_rows_out_of_order_are_found_too(tmp_path: Path) -> None:
    answers = [
        Given(task=of, sample=str(n), system=name)
        for n in range(3)
        for name in ("b", "a")
        for of in ("u", "t")
    ]
    run = build_run(tmp_path, [task("t"), task("u")], [system("a"), system("b")], answers)
    rows: Rows = rows_of(run, ["a", "b"])
    part = rows.of("a", ["u"])
    assert part.responses.index.tolist() == [2, 6, 10] and len(part.calls) == 3
    assert rows.of("a").responses.index.tolist() == [2, 3, 6, 7, 10, 11]
    assert rows.of("nobody").responses.empty and rows.of(tasks=["t"]).systems == ["a", "b"]
    assert part.responses["answer"].tolist() == part.calls["answer"].tolist()


def test_where_keys_stand() -> None:
    among = pd.Series(["c", "a", "b"])
    assert positions(pd.Series(["b", "x", None, "c"]), among).tolist() == [2, -1, -1, 0]
    assert positions(pd.Series([], dtype="str"), among).tolist() == []


def test_only_hybrids_that_draft_have_their_answers_read(tmp_path: Path) -> None:
    entries = [
        system("small"),
        system("drafted", "hybrid", {"draft": "small"}, pattern="speculative"),
        system("outer", "hybrid", {"tier_1": "drafted"}),
        system("cascade", "hybrid", {"tier_1": "small"}),
    ]
    run = build_run(tmp_path, [task()], entries, [Given()])
    found = {entry.name: drafts_of(run, entry) is not None for entry in entries}
    assert found == {"small": False, "drafted": True, "outer": True, "cascade": False}


def test_words_are_counted() -> None:
    assert counted(pd.Series(["b", None, "a", "b", ""])) == {"b": 2, "unknown": 2, "a": 1}
    assert counted(word for word in ("x", "y", "x")) == {"x": 2, "y": 1}
    assert counted(pd.Series([], dtype="str")) == {}
