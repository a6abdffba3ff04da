"""What goes wrong inside cascades and routers, through the engine: statuses, and no cost is lost.

Every call of the scripted models costs 10 input tokens at $1 and 5 output tokens at $10 a million:
$0.00006, but for those that fail before anything was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evalsuite import api
from evalsuite.errors import ConfigError, StoppedEarly
from evalsuite.session import Session
from evalsuite.systems.hybrids.cascade import CascadeSpec
from evalsuite.systems.hybrids.router import RouterSpec
from tests.running.scripted import ScriptedSpec, experiment

CALL_USD = 6e-5


def run(folder: Path, systems: Mapping[str, Any], hybrid: str, **settings: Any) -> Any:
    checked = experiment(systems, report=(hybrid,), **settings)
    Session(checked, folder, lambda event: None).run()
    return api.load(folder)


def kept(loaded: Any) -> None:
    """Each answer costs what its calls cost, and everything that was asked is there."""
    answering = loaded.calls[loaded.calls.phase == "answer"]
    sums = answering.groupby("response_key").usd.sum(min_count=1)
    responses = loaded.responses.set_index("key")
    assert responses.usd.to_dict() == pytest.approx(sums.reindex(responses.index).to_dict())
    assert responses.n_calls.to_dict() == answering.groupby("response_key").size().to_dict()


def test_a_tier_that_errors_is_passed_over(tmp_path: Path) -> None:
    systems = {
        "small": ScriptedSpec(label="small", fail=frozenset({"test-1"})),
        "large": ScriptedSpec(label="large"),
        "cascade": CascadeSpec(tiers=("small", "large"), threshold=-1.0),
    }
    loaded = run(tmp_path, systems, "cascade", limit=3)
    assert list(loaded.responses.status) == ["ok"] * 3
    failed = loaded.calls[loaded.calls.sample_id == "test-1"].sort_values("ordinal")
    assert list(failed.status) == ["error", "ok"]
    assert list(failed.reason) == ["first tier", "tier_1 failed (server_error)"]
    assert failed.usd.tolist() == [0.0, pytest.approx(CALL_USD)]
    kept(loaded)


def test_a_last_tier_that_errors_is_a_system_error_with_its_cost(tmp_path: Path) -> None:
    """The unsure small tier has answered and was paid for; its answer is not passed off as sure."""
    systems = {
        "small": ScriptedSpec(label="small", limit=1),
        "large": ScriptedSpec(label="large", fail=frozenset({"test-2"})),
        "cascade": CascadeSpec(tiers=("small", "large"), threshold=-1.0),
    }
    loaded = run(tmp_path, systems, "cascade", limit=3)
    by_id = loaded.responses.set_index("sample_id")
    assert by_id.status.to_dict() == {"test-0": "ok", "test-1": "ok", "test-2": "system_error"}
    assert by_id.loc["test-2", "error_kind"] == "server_error"
    assert pd.isna(by_id.loc["test-2", "success"])
    assert by_id.loc["test-2", "usd"] == pytest.approx(CALL_USD)
    kept(loaded)


def test_a_verifier_that_talks_nonsense_escalates_and_is_paid(tmp_path: Path) -> None:
    """The scripted verifier answers with a number, which is neither yes nor no."""
    systems = {
        "small": ScriptedSpec(label="small"),
        "large": ScriptedSpec(label="large"),
        "critic": ScriptedSpec(label="critic", fail=frozenset({"test-1"})),
        "cascade": CascadeSpec.model_validate(
            {
                "tiers": ["small", "large"],
                "signal": {"kind": "verifier", "system": "critic"},
                "threshold": 0.5,
            }
        ),
    }
    loaded = run(tmp_path, systems, "cascade", limit=2)
    assert loaded.responses.status.eq("ok").all()
    calls = loaded.calls.sort_values(["sample_id", "ordinal"])
    assert list(calls.role) == ["tier_1", "verifier", "tier_2"] * 2
    assert list(calls.reason[calls.role == "tier_2"]) == [
        "no verdict in '1'",
        "verifier failed (server_error)",
    ]
    assert loaded.responses.set_index("sample_id").usd.tolist() == [
        pytest.approx(3 * CALL_USD),
        pytest.approx(2 * CALL_USD),
    ]
    kept(loaded)


@pytest.mark.parametrize("threshold", [float("nan"), (float("nan"),)])
def test_a_threshold_that_is_no_number_is_refused_before_anything_is_asked(threshold: Any) -> None:
    with pytest.raises(ValueError, match="a threshold must be a number, not NaN"):
        CascadeSpec(tiers=("small", "large"), threshold=threshold)


def test_a_hop_over_budget_is_not_made_and_what_was_paid_is_kept(tmp_path: Path) -> None:
    systems = {
        "small": ScriptedSpec(label="small", limit=0),
        "large": ScriptedSpec(label="large"),
        "cascade": CascadeSpec(tiers=("small", "large"), threshold=-1.0),
    }
    # The worst case of a call is about 256 output tokens, $0.0026: a few fit, then no more.
    settings = {"limit": 10, "concurrency": 1, "max_usd": 0.0029}
    with pytest.raises(StoppedEarly):
        run(tmp_path, systems, "cascade", **settings)
    stopped = api.load(tmp_path)
    assert stopped.manifest.stopped is not None
    assert 0 < len(stopped.responses) < 10
    assert stopped.responses.status.eq("ok").all(), "a hop that was not made is no failed answer"
    kept(stopped)
    went_on = run(tmp_path, systems, "cascade", **{**settings, "max_usd": 1.0})
    assert len(went_on.responses) == 10 and len(went_on.calls) == 20
    kept(went_on)


def test_a_router_asked_about_a_model_it_never_saw(tmp_path: Path) -> None:
    """All of its practice failed: it is asked only where the others fail, and that is said."""
    pytest.importorskip("sklearn")
    gone = frozenset(f"validation-{i}" for i in range(40))
    systems = {
        "gone": ScriptedSpec(label="gone", fail=gone),
        "there": ScriptedSpec(label="there", fail=frozenset({"test-1"})),
        "router": RouterSpec(members=("gone", "there")),
    }
    loaded = run(tmp_path, systems, "router", limit=2, practice=8)
    assert "; member_1 never answered in practice" in loaded.fits.note.iloc[0]
    calls = loaded.calls[loaded.calls.phase == "answer"].sort_values(["sample_id", "ordinal"])
    assert list(calls.role) == ["member_2", "member_2", "member_1"]
    assert calls.reason.iloc[0].startswith("P(success) member_1 unseen, member_2 0.9")
    assert calls.reason.iloc[2] == "member_2 failed (server_error)"
    assert loaded.responses.status.eq("ok").all()
    kept(loaded)


def test_a_router_of_members_that_all_fail_in_practice_says_so(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    gone = frozenset(f"validation-{i}" for i in range(40))
    systems = {
        "a": ScriptedSpec(label="a", fail=gone),
        "b": ScriptedSpec(label="b", fail=gone),
        "router": RouterSpec(members=("a", "b")),
    }
    with pytest.raises(ConfigError, match="no member gave a single answer in practice"):
        run(tmp_path, systems, "router", limit=2, practice=4)


def test_the_random_router_goes_on_and_fails_with_the_last(tmp_path: Path) -> None:
    systems = {
        "a": ScriptedSpec(label="a", fail=frozenset({"test-0", "test-1"})),
        "b": ScriptedSpec(label="b", fail=frozenset({"test-1"})),
        "router": RouterSpec(members=("a", "b"), policy="random", shares=(1.0, 0.0)),
    }
    loaded = run(tmp_path, systems, "router", limit=2)
    by_id = loaded.responses.set_index("sample_id")
    assert by_id.status.to_dict() == {"test-0": "ok", "test-1": "system_error"}
    assert by_id.n_calls.to_dict() == {"test-0": 2, "test-1": 2}
    kept(loaded)


def test_agreement_pays_for_every_sample(tmp_path: Path) -> None:
    systems = {
        "small": ScriptedSpec(label="small"),
        "large": ScriptedSpec(label="large"),
        "cascade": CascadeSpec.model_validate(
            {
                "tiers": ["small", "large"],
                "signal": {"kind": "agreement", "samples": 3},
                "min_success": 0.9,
            }
        ),
    }
    loaded = run(tmp_path, systems, "cascade", limit=2, practice=5)
    assert loaded.responses.n_calls.tolist() == [3, 3]
    assert loaded.responses.usd.tolist() == [pytest.approx(3 * CALL_USD)] * 2
    practised = loaded.calls[loaded.calls.phase == "fit"]
    # Each tier once a sample, and three samples of the first tier, all of them on record.
    assert len(practised) == 5 * (2 + 3)
    assert loaded.fits.usd.iloc[0] == pytest.approx(25 * CALL_USD)
    kept(loaded)
