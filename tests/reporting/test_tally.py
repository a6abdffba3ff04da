from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalsuite
from evalsuite.reporting.recent import Recent
from evalsuite.reporting.tally import Tally
from evalsuite.running.events import Event
from tests.reporting.told import START, answers, practising_run, resumed_run, scores, told


def tally_of(events: list[Event]) -> Tally:
    tally = Tally(START)
    tally.add_all(events)
    return tally


def test_a_resumed_run_adds_up() -> None:
    tally = tally_of(resumed_run())
    (pair,) = tally.pairs
    assert (pair.answered, pair.reused, pair.fresh, pair.failed) == (200, 100, 100, 4)
    assert (pair.scored, pair.right, pair.unscorable) == (196, 150, 4)
    assert pair.errors == {"rate_limited": 3, "timeout": 1}
    assert pair.problems == pair.errors, "what failed is not told twice as unscored"
    assert pair.input_tokens.total == 200 * 600
    assert pair.usd.total == pytest.approx(0.199)
    assert tally.usd.total == pytest.approx(0.25 + 0.099), "reused answers are in what was before"
    assert tally.tokens.total == 1000 + 100 * 680
    assert not pair.ended and not tally.all_scored


def test_the_rate_is_that_of_fresh_answers_and_tells_what_is_left() -> None:
    tally = tally_of(resumed_run())
    (pair,) = tally.pairs
    rate = pair.per_second(START + 20)
    # From second 10 to 20: answers 48 to 96 of those that came evenly, and 4 that failed at once.
    assert rate == pytest.approx((49 + 4) / 10)
    assert pair.seconds_left(START + 20) == pytest.approx(200 / rate)
    # The other system's 400 answers go as fast as this session's 100 did: 5 a second.
    assert tally.seconds_left(START + 20) == pytest.approx(200 / rate + 400 / 5)


def test_a_rate_falls_while_nothing_comes_and_looks_back_further_where_answers_are_rare() -> None:
    rare = Recent()
    rare.start(START)
    for index in range(5):
        rare.count(START + 30.0 * (index + 1))
    assert rare.per_second(START + 150) == pytest.approx(5 / 150, rel=0.03)
    assert rare.per_second(START + 300) == pytest.approx(5 / 300, rel=0.03)
    assert Recent().per_second(START) is None
    quick = Recent()
    quick.start(START)
    quick.count(START + 0.001)
    assert quick.per_second(START + 0.002) is None, "one answer is not a thousand a second"


def test_only_the_recent_past_counts_where_there_is_enough_of_it() -> None:
    recent = Recent()
    recent.start(START)
    for index in range(100):  # 1 a second, then 100 a second
        recent.count(START + index)
    for index in range(2000):
        recent.count(START + 100 + index / 100)
    assert recent.per_second(START + 120) == pytest.approx(100, rel=0.02)


def test_a_pair_with_all_its_answers_has_its_rate_over_all_of_them() -> None:
    events = [told("begin", n=10), told("pair", task="reasoning/gsm8k", system="small", n=10)]
    tally = tally_of([*events, *answers(10, every=0.5), *scores(10, 0, after=6.0)])
    (pair,) = tally.pairs
    assert pair.ended and pair.seconds(START + 99) == 6.0
    assert pair.per_second(START + 99) == pytest.approx(10 / 5), "without the time of scoring"
    assert tally.all_scored and tally.seconds_left(START + 99) == 0.0


def test_practice_is_that_of_the_system_that_is_prepared_and_counts_apart() -> None:
    tally = tally_of(practising_run())
    small, cascade = tally.pairs
    assert (cascade.system, cascade.practice.answered, cascade.answered) == ("cascade", 30, 0)
    assert small.practice.answered == 0
    assert tally.answered == 10
    assert tally.usd.total == pytest.approx(0.01 + 0.03), "but it is paid for"
    tally.add(told("pair", 16.0, task="reasoning/gsm8k", system="cascade", n=10))
    assert cascade.practice.seconds == pytest.approx(6.0) and not cascade.preparing
    assert cascade.per_second(START + 17) is None, "practice is not the rate of answers"


def test_practice_that_nobody_announced_belongs_to_who_answered() -> None:
    tally = tally_of(list(answers(2, every=1.0, phase="fit", error_kind="timeout")))
    (pair,) = tally.pairs
    assert pair.practice.answered == 2 and pair.problems == {"timeout": 2}
    assert pair.failed == 0


def test_one_unknown_part_makes_a_sum_unknown() -> None:
    events = [told("pair", task="reasoning/gsm8k", system="small", n=3)]
    more = answers(1, every=0.0, billed_usd=None, output_tokens=None, input_tokens=5)
    (pair,) = tally_of([*events, *answers(2, every=0.0), *more]).pairs
    assert pair.usd.total is None and pair.usd.known == pytest.approx(0.002)
    assert pair.output_tokens.total is None and pair.input_tokens.total == 5


def test_nothing_known_is_no_eta() -> None:
    tally = Tally(START)
    assert tally.seconds_left(START + 5) is None
    tally.add(told("begin", n=10))
    tally.add(told("pair", task="t", system="s", n=10))
    (pair,) = tally.pairs
    assert pair.per_second(START + 5) is None and pair.seconds_left(START + 5) is None
    assert tally.seconds_left(START + 5) is None


def test_answers_that_could_not_be_scored_are_named() -> None:
    events = [told("pair", task="reasoning/gsm8k", system="small", n=3)]
    failed = answers(1, every=0.0, error_kind="timeout")
    (pair,) = tally_of([*events, *answers(2, every=0.0), *failed, *scores(1, 0, 2)]).pairs
    assert pair.problems == {"timeout": 1, "unscored": 1}


