"""Runs that share the response cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import evalsuite
from evalsuite.records import Completion, Request
from evalsuite.systems.base import Fitted, Model
from evalsuite.systems.resources import Resources
from tests.running.scripted import OPENED, FirstThenSecond, ScriptedModel, ScriptedSpec, experiment

USD_PER_CALL = 60e-6


class CacheableModel(ScriptedModel):
    cacheable = True

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        """An endpoint sees messages only; this one reads the sum from them."""
        a, b = (int(word) for word in request.messages[0].content[8:-1].split(" + "))
        assert request.inputs == {"a": a, "b": b}
        return await super().complete(request, fitted)


class CacheableSpec(ScriptedSpec):
    backend: str = "cacheable"

    def open(self, resources: Resources) -> Model:
        model = CacheableModel(self)
        OPENED.append(model)
        return model


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    OPENED.clear()
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "cache"))


def asked() -> int:
    return sum(model.asked.total() for model in OPENED)


def run(tmp_path: Path, name: str, systems: Mapping[str, Any], **settings: Any) -> evalsuite.Run:
    settings = {"cache": True, **settings}
    return evalsuite.run(experiment(systems, **settings), out=tmp_path / name)


def test_a_second_run_asks_nothing_costs_the_same_and_has_no_latency(tmp_path: Path) -> None:
    first = run(tmp_path, "one", {"m": CacheableSpec(limit=30)})
    assert asked() == 40 and not first.calls.cached.any()
    assert first.responses.billed_usd.sum() == pytest.approx(40 * USD_PER_CALL)
    second = run(tmp_path, "two", {"another_name": CacheableSpec(limit=30)})
    assert asked() == 40, "the system's name does not matter, what is asked of whom does"
    assert second.calls.cached.all() and second.responses.n_cached_calls.eq(1).all()
    assert second.responses.usd.sum() == pytest.approx(40 * USD_PER_CALL), "what it is worth"
    assert second.responses.billed_usd.sum() == 0.0
    assert second.responses.seconds.isna().all() and second.calls.seconds.isna().all()
    assert second.responses.success.tolist() == first.responses.success.tolist()
    assert second.responses.output_tokens.tolist() == first.responses.output_tokens.tolist()


def test_another_model_and_another_repeat_are_asked(tmp_path: Path) -> None:
    run(tmp_path, "one", {"m": CacheableSpec(limit=30)})
    run(tmp_path, "two", {"m": CacheableSpec(limit=31)})
    assert asked() == 80
    done = run(tmp_path, "three", {"m": CacheableSpec(limit=30)}, repeats=2)
    assert asked() == 120, "the first repeat is known"
    assert done.calls.groupby("repeat").cached.all().tolist() == [True, False]


def test_without_the_key_nothing_is_read_or_kept(tmp_path: Path) -> None:
    run(tmp_path, "one", {"m": CacheableSpec()}, cache=False)
    assert not (tmp_path / "cache").exists()
    run(tmp_path, "two", {"m": CacheableSpec()})
    assert asked() == 80


def test_failures_are_not_kept(tmp_path: Path) -> None:
    run(tmp_path, "one", {"m": CacheableSpec(fail=frozenset({"test-3"}))})
    done = run(tmp_path, "two", {"m": CacheableSpec()})
    assert done.responses.status.eq("ok").all()
    fresh = done.calls[~done.calls.cached]
    assert fresh.sample_id.tolist() == ["test-3"]


def test_a_hybrid_shares_what_its_members_answered(tmp_path: Path) -> None:
    systems = {
        "small": CacheableSpec(label="small", limit=20),
        "large": CacheableSpec(label="large"),
        "mix": FirstThenSecond(first="small", second="large"),
    }
    done = run(tmp_path, "one", systems)
    mix = done.responses[done.responses.system == "mix"]
    assert mix.billed_usd.sum() == 0.0, "every call of it had been made"
    assert mix.usd.sum() == pytest.approx((40 + 20) * USD_PER_CALL)
    assert mix.seconds.isna().all()


def test_a_model_that_does_not_say_so_is_never_cached(tmp_path: Path) -> None:
    run(tmp_path, "one", {"m": ScriptedSpec()})
    run(tmp_path, "two", {"m": ScriptedSpec()})
    assert asked() == 80


def test_a_file_of_its_own(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite"
    run(tmp_path, "one", {"m": CacheableSpec()}, cache=str(elsewhere))
    assert elsewhere.exists() and not (tmp_path / "cache").exists()
