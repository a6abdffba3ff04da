"""Whole judgings that choose their pairs: what is asked, what is settled, and going on."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evalsuite
from evalsuite.api import Run, plan_judging
from evalsuite.errors import ConfigError, StoppedEarly
from evalsuite.judging.binding import Active, Top
from evalsuite.judging.settling import Settling, read_settlings
from evalsuite.reporting.judges import judge_notes
from tests.judging_runs.ladder import PAIR, TITLE, climbed, judged, noted, noting

FAR = {"a": 30, "b": 24, "c": 18, "d": 12}
"""Lengths two standard deviations apart: settled after a few samples."""


def settling(run: Run) -> Settling:
    return read_settlings(run.path)[TITLE]


def notes_of(run: Run) -> str:
    (item,) = evalsuite.summarise(run).judges
    return "\n".join(judge_notes(item))


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """80 samples of four systems that differ clearly, judged as far as it takes."""
    folder = tmp_path_factory.mktemp("far")
    return judged(climbed(folder, FAR, 80), folder / "notes")


def test_an_order_is_settled_with_few_of_the_questions(far: Run) -> None:
    found = settling(far)
    assert found.systems == ("a", "b", "c", "d") and found.signs == (">", ">", ">")
    assert found.ended == "settled" and found.open == () and found.circle == ()
    assert found.of_questions == 6 * 80 * 2
    assert found.questions == len(noted(far.path.parent / "notes")) < 0.3 * found.of_questions
    assert found.saved == 1 - found.questions / found.of_questions


def test_what_was_saved_is_said(far: Run) -> None:
    found = settling(far)
    said = notes_of(far)
    assert f"asked {found.questions} of 960 questions" in said
    assert f"({100 * found.saved:.1f} % saved); order settled: a > b > c > d" in said
    assert "wrong with a chance of 5.0 % at most" in said and "undecided" not in said


def test_every_report_says_it(far: Run, tmp_path: Path) -> None:
    for name in ("r.md", "r.html"):
        text = evalsuite.report(far, tmp_path / name).read_text()
        assert "of 960 questions" in text and "order settled" in text, name


def test_both_orders_are_asked_and_nothing_twice(far: Run) -> None:
    asked = noted(far.path.parent / "notes")
    assert len(set(asked)) == len(asked)
    rows = far.verdicts
    keys = ["sample_id", "system_a", "system_b"]
    assert (rows.groupby(keys)["order"].apply(sorted).map(tuple) == ("ab", "ba")).all()
    assert len(rows) == len(asked)


def test_the_tables_of_the_judging_hold_all_of_it(far: Run) -> None:
    own = evalsuite.load(far.path / "judging" / TITLE)
    asked = noted(far.path.parent / "notes")
    assert own.manifest.complete and own.manifest.tasks[0].n_samples == len(asked)
    assert sorted(own.responses["sample_id"]) == sorted(asked) == sorted(own.samples["sample_id"])
    assert len(own.calls) == len(asked)


def test_every_system_meets_the_others_on_several_samples(far: Run) -> None:
    met = far.verdicts.groupby(["system_a", "system_b"])["sample_id"].nunique()
    assert len(met) == 6 and (met >= 3).all()
    assert met[("a", "b")] > met[("a", "d")], "neighbours take more than those far apart"


def test_the_same_call_again_asks_nothing(far: Run) -> None:
    notes = far.path.parent / "notes"
    before, asked = settling(far), len(noted(notes))
    again = judged(far, notes)
    assert len(noted(notes)) == asked
    after = settling(again)
    assert (after.systems, after.signs, after.questions) == (
        before.systems,
        before.signs,
        before.questions,
    )
    same = [column for column in far.verdicts if column != "seconds"]
    pd.testing.assert_frame_equal(again.verdicts[same], far.verdicts[same])


def test_more_may_be_wanted_later(tmp_path: Path) -> None:
    """First only who is best, then the whole order: what was asked for the one counts."""
    run = climbed(tmp_path, FAR, 60)
    notes = tmp_path / "notes"
    best = judged(run, notes, pairs={"active": {"settle": "best"}})
    first = noted(notes)
    assert settling(best).settle == "best" and "best settled: a (" in notes_of(best)
    done = judged(run, notes)
    assert settling(done).signs == (">", ">", ">")
    assert noted(notes)[: len(first)] == first and len(set(noted(notes))) == len(noted(notes))
    assert set(best.verdicts["question_key"]) <= set(done.verdicts["question_key"])


def test_all_pairs_may_be_judged_after_all(tmp_path: Path) -> None:
    run = climbed(tmp_path, {"a": 30, "b": 20}, 12)
    notes = tmp_path / "notes"
    judged(run, notes)
    done = judged(run, notes, pairs="all")
    assert len(noted(notes)) == len(set(noted(notes))) == 24
    assert read_settlings(done.path) == {} and "saved" not in notes_of(done)


def test_equal_systems_use_up_what_there_is_and_it_is_said(tmp_path: Path) -> None:
    run = judged(climbed(tmp_path, {"a": 20, "b": 20}, 30), tmp_path / "notes")
    found = settling(run)
    assert found.ended == "used_up" and found.questions == found.of_questions == 60
    (pair,) = found.open
    assert {pair.a, pair.b} == {"a", "b"} and pair.n == 30 and pair.left == 0
    said = notes_of(run)
    assert "asked 60 of 60 questions (0.0 % saved)" in said
    assert "undecided, with nothing left to ask: " in said and f"{pair.a} ? {pair.b}" in said


def test_a_margin_settles_equal_systems(tmp_path: Path) -> None:
    """A judge that always likes the first gives one half on every sample."""
    run = climbed(tmp_path, {"a": 20, "b": 20}, 120)
    judge = noting(tmp_path / "notes", rule="A", label="first")
    done = judged(run, tmp_path / "notes", by=judge, pairs={"active": {"margin": 0.2}})
    found = settling(done)
    assert found.signs == ("~",) and found.ended == "settled"
    assert found.questions < found.of_questions
    assert "~: a mean score within 0.2 of one half" in notes_of(done)


def test_most_questions_is_a_limit(tmp_path: Path) -> None:
    run = climbed(tmp_path, FAR, 40, spread=20)
    done = judged(run, tmp_path / "notes", pairs={"active": {"most": 50}})
    found = settling(done)
    assert found.ended == "most" and 40 < found.questions <= 50
    assert len(noted(tmp_path / "notes")) == found.questions
    assert "undecided when `most` was reached" in notes_of(done)
    more = judged(run, tmp_path / "notes", pairs={"active": {"most": 90}})
    assert 80 < settling(more).questions <= 90
    assert len(noted(tmp_path / "notes")) == settling(more).questions


def test_a_batch_is_a_limit_of_each_round(tmp_path: Path) -> None:
    run = climbed(tmp_path, {"a": 22, "b": 20}, 30)
    said: list[str] = []
    judged(
        run,
        tmp_path / "notes",
        pairs={"active": {"batch": 6}},
        tell=lambda event: said.append(event.text) if event.kind == "note" else None,
    )
    sizes = [int(n) for text in said for n in re.findall(r"next round asks (\d+)", text)]
    assert len(sizes) > 2 and max(sizes) <= 6
    assert said[1] == "at most 60 questions about 1 pair; the first round asks 6"


# -- failures and limits --------------------------------------------------------------------------


def test_failed_questions_are_counted_and_others_taken(tmp_path: Path) -> None:
    """Of 60 samples 20 cannot be judged; they are tried twice, once when all else is done."""
    run = climbed(tmp_path, {"a": 28, "b": 20, "c": 10}, 60, marked=20)
    notes = tmp_path / "notes"
    done = judged(run, notes, by=noting(notes, fails_on="forbidden"))
    found = settling(done)
    failed = done.verdicts[done.verdicts["status"] == "judge_error"]
    assert len(failed) == found.without_verdict > 0
    assert set(failed["error_kind"]) == {"content_filter"}
    assert set(failed["sample_id"]) <= {f"s{place}" for place in range(20)}
    assert f"{found.without_verdict} verdicts failed" in notes_of(done)
    times = Counter(noted(notes))
    own = evalsuite.load(done.path / "judging" / TITLE)
    bad = set(own.responses.loc[own.responses["status"] != "ok", "sample_id"])
    assert {times[name] for name in bad} == {2} and len(bad) == len(failed)
    assert {n for name, n in times.items() if name not in bad} == {1}
    assert found.ended == "settled" and found.signs == (">", ">")
    assert len(own.responses) == found.questions, "the tables hold the failed ones too"


def test_a_budget_holds_over_the_rounds_and_goes_on(tmp_path: Path) -> None:
    run = climbed(tmp_path, FAR, 60)
    notes = tmp_path / "notes"
    with pytest.raises(StoppedEarly, match="max_tokens"):
        judged(run, notes, max_tokens=60 * 110)
    stopped = settling(evalsuite.load(run.path))
    assert stopped.ended == "going_on" and 0 < stopped.questions <= 60
    assert stopped.questions == len(noted(notes))
    assert "undecided when judging was stopped" in notes_of(evalsuite.load(run.path))
    done = judged(run, notes, max_tokens=1_000_000)
    assert settling(done).signs == (">", ">", ">")
    assert len(set(noted(notes))) == len(noted(notes)) == settling(done).questions


@pytest.mark.parametrize("most", [5, "10%"])
def test_errors_allowed_are_of_all_rounds(tmp_path: Path, most: int | str) -> None:
    run = climbed(tmp_path, {"a": 20, "b": 20}, 200, marked=60)
    notes = tmp_path / "notes"
    judge = {"judge": PAIR, "by": "j", "pairs": {"active": {"first": 2, "batch": 8}}}
    content = {
        **run.manifest.experiment,
        "judges": [judge],
        "max_errors": most,
    }
    content["systems"] = {**content["systems"], "j": noting(notes, fails_on="forbidden")}
    with pytest.raises(StoppedEarly, match=f"max_errors {most}"):
        evalsuite.run(content, out=run.path)
    answered = len(noted(notes))
    failed = int((evalsuite.load(run.path).verdicts["status"] == "judge_error").sum())
    assert failed > (5 if most == 5 else 0.1 * answered) and answered < 200


def test_panels_settle_by_their_own_verdict(tmp_path: Path) -> None:
    """Two judges like the longer answer and one the first: the vote is for the longer."""
    run = climbed(tmp_path, {"a": 30, "b": 20, "c": 10}, 40)
    further = {
        "j": noting(tmp_path / "j"),
        "k": noting(tmp_path / "k", label="k"),
        "first": noting(tmp_path / "first", rule="A", label="first"),
    }
    done = evalsuite.judge(
        run, judge=PAIR, by=list(further), further=further, pairs="active", aggregate="vote"
    )
    found = settling(done)
    assert found.signs == (">", ">") and found.of_questions == 3 * 40 * 2 * 3
    assert found.questions == sum(len(noted(tmp_path / name)) for name in further)
    by_role = {item.role: item.settling is not None for item in evalsuite.summarise(done).judges}
    assert by_role == {"panel": True, "member": False}


def test_a_killed_judging_pays_for_nothing_twice(tmp_path: Path) -> None:
    """Killed at three moments of whatever round; what was in flight may be asked again, no more."""
    run = climbed(tmp_path, FAR, 40, spread=12)
    notes, rng = tmp_path / "notes", random.Random(1)
    command = [sys.executable, "-m", "tests.judging_runs.ladder", str(run.path), str(notes), "0.01"]
    in_flight = kills = 0
    for _ in range(3):
        before = len(noted(notes))
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and len(noted(notes)) < before + 1:
                time.sleep(0.01)
            time.sleep(rng.uniform(0.05, 0.5))
            process.send_signal(signal.SIGKILL)
        kills += process.returncode == -signal.SIGKILL
        in_flight += 8  # answers of a local model at a time
    assert kills == 3
    done = judged(run, notes)
    times = Counter(noted(notes))
    assert sum(times.values()) - len(times) <= in_flight
    found = settling(done)
    assert len(times) == found.questions == len(done.verdicts)
    own = evalsuite.load(done.path / "judging" / TITLE)
    assert set(own.responses["sample_id"]) == set(times)


# -- samples that belong together, practice, and what is refused ----------------------------------


def test_samples_of_a_cluster_and_repeats_are_asked_together(tmp_path: Path) -> None:
    """20 clusters of 3 samples, both orders, each question asked twice: 12 answers a cluster."""
    plain = climbed(tmp_path / "plain", {"a": 30, "b": 20, "c": 10}, 60)
    (task,) = plain.manifest.experiment["tasks"]
    path = Path(task["data"])
    head, *lines = path.read_text().splitlines()
    grouped = [f"{line},g{place // 3}" for place, line in enumerate(lines)]
    path.write_text("\n".join([f"{head},group", *grouped]) + "\n")
    content = {**plain.manifest.experiment, "tasks": [{**task, "cluster": "group"}]}
    run = evalsuite.run(content, out=tmp_path / "run")
    done = judged(run, tmp_path / "notes", repeats=2)
    found = settling(done)
    assert found.of_questions == 3 * 20 * 12 and found.signs == (">", ">")
    assert found.questions == len(noted(tmp_path / "notes")) < found.of_questions
    by_cluster = done.verdicts.groupby(["system_a", "system_b", "cluster"]).size()
    assert set(by_cluster) == {12} and len(by_cluster) * 12 == found.questions
    assert all(pair.n <= 20 for pair in found.open)


def test_what_is_kept_for_practice_is_not_judged_for_the_record(tmp_path: Path) -> None:
    """A cascade of judges picks its threshold once, on samples that the rounds leave alone."""
    run = climbed(tmp_path, {"a": 30, "b": 20}, 60)
    labels = tmp_path / "labels.csv"
    rows = [f"s{place},a,b,a" for place in range(60)]
    labels.write_text("\n".join(["sample_id,system_a,system_b,label", *rows]) + "\n")
    further = {
        "first": noting(tmp_path / "first", sure=0.6),
        "second": noting(tmp_path / "second", label="second"),
        "tiers": {"hybrid": "cascade", "tiers": ["first", "second"]},
    }
    done = evalsuite.judge(
        run,
        judge=PAIR,
        form="choices",
        by="tiers",
        further=further,
        pairs="active",
        labels=str(labels),
        validation_share=0.3,
    )
    own = evalsuite.load(done.path / "judging" / TITLE)
    practised = {name.partition("#")[0] for name in own.practice["sample_id"]}
    judged_for_the_record = set(done.verdicts["sample_id"])
    assert practised and not practised & judged_for_the_record
    assert len(own.fits) == 1, "the threshold is picked once, not in every round"
    found = settling(done)
    assert found.signs == (">",) and found.systems == ("a", "b")
    assert found.of_questions == 2 * (60 - own.fits["n_samples"].iloc[0] / 2)
    assert max(Counter(noted(tmp_path / "first")).values()) == 1


def test_an_order_of_questions_is_drawn_from_the_seed_alone(far: Run, tmp_path: Path) -> None:
    """Other answers, same systems and samples: each pair begins with the same samples."""
    other = judged(climbed(tmp_path, {"a": 12, "b": 18, "c": 24, "d": 30}, 80), tmp_path / "notes")
    for pair in (("a", "b"), ("b", "d")):
        one, two = (
            frame[(frame["system_a"] == pair[0]) & (frame["system_b"] == pair[1])]
            for frame in (far.verdicts, other.verdicts)
        )
        fewer, more = sorted((set(one["sample_id"]), set(two["sample_id"])), key=len)
        assert fewer <= more
    assert settling(other).systems == ("d", "c", "b", "a")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"both_orders": False}, "needs both orders"),
        ({"by": ["j", "k"]}, "settles one order"),
        ({"by": ["j", "k"], "aggregate": "weighted"}, "needs `weights`"),
        ({"judge": "correctness/answer"}, "is for a pairwise one"),
        ({"pairs": {"active": {"settel": "all"}}}, "did you mean 'settle'"),
        ({"pairs": {"active": {"settle": "worst"}}}, "settle"),
        ({"pairs": {"active": {"alpha": 0}}}, "alpha"),
        ({"pairs": {"active": {"margin": 0.6}}}, "margin"),
        ({"pairs": {"active": {"most": 1}}, "name": "few"}, "`most` is less than a pair"),
        ({"pairs": "activ"}, "pairs"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(
    far: Run, tmp_path: Path, entry: dict[str, Any], message: str
) -> None:
    notes = tmp_path / "notes"
    options = {"judge": PAIR, "by": "j", "pairs": "active", **entry}
    further = {"j": noting(notes), "k": noting(notes, label="k")}
    with pytest.raises(ConfigError, match=message) as error:
        evalsuite.judge(far, further=further, **options)
    assert "\n" not in str(error.value) and noted(notes) == []


def test_every_key_is_explained() -> None:
    text = (Path(__file__).parents[2] / "docs" / "judges.md").read_text(encoding="utf-8")
    section = text.partition("## Only what it takes")[2].partition("\n## ")[0]
    for key in (*Active.model_fields, *Top.model_fields):
        assert f"`{key}`" in section or f"`{{{key}: " in section, key


def test_a_plan_is_a_range(tmp_path: Path) -> None:
    run = climbed(tmp_path, FAR, 40)
    further = {"j": noting(tmp_path / "notes")}
    (row,) = plan_judging(run, judge=PAIR, by="j", further=further, pairs="active").rows
    assert (row.calls_at_least, row.calls_at_most) == (6 * 3 * 2, 6 * 40 * 2)
    assert 0 < row.input_tokens_at_least < (row.input_tokens_at_most or 0) / 10
    (whole,) = plan_judging(run, judge=PAIR, by="j", further=further).rows
    assert whole.calls_at_least == 6 * 40 * 2 and noted(tmp_path / "notes") == []


def test_old_orders_are_not_passed_on(tmp_path: Path) -> None:
    """Where the run's answers are no longer those that were judged, the report says so."""
    run = judged(climbed(tmp_path, FAR, 20), tmp_path / "notes")
    less = {**run.manifest.experiment, "report": ["a", "b", "c"]}
    changed = evalsuite.run(less, out=run.path)
    assert "the run's answers have changed since this order was settled" in notes_of(changed)


@given(st.integers(0, 1000), st.sampled_from([2, 3, 4]), st.sampled_from([4.0, 15.0]))
@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_judged_nothing_is_asked_twice(
    tmp_path: Path, seed: int, k: int, spread: float
) -> None:
    rng = random.Random(seed)
    folder = tmp_path / f"{seed}-{k}-{spread}"
    lengths = {f"m{place}": rng.uniform(10, 40) for place in range(k)}
    run = judged(climbed(folder, lengths, 12, spread=spread), folder / "notes")
    asked = noted(folder / "notes")
    assert len(set(asked)) == len(asked) <= k * (k - 1) * 12
    orders = run.verdicts["order"].value_counts()
    assert orders["ab"] == orders["ba"]
    assert settling(run).ended in ("settled", "used_up")
