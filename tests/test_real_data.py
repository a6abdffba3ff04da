"""The main job on real benchmarks: gold answers are all right, recorded models as published."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import evalsuite
from evalsuite.api import recorded_experiment
from evalsuite.datasets import data_roots
from evalsuite.errors import DataMissing

ROUTELLM = "hybrid/routellm_gsm8k/gsm8k_responses.csv"


def mirror(path: str) -> Path:
    for root in data_roots():
        if (root / path).exists():
            return root / path
    pytest.skip(f"{path} is not on this machine (EVALSUITE_DATA)")


def gold_file(task_name: str, folder: Path) -> Path:
    """The targets of a task as recorded answers, in the form that a system would give them."""
    task = evalsuite.get_task(task_name)
    form = {
        "code/humaneval": lambda s: s.inputs["prompt"] + s.target["solution"],
        "reasoning/gsm8k": lambda s: s.target,
        "ner/wnut17": lambda s: (
            "; ".join(f"{e['label']}: {s.inputs['text'][e['start'] : e['end']]}" for e in s.target)
            or "none"
        ),
    }[task_name]
    path = folder / "gold.jsonl"
    try:
        rows = [json.dumps({"id": s.id, "answer": form(s)}) for s in task.samples("test")]
    except DataMissing as missing:
        pytest.skip(str(missing))
    path.write_text("\n".join(rows))
    return path


@pytest.mark.parametrize(
    ("task", "right", "n"),
    [("code/humaneval", 164, 164), ("reasoning/gsm8k", 1319, 1319), ("ner/wnut17", 1284, 1287)],
)
def test_gold_answers_are_right(tmp_path: Path, task: str, right: int, n: int) -> None:
    """WNUT-17 spans are given as text, without offsets: three sentences name a span whose text
    also stands earlier in the sentence, which no reader of text alone can tell apart.
    """
    content = recorded_experiment(
        gold_file(task, tmp_path), tasks=[task], by={"sample_id": "id"}, answers={"gold": "answer"}
    )
    done = evalsuite.run(content, out=tmp_path / "run")
    assert len(done.responses) == n
    assert int(done.responses.success.sum()) == right
    assert done.responses.seconds.isna().all(), "a recorded answer has no latency"


def test_routellm_recordings_are_two_systems_with_the_published_rates(tmp_path: Path) -> None:
    """63.73 % and 85.77 % of 1307: RouteLLM's recordings, after dropping contaminated prompts."""
    columns = {
        "mixtral": "mistralai/Mixtral-8x7B-Instruct-v0.1_response",
        "gpt4": "gpt-4-1106-preview_response",
    }
    content = recorded_experiment(
        mirror(ROUTELLM),
        tasks=["reasoning/gsm8k_routellm"],
        by={"prompt": "prompt"},
        answers=columns,
    )
    done = evalsuite.run(content, out=tmp_path / "all")
    rates = done.responses.groupby("system").success.agg(["sum", "size"])
    assert rates.loc["mixtral"].tolist() == [833, 1307]
    assert rates.loc["gpt4"].tolist() == [1121, 1307]

    content["systems"]["mixtral"]["usd_per_answer"] = 0.0003
    content["systems"]["gpt4"]["usd_per_answer"] = 0.01
    content["systems"]["router"] = {
        "hybrid": "router",
        "members": ["mixtral", "gpt4"],
        "max_cost_share": 0.6,
    }
    content["systems"]["cascade"] = {"hybrid": "cascade", "tiers": ["mixtral", "gpt4"]}
    content |= {"validation_share": 0.3, "practice": 400}
    routed = evalsuite.run(content, out=tmp_path / "routed")
    by_system = routed.responses.groupby("system")
    rate, usd = by_system.success.mean(), by_system.usd.mean()
    assert rate["mixtral"] < rate["router"] < rate["gpt4"]
    assert usd["mixtral"] < usd["router"] < 0.7 * usd["gpt4"]
    # The recordings carry no log-probabilities, so the cascade can trust nothing: it asks both.
    assert rate["cascade"] == rate["gpt4"]
    assert usd["cascade"] == pytest.approx(usd["mixtral"] + usd["gpt4"])
    assert set(routed.practice.sample_id).isdisjoint(routed.responses.sample_id)


