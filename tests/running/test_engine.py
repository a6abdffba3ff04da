from __future__ import annotations

import importlib.util
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import evalsuite
from evalsuite.errors import UserError
from evalsuite.records import Answer, Sample, Score
from evalsuite.running.events import Event
from evalsuite.task import Split
from tests.running.scripted import (
    ADDITION,
    OPENED,
    FirstThenSecond,
    ScriptedModel,
    ScriptedSpec,
    additions,
    experiment,
)


@pytest.fixture(autouse=True)
def _forget_opened_models() -> None:
    OPENED.clear()


def opened(label: str) -> ScriptedModel:
    return next(model for model in reversed(OPENED) if model.name == label)


def test_a_model_is_asked_every_sample_once_and_its_calls_are_priced(tmp_path: Path) -> None:
    done = evalsuite.run(experiment({"m": ScriptedSpec(limit=30)}), out=tmp_path)
    assert set(opened("scripted").asked.values()) == {1}
    assert len(done.responses) == 40
    assert int(done.responses.success.sum()) == 30
    # 10 input tokens at $1/M and 5 output tokens at $10/M
    assert done.responses.usd.tolist() == pytest.approx([60e-6] * 40)
    assert done.calls.usd_basis.unique().tolist() == ["tokens"]
    assert done.responses.seconds.notna().all()
    assert done.manifest.complete and done.manifest.sessions == 1
    assert done.corpus[["metric", "value", "n"]].values.tolist() == [["answered", 40.0, 40]]


def test_a_failed_answer_is_neither_wrong_nor_empty(tmp_path: Path) -> None:
    spec = ScriptedSpec(fail=frozenset({"test-3"}), crash=frozenset({"test-5"}))
    done = evalsuite.run(experiment({"m": spec}), out=tmp_path)
    rows = done.responses.set_index("sample_id")
    assert rows.loc["test-3", ["status", "error_kind"]].tolist() == ["system_error", "server_error"]
    assert rows.loc["test-5", "error_kind"] == "exception:KeyError"
    assert "a bug in the backend" in rows.loc["test-5", "error_message"]
    for failed in ("test-3", "test-5"):
        assert rows.loc[failed, "success"] is None or rows.isna().loc[failed, "success"]
        assert rows.isna().loc[failed, "text"]
    assert rows.loc["test-3", "usd"] == 0.0, "an error status is known not to be billed"
    deciding = done.scores[done.scores.decides].set_index("sample_id")
    assert deciding.loc["test-3", "status"] == "system_error"
    assert math.isnan(deciding.loc["test-3", "value"])
    assert len(done.responses) == 40


def test_running_again_asks_only_what_failed(tmp_path: Path) -> None:
    flaky = ScriptedSpec(fail=frozenset({"test-3", "test-7"}))
    evalsuite.run(experiment({"m": flaky}), out=tmp_path)
    done = evalsuite.run(experiment({"m": ScriptedSpec()}), out=tmp_path)
    assert opened("scripted").asked == Counter({"test-3": 1, "test-7": 1})
    assert done.responses.status.eq("ok").all()
    assert done.manifest.sessions == 2


def test_another_model_under_the_same_name_is_asked_anew(tmp_path: Path) -> None:
    evalsuite.run(experiment({"m": ScriptedSpec(limit=10)}), out=tmp_path)
    done = evalsuite.run(experiment({"m": ScriptedSpec(limit=20)}), out=tmp_path)
    assert sum(opened("scripted").asked.values()) == 40
    assert len(done.responses) == 40 and int(done.responses.success.sum()) == 20


def test_refusal_stops_the_run_with_one_line_and_keeps_what_was_answered(tmp_path: Path) -> None:
    spec = ScriptedSpec(refuse=frozenset({"test-20"}))
    with pytest.raises(UserError, match="system 'm': the key is not valid"):
        evalsuite.run(experiment({"m": spec}, concurrency=1), out=tmp_path)
    evalsuite.run(experiment({"m": ScriptedSpec()}, concurrency=1), out=tmp_path)
    assert "test-19" not in opened("scripted").asked and "test-20" in opened("scripted").asked