def test_a_note_is_said_once_and_a_stop_every_time() -> None:
    tally = tally_of([told("note", text="a"), told("note", text="a"), told("stopping", text="s")])
    assert [event.text for event in tally.take_messages()] == ["a", "s"]
    assert tally.stopping
    tally.add(told("note", text="a"))
    tally.add(told("stopping", text="s"))
    assert [event.text for event in tally.take_messages()] == ["s"]


def test_a_further_round_begins_its_pairs_anew_and_keeps_what_was_spent() -> None:
    pair = {"task": "reasoning/gsm8k", "system": "small"}
    first = [told("begin", n=5), told("pair", n=5, **pair), *answers(5, every=1.0)]
    second = [
        told("begin", 10.0, n=8, billed_usd=0.005),
        told("pair", 10.0, n=8, **pair),
        *answers(5, every=0.0, begin=10.0, reused=True),
        *answers(1, every=1.0, begin=10.0),
    ]
    tally = tally_of([*first, *scores(5, 0, after=5.0), *second])
    (again,) = tally.pairs
    assert tally.round == 2 and tally.n == 8
    assert (again.answered, again.reused, again.scored) == (6, 5, 0) and not again.ended
    assert tally.usd.total == pytest.approx(0.006)


pairs = st.tuples(st.sampled_from("tu"), st.sampled_from("ab"))
amounts = st.none() | st.floats(0, 1e3)
events = st.builds(
    lambda kind, after, pair, n, phase, reused, error, success, usd, tokens: told(
        kind,
        after,
        task=pair[0],
        system=pair[1],
        n=n,
        phase=phase,
        reused=reused,
        error_kind=error,
        success=success,
        billed_usd=usd,
        input_tokens=tokens,
        text="x",
    ),
    st.sampled_from(["begin", "fit", "pair", *["answer"] * 4, "scoring", *["scored"] * 3, "note"]),
    st.floats(0, 100),
    pairs,
    st.integers(0, 20),
    st.sampled_from(["answer", "answer", "fit"]),
    st.booleans(),
    st.sampled_from([None, None, "timeout", "rate_limited"]),
    st.sampled_from([None, True, False]),
    amounts,
    st.none() | st.integers(0, 1000),
)


@given(st.lists(events, max_size=60), st.floats(0, 200))
def test_whatever_is_told_the_figures_fit_together(told_events: list[Event], after: float) -> None:
    tally = tally_of(told_events)
    begins = [index for index, event in enumerate(told_events) if event.kind == "begin"]
    this_round = told_events[begins[-1] :] if begins else told_events
    asked = [event for event in this_round if event.kind == "answer"]
    given_for_record = [event for event in asked if event.phase == "answer"]
    assert tally.answered == len(given_for_record)
    assert sum(pair.practice.answered for pair in tally.pairs) == len(asked) - tally.answered
    assert tally.reused == sum(event.reused for event in given_for_record)
    first_begin = [event for event in told_events if event.kind == "begin"][:1]
    asked = [e for e in told_events if e.kind == "answer" and not e.reused]
    fresh = [event.billed_usd for event in [*first_begin, *asked]]
    assert tally.usd.known == pytest.approx(sum(usd for usd in fresh if usd is not None))
    assert tally.usd.n_unknown == fresh.count(None)
    for pair in tally.pairs:
        assert 0 <= pair.reused <= pair.answered and pair.fresh >= 0
        assert sum(pair.errors.values()) == pair.failed <= pair.answered
        assert 0 <= pair.right <= pair.scored <= pair.graded
        assert all(n > 0 for n in pair.problems.values())
        for figure in (
            pair.per_second(START + after),
            pair.seconds_left(START + after),
            tally.seconds_left(START + after),
        ):
            assert figure is None or figure >= 0
        assert pair.seconds(START + after) >= 0


@given(st.lists(events, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_answers_and_scores_does_not_change_the_counts(
    told_events: list[Event], order: random.Random
) -> None:
    kept = [e for e in told_events if e.kind == "scored" or (e.kind, e.phase) == ("answer",) * 2]
    shuffled = order.sample(kept, len(kept))

    def counts(given_events: list[Event]) -> dict[tuple[str, str], tuple[object, ...]]:
        return {
            (pair.task, pair.system): (
                pair.answered,
                pair.failed,
                pair.right,
                pair.scored,
                pair.unscorable,
                pair.usd.n_unknown,
                sorted(pair.errors.items()),
            )
            for pair in tally_of(given_events).pairs
        }

    assert counts(kept) == counts(shuffled)


def test_a_real_run_adds_up_to_its_tables(tmp_path: Path) -> None:
    heard: list[Event] = []
    content = {
        "name": "heard",
        "tasks": ["tabular/rows"],
        "systems": {"always": "classical/majority", "learnt": "classical/logistic_regression"},
        "limit": 30,
        "train_limit": 50,
    }
    done = evalsuite.run(content, out=tmp_path, tell=heard.append)
    again: list[Event] = []
    evalsuite.run(content, out=tmp_path, tell=again.append)
    for session, n_reused in ((heard, 0), (again, 60)):
        tally = Tally(session[0].at)
        tally.add_all(session)
        assert tally.all_scored and tally.seconds_left(session[-1].at) == 0.0
        assert (tally.answered, tally.reused) == (60, n_reused)
        rights = {pair.system: pair.right for pair in tally.pairs}
        assert rights == done.responses.groupby("system").success.sum().astype(int).to_dict()
