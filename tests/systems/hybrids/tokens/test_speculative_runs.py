"""Speculative decoding on the embedded models: against the target alone, and through a run."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

import evalsuite
from evalsuite.embedded import names
from evalsuite.errors import ConfigError
from evalsuite.experiment import load_experiment
from evalsuite.records import Answer, Message, Request
from evalsuite.systems.completing import row_of, written
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.encoding import encode
from evalsuite.systems.hybrids.speculative import SpeculativeSpec
from evalsuite.systems.resources import Resources
from evalsuite.systems.transformers import TransformersSpec
from tests.systems.conftest import make_model

ROOT = Path(__file__).resolve().parents[4]
TEXT_TASKS = 4
"""Of the quickstart's five tasks, one has choices."""

pytestmark = pytest.mark.skipif(
    not {"pico", "nano", "micro"} <= set(names()), reason="the embedded models are not here"
)


@pytest.fixture(scope="module")
def decoders() -> dict[str, Decoder]:
    return {
        name: TransformersSpec(model=f"embedded/{name}").open(Resources()).decoder
        for name in ("pico", "nano", "micro")
    }


@pytest.fixture(scope="module")
def quickstart() -> list[Request]:
    """The first 10 samples of each of the quickstart's tasks that have text answers."""
    experiment = load_experiment(ROOT / "reports" / "quickstart" / "experiment.yaml")
    found = []
    for planned in experiment.tasks:
        for sample in islice(planned.task.samples("test"), 10):
            request = planned.task.request(sample, split="test", seed=1, repeat=0)
            if request.choices is None:
                found.append(request)
    return found


def alone(request: Request, decoder: Decoder) -> Answer:
    encoded = encode(request, decoder.tokenizer)
    row = row_of(request, encoded.prompt, decoder.context)
    return written(decoder, row, decoder.generate([row])[0])


def test_every_quickstart_answer_is_the_targets(
    decoders: dict[str, Decoder], quickstart: list[Request]
) -> None:
    assert len(quickstart) == 10 * TEXT_TASKS
    spec = SpeculativeSpec(draft="pico", target="micro", gamma=4)
    several = 0
    for request in quickstart:
        wanted = alone(request, decoders["micro"])
        joint = spec.work(request, {"draft": decoders["pico"], "target": decoders["micro"]})
        found = joint.answer
        assert (found.text, found.finish_reason) == (wanted.text, wanted.finish_reason)
        # Float32 sums are ordered otherwise where several tokens are read at once.
        assert found.token_logprobs == pytest.approx(wanted.token_logprobs, abs=1e-4)
        data = joint.shares["draft"].data
        assert data is not None
        several += sum(accepted > 1 for _, accepted in data["speculation"]["rounds"])
    assert several > 40


@pytest.mark.parametrize(
    "changes",
    [
        {"max_output_tokens": 7},
        {"stop": ("the", "a ")},
        {"temperature": 0.0, "max_output_tokens": 1},
    ],
)
def test_limits_and_stop_strings_are_the_targets(
    decoders: dict[str, Decoder], quickstart: list[Request], changes: dict[str, Any]
) -> None:
    spec = SpeculativeSpec(draft="nano", target="micro", gamma=3)
    for request in quickstart[::6]:
        changed = msgspec.structs.replace(request, **changes)
        wanted = alone(changed, decoders["micro"])
        found = spec.work(changed, {"draft": decoders["nano"], "target": decoders["micro"]}).answer
        assert (found.text, found.finish_reason) == (wanted.text, wanted.finish_reason)
        assert len(found.token_logprobs or ()) == len(wanted.token_logprobs or ())


def test_a_full_context_ends_both_alike(tmp_path: Path) -> None:
    """A draft of 96 tokens and a target of 128, both random: the draft is full on the way."""
    small = make_model(tmp_path / "small", chat=True, seed=2, context=96)
    large = make_model(tmp_path / "large", chat=True, seed=3, context=128)
    models = [TransformersSpec(model=str(path)).open(Resources()) for path in (small, large)]
    draft, target = (model.decoder for model in models)
    turn = Message(role="user", content="x" * 80)
    request = Request(task="t", sample_id="1", inputs={}, messages=(turn,), max_output_tokens=200)
    wanted = alone(request, target)
    joint = SpeculativeSpec(draft="small", target="large").work(
        request, {"draft": draft, "target": target}
    )
    assert (joint.answer.text, joint.answer.finish_reason) == (wanted.text, wanted.finish_reason)
    assert len(wanted.token_logprobs or ()) == 128 - 82
    assert joint.answer.token_logprobs == pytest.approx(wanted.token_logprobs, abs=1e-4)