def test_a_hybrid_is_traced_hop_by_hop_and_practises_off_the_test_split(tmp_path: Path) -> None:
    systems = {
        "small": ScriptedSpec(label="s", limit=25),
        "large": ScriptedSpec(label="l"),
        "both": FirstThenSecond(first="small", second="large"),
    }
    done = evalsuite.run(experiment(systems, report=("both",), practice=30), out=tmp_path)
    assert done.responses.system.unique().tolist() == ["both"]
    assert done.responses.success.all()
    hops = done.calls[done.calls.phase == "answer"].groupby("sample_id").role.apply(list)
    assert hops["test-0"] == ["first"] and hops["test-30"] == ["first", "second"]
    answering = done.calls[done.calls.phase == "answer"]
    assert set(answering.reason) == {"always", "unsure"}
    practised = done.calls[done.calls.phase == "fit"]
    assert practised.usd.sum() == pytest.approx(done.fits.usd.sum())
    assert set(practised.response_key) == set(done.practice.key)
    assert done.practice.success.sum() == 25 and len(done.practice) == 30
    assert done.responses.n_calls.sum() == 40 + 15
    fit = done.fits.iloc[0]
    assert (fit.system, fit.split, fit.n_samples) == ("both", "validation", 30)
    assert fit.usd == pytest.approx(30 * 60e-6)
    assert not any(sample.startswith("train") for sample in opened("s").asked)


def test_a_hybrid_with_a_failing_member_fails_and_says_so(tmp_path: Path) -> None:
    systems = {
        "small": ScriptedSpec(label="s", limit=25),
        "large": ScriptedSpec(label="l", fail=frozenset({"test-30"})),
        "both": FirstThenSecond(first="small", second="large"),
    }
    done = evalsuite.run(experiment(systems, report=("both",)), out=tmp_path)
    failed = done.responses[done.responses.status != "ok"]
    assert failed.sample_id.tolist() == ["test-30"]
    assert failed.n_calls.tolist() == [2], "the small model's call was made and is kept"
    assert failed.usd.tolist() == pytest.approx([60e-6])


def test_a_hybrid_repeats_only_the_call_that_failed(tmp_path: Path) -> None:
    def systems(fail: frozenset[str]) -> dict[str, ScriptedSpec | FirstThenSecond]:
        return {
            "small": ScriptedSpec(label="s", limit=25),
            "large": ScriptedSpec(label="l", fail=fail),
            "both": FirstThenSecond(first="small", second="large"),
        }

    evalsuite.run(experiment(systems(frozenset({"test-30"})), report=("both",)), out=tmp_path)
    done = evalsuite.run(experiment(systems(frozenset()), report=("both",)), out=tmp_path)
    assert not opened("s").asked and opened("l").asked == Counter({"test-30": 1})
    row = done.responses.set_index("sample_id").loc["test-30"]
    assert row.status == "ok" and row.n_calls == 2
    assert math.isnan(row.seconds), "a resumed answer was not felt in one piece: no latency"


def test_repeats_are_separate_answers(tmp_path: Path) -> None:
    done = evalsuite.run(experiment({"m": ScriptedSpec()}, repeats=3), out=tmp_path)
    assert set(opened("scripted").asked.values()) == {3}
    assert done.responses.groupby("sample_id").repeat.apply(list).iloc[0] == [0, 1, 2]
    assert done.responses.key.is_unique


def test_concurrency_is_reached_and_not_passed(tmp_path: Path) -> None:
    evalsuite.run(experiment({"m": ScriptedSpec(seconds=0.01)}, concurrency=5), out=tmp_path)
    assert opened("scripted").peak == 5


def test_limit_takes_the_first_samples(tmp_path: Path) -> None:
    done = evalsuite.run(experiment({"m": ScriptedSpec()}, limit=7), out=tmp_path)
    assert done.samples.sample_id.tolist() == [f"test-{index}" for index in range(7)]
    assert done.manifest.tasks[0].n_samples == 7


def test_a_scorer_that_raises_is_our_failure_not_the_systems(tmp_path: Path) -> None:
    def broken(sample: Sample, answer: Answer) -> list[Score]:
        raise ValueError("no such column")

    done = evalsuite.run(
        experiment({"m": ScriptedSpec()}, task=replace(ADDITION, score=broken)), out=tmp_path
    )
    assert done.scores.status.unique().tolist() == ["scorer_error"]
    assert done.scores.explanation.iloc[0] == "ValueError: no such column"
    assert done.responses.success.isna().all() and done.responses.status.eq("ok").all()


