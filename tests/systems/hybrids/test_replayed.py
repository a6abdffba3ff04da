"""Every pattern over recorded systems: what its members said in one run answers another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalsuite import api

pytest.importorskip("torch")

TASK = "tabular/rows"
PATTERNS: dict[str, dict[str, Any]] = {
    "adaptive_shots": {"member": "pico", "critic": "nano", "shots": 2, "select": "first"},
    "cascade": {"tiers": ["pico", "nano"]},
    "committee": {"members": ["pico", "nano"], "weights": "log_odds"},
    "fallback": {"members": ["pico", "nano"], "valid": ["number"]},
    "guard": {"guard": "nano", "member": "pico", "threshold": 0.3},
    "guide": {"guide": "nano", "answerer": "pico", "max_guidance_tokens": 8},
    "hedge": {"member": "pico", "after_seconds": 60},
    "router": {"members": ["pico", "nano"], "policy": "random"},
    "verify": {"answerer": "pico", "verifier": "nano", "mode": "rewrite"},
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of all patterns on embedded models."""
    folder = tmp_path_factory.mktemp("recorded") / "run"
    systems = {"pico": "embedded/pico", "nano": "embedded/nano", **hybrids()}
    api.run({"name": "recorded", "tasks": [TASK], "systems": systems, **SETTINGS}, out=folder)
    return folder


SETTINGS = {"limit": 6, "practice": 12, "concurrency": 4}


def hybrids() -> dict[str, Any]:
    return {name: {"hybrid": name, **config} for name, config in PATTERNS.items()}


def test_a_replayed_run_answers_as_the_recorded_one(recorded: Path, tmp_path: Path) -> None:
    members = {
        name: {"backend": "replay", "run": str(recorded), "system": name}
        for name in ("pico", "nano")
    }
    systems = {**members, **hybrids()}
    api.run({"name": "again", "tasks": [TASK], "systems": systems, **SETTINGS}, out=tmp_path)
    live, again = (
        api.load(folder).responses.set_index(["system", "sample_id"])
        for folder in (recorded, tmp_path)
    )
    assert set(again.status) == {"ok"}, again.error_message.dropna().unique()
    for system in PATTERNS:
        assert list(live.loc[system].text) == list(again.loc[system].text), system
        assert list(live.loc[system].n_calls) == list(again.loc[system].n_calls), system
    calls = api.load(tmp_path).calls
    assert calls.recorded.all() and calls.seconds.isna().all() and (calls.billed_usd == 0).all()
    assert set(calls.system) == set(systems)