EXPERIMENT: dict[str, Any] = {
    "name": "drafted",
    "tasks": ["reasoning/arithmetic", "tabular/rows"],
    "systems": {
        "small": "embedded/pico",
        "large": "embedded/micro",
        "drafted": {"hybrid": "speculative", "draft": "small", "target": "large", "gamma": 3},
    },
    "limit": 6,
}


def test_a_run_keeps_what_drafting_came_to(tmp_path: Path) -> None:
    run = evalsuite.run(EXPERIMENT, out=tmp_path / "run")
    responses = run.responses.set_index(["system", "task", "sample_id"]).sort_index()
    for task in EXPERIMENT["tasks"]:
        own, both = responses.loc["large", task], responses.loc["drafted", task]
        assert list(both.text) == list(own.text)
        assert list(both.success) == list(own.success)
    calls = run.calls[run.calls.system == "drafted"]
    text = calls[calls.task == "reasoning/arithmetic"]
    assert set(text.role) == {"draft", "target"}
    assert (text.machine_seconds > 0).all() and text.usd.notna().all()
    assert (text.batch_size == 1).all()
    for row in text[text.role == "draft"].itertuples():
        told = json.loads(row.answer)["data"]["speculation"]
        assert told["gamma"] == 3 and told["exact"] is True
        assert sum(drafted for drafted, _ in told["rounds"]) == row.output_tokens
    choices = calls[calls.task == "tabular/rows"]
    assert set(choices.role) == {"target"}
    assert set(choices.reason) == {"scores the choices alone: nothing to draft"}

    summary = evalsuite.summarise(run)
    hybrid = summary.system("drafted").hybrid
    assert hybrid is not None
    (found,) = hybrid.speculation
    assert (found.draft, found.verifier, found.n, found.gamma) == ("small", "large", 6, 3)
    assert found.alone is not None and found.alone.n == 6
    assert (found.alone.n_greedy, found.alone.n_same_text) == (6, 6)
    markdown, page = tmp_path / "report.md", tmp_path / "report.html"
    evalsuite.report(run, markdown)
    evalsuite.report(run, page)
    for report in (markdown, page):
        assert "drafts accepted" in report.read_text()


def test_going_on_asks_nothing_again(tmp_path: Path) -> None:
    first = evalsuite.run(EXPERIMENT, out=tmp_path / "run").calls
    again = evalsuite.run(EXPERIMENT, out=tmp_path / "run").calls
    assert list(again.key) == list(first.key)
    assert list(again.started_at) == list(first.started_at)


def test_as_a_member_of_another_hybrid(tmp_path: Path) -> None:
    either = {"hybrid": "fallback", "members": ["drafted", "small"]}
    content = {
        **EXPERIMENT,
        "tasks": ["reasoning/arithmetic"],
        "systems": {**EXPERIMENT["systems"], "either": either},
        "report": ["either"],
        "limit": 2,
    }
    run = evalsuite.run(content, out=tmp_path / "run")
    assert set(run.calls.role) == {"member_1/draft", "member_1/target"}
    assert run.responses.text.notna().all()
    hybrid = evalsuite.summarise(run).system("either").hybrid
    assert hybrid is not None
    (found,) = hybrid.speculation
    assert (found.draft_role, found.draft, found.verifier) == ("member_1/draft", "small", "large")


def test_models_of_other_tokens_are_refused(tmp_path: Path) -> None:
    other = make_model(tmp_path / "other", chat=True)
    systems = {**EXPERIMENT["systems"], "small": {"backend": "transformers", "model": str(other)}}
    with pytest.raises(ConfigError, match="draft and target have different vocabularies"):
        evalsuite.run({**EXPERIMENT, "systems": systems}, out=tmp_path / "run")