def test_an_empty_split_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    empty = replace(ADDITION, samples=lambda split: iter(()))
    with pytest.raises(UserError, match="the test split has no samples"):
        evalsuite.run(experiment({"m": ScriptedSpec()}, task=empty), out=tmp_path)
    assert not opened("scripted").asked


def test_duplicate_sample_ids_are_refused(tmp_path: Path) -> None:
    twice = replace(
        ADDITION, samples=lambda split: iter([Sample(id="x", inputs={"a": 1, "b": 2})] * 2)
    )
    with pytest.raises(UserError, match="two samples have the id 'x'"):
        evalsuite.run(experiment({"m": ScriptedSpec()}, task=twice), out=tmp_path)


def test_the_system_never_sees_a_target(tmp_path: Path) -> None:
    seen = []

    class Curious(ScriptedModel):
        async def complete(self, request, fitted):  # type: ignore[no-untyped-def]
            seen.append(request)
            return await super().complete(request, fitted)

    class CuriousSpec(ScriptedSpec):
        def open(self, resources):  # type: ignore[no-untyped-def]
            return Curious(self)

    evalsuite.run(experiment({"m": CuriousSpec()}), out=tmp_path)
    assert seen and all("target" not in request.__struct_fields__ for request in seen)


def test_events_tell_how_far_the_run_is(tmp_path: Path) -> None:
    events: list[Event] = []
    evalsuite.run(
        experiment({"m": ScriptedSpec(fail=frozenset({"test-1"}))}),
        out=tmp_path,
        tell=events.append,
    )
    kinds = Counter(event.kind for event in events)
    assert kinds == {"begin": 1, "fit": 1, "pair": 1, "answer": 40, "scoring": 1, "scored": 40}
    assert [event.n for event in events if event.kind in ("begin", "pair", "scoring")] == [40] * 3
    answers = [event for event in events if event.kind == "answer"]
    assert Counter(event.error_kind for event in answers) == {None: 39, "server_error": 1}
    assert sum(event.billed_usd or 0 for event in answers) == pytest.approx(39 * 60e-6)
    assert sum(event.input_tokens or 0 for event in answers) == 390
    assert sum(event.success is True for event in events if event.kind == "scored") == 39
    again: list[Event] = []
    evalsuite.run(experiment({"m": ScriptedSpec()}), out=tmp_path, tell=again.append)
    assert sum(event.reused for event in again if event.kind == "answer") == 39


def test_a_corrected_target_is_scored_again_without_asking(tmp_path: Path) -> None:
    def corrected(split: Split) -> Iterator[Sample]:
        for sample in additions(split):
            target = -1 if sample.id == "test-0" else sample.target
            yield Sample(id=sample.id, inputs=sample.inputs, target=target)

    evalsuite.run(experiment({"m": ScriptedSpec()}), out=tmp_path)
    task = replace(ADDITION, samples=corrected)
    done = evalsuite.run(experiment({"m": ScriptedSpec()}, task=task), out=tmp_path)
    assert not opened("scripted").asked
    assert int(done.responses.success.sum()) == 39


def test_an_edited_hybrid_of_the_users_own_is_asked_anew(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    source = (Path(__file__).parent / "scripted.py").read_text()

    def run_with(text: str) -> pd.DataFrame:
        own.write_text(text)
        name = f"own_{len(text)}"
        found = importlib.util.spec_from_file_location(name, own)
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules[name] = module
        found.loader.exec_module(module)
        systems = {
            "small": ScriptedSpec(label="s", limit=25),
            "large": ScriptedSpec(label="l"),
            "both": module.FirstThenSecond(first="small", second="large"),
        }
        return evalsuite.run(experiment(systems, report=("both",)), out=tmp_path / "run").responses

    before = run_with(source)
    again = run_with(source)
    assert again.key.tolist() == before.key.tolist()
    edited = run_with(source.replace('reason="unsure"', 'reason="not sure"'))
    assert set(edited.key).isdisjoint(before.key)