def test_a_recorded_run_is_itself_a_system(tmp_path: Path) -> None:
    content = {
        "name": "first",
        "tasks": ["tabular/rows"],
        "systems": {
            "small": "embedded/nano",
            "large": "embedded/micro",
            "cascade": {"hybrid": "cascade", "tiers": ["small", "large"]},
        },
        "limit": 20,
        "practice": 20,
    }
    live = evalsuite.run(content, out=tmp_path / "live")
    recorded = {
        name: {"backend": "replay", "run": str(tmp_path / "live"), "system": name}
        for name in ("small", "large")
    }
    replayed = evalsuite.run(
        content | {"name": "second", "systems": content["systems"] | recorded},
        out=tmp_path / "replayed",
    )
    keys = ["system", "sample_id"]
    what = [*keys, "choice", "success", "n_calls"]
    expected = live.responses[what].sort_values(keys).reset_index(drop=True)
    assert replayed.responses[what].sort_values(keys).reset_index(drop=True).equals(expected)
    spent = live.responses.groupby("system").usd.sum()
    respent = replayed.responses.groupby("system").usd.sum()
    assert respent["small"] == pytest.approx(spent["small"])
    assert respent["small"] < respent["cascade"] <= respent["small"] + respent["large"]


def test_an_inline_text_task_is_learnt_by_a_classical_model(tmp_path: Path) -> None:
    rows = "\n".join(
        f"{text},{team}"
        for text, team in [("pay the bill", "money"), ("reset my login", "access")] * 10
    )
    for file in ("train.csv", "test.csv"):
        (tmp_path / file).write_text(f"text,team\n{rows}\n")
    content = {
        "name": "inline",
        "tasks": [
            {
                "name": "mine/tickets",
                "data": str(tmp_path / "test.csv"),
                "train": str(tmp_path / "train.csv"),
                "prompt": "{{ text }}",
                "target": "team",
                "scorer": "choice",
                "choices": ["money", "access"],
            }
        ],
        "systems": {"words": "classical/auto"},
    }
    done = evalsuite.run(content, out=tmp_path / "run")
    assert done.responses.success.all() and len(done.responses) == 20


def test_a_sample_missing_from_a_recording_is_a_failure_without_a_latency(tmp_path: Path) -> None:
    first = next(iter(evalsuite.get_task("tabular/rows").samples("test")))
    (tmp_path / "one.jsonl").write_text(json.dumps({"id": first.id, "answer": first.target}))
    content = recorded_experiment(
        tmp_path / "one.jsonl",
        tasks=["tabular/rows"],
        by={"sample_id": "id"},
        answers={"partial": "answer"},
    )
    rows = evalsuite.run(content, out=tmp_path / "run", limit=3).responses
    assert rows.error_kind.fillna("").tolist() == ["", "not_recorded", "not_recorded"]
    assert rows.seconds.isna().all()
    assert rows.success.iloc[0] and rows.success.iloc[1:].isna().all()


@pytest.mark.parametrize(
    "task",
    ["reasoning/gsm8k", "code/humaneval", "ner/wnut17", "tabular/heart", "writing/hanna_prompts"],
)
def test_embedded_and_classical_models_run_on_real_data(tmp_path: Path, task: str) -> None:
    content = {
        "name": "real",
        "tasks": [task],
        "systems": {"nano": "embedded/nano", "classical": "classical/auto"},
        "limit": 6,
        "train_limit": 100,
    }
    try:
        done = evalsuite.run(content, out=tmp_path)
    except DataMissing as missing:
        pytest.skip(str(missing))
    nano = done.responses[done.responses.system == "nano"]
    assert len(nano) == 6
    assert set(nano[nano.status != "ok"].error_kind) <= {"context_too_long"}
    assert nano.usd.notna().all()
    learnable = evalsuite.get_task(task).learnable is not None
    assert ("classical" in set(done.responses.system)) == learnable
    assert os.path.getsize(evalsuite.report(done, tmp_path / "report.html")) > 10_000
