"""Monte Carlo dropout on embedded models: means over seeded passes, and nothing left behind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

pytest.importorskip("torch")

from evalsuite import api
from evalsuite.errors import ConfigError
from evalsuite.records import Message, Request
from evalsuite.systems.base import Share
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.hybrids.mc_dropout import McDropoutSpec, dropout
from evalsuite.systems.resources import Resources
from evalsuite.systems.transformers import TransformersSpec

QUESTION = Request(
    task="t",
    sample_id="1",
    inputs={},
    messages=(Message(role="user", content="What is 17 + 25?"),),
    max_output_tokens=12,
)
CHOICE = msgspec.structs.replace(QUESTION, choices=("yes", "no", "41"))


@pytest.fixture(scope="module")
def decoders() -> Iterator[Mapping[str, Decoder]]:
    import torch

    opened = TransformersSpec(model="embedded/nano").open(Resources())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as for the engine: on models this small, threads only wait
    yield {"member": opened.decoder}
    torch.set_num_threads(threads)


def plain(decoders: Mapping[str, Decoder], request: Request) -> Any:
    """What the model says alone."""
    from evalsuite.systems.completing import chosen, row_of, written
    from evalsuite.systems.encoding import encode

    decoder = decoders["member"]
    encoded = encode(request, decoder.tokenizer)
    if request.choices:
        return chosen(request.choices, decoder.score([encoded.prompt], [encoded.choices])[0])
    row = row_of(request, encoded.prompt, decoder.context)
    return written(decoder, row, decoder.generate([row])[0])


def test_choices_have_the_mean_over_seeded_passes(decoders: Mapping[str, Decoder]) -> None:
    spec = McDropoutSpec(member="m", passes=20, rate=0.2)
    joint, again = spec.work(CHOICE, decoders), spec.work(CHOICE, decoders)
    assert joint.answer == again.answer
    probabilities = joint.answer.probabilities
    assert probabilities is not None and sum(probabilities.values()) == pytest.approx(1)
    assert joint.answer.choice == max(probabilities, key=probabilities.__getitem__)
    other = spec.work(msgspec.structs.replace(CHOICE, seed=1), decoders)
    assert other.answer.probabilities != probabilities
    share: Share = joint.shares["member"]
    assert share.reason.startswith("20 passes, dropout 0.2: P 0.")
    assert share.output_tokens == 0 and share.input_tokens % 20 == 0
    assert share.machine_seconds > 0


@pytest.mark.parametrize("request_", [QUESTION, CHOICE], ids=["text", "choice"])
def test_without_much_dropout_it_is_the_model_alone(
    decoders: Mapping[str, Decoder], request_: Request
) -> None:
    alone = plain(decoders, request_)
    nearly = McDropoutSpec(member="m", passes=3, rate=1e-9).work(request_, decoders).answer
    assert nearly.text == alone.text
    if request_.choices:
        assert nearly.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
    else:
        assert nearly.token_logprobs == pytest.approx(alone.token_logprobs, abs=1e-4)
    noisy = McDropoutSpec(member="m", passes=40, rate=0.3).work(request_, decoders).answer
    if request_.choices:
        assert noisy.probabilities != pytest.approx(alone.probabilities, abs=1e-3)
    else:
        assert noisy.text == alone.text, "text is written without dropout"
        assert noisy.token_logprobs is not None and alone.token_logprobs is not None
        assert sum(noisy.token_logprobs) < sum(alone.token_logprobs)
        assert all(value <= 0 for value in noisy.token_logprobs)
    assert plain(decoders, request_) == alone, "no dropout is left behind"


def test_dropout_leaves_other_generators_and_a_failed_pass_alone(
    decoders: Mapping[str, Decoder],
) -> None:
    import torch

    model = decoders["member"].model
    before = torch.random.get_rng_state()
    with pytest.raises(KeyError), dropout(model, 0.5, 0):
        raise KeyError("a pass that fails")
    assert torch.equal(before, torch.random.get_rng_state())
    assert not any(module._forward_pre_hooks for module in model.modules())
    with pytest.raises(ConfigError, match="no linear layers"), dropout(_Bare(), 0.5, 0):
        pass


class _Bare:
    """A model of nothing but its last layer."""

    def modules(self) -> list[Any]:
        return []

    def get_output_embeddings(self) -> None:
        return None


def test_refused_rates() -> None:
    for rate in (0.0, 1.0, math.nan):
        with pytest.raises(ValidationError):
            McDropoutSpec(member="m", rate=rate)


def test_a_cascade_picks_its_threshold_on_the_mean(tmp_path: Path) -> None:
    """Practice asks the tier as it is asked in earnest: the hybrid is a member like any other."""
    run = api.run(
        {
            "name": "mc",
            "tasks": ["tabular/rows"],
            "systems": {
                "pico": "embedded/pico",
                "nano": "embedded/nano",
                "unsure": {"hybrid": "mc_dropout", "member": "pico", "passes": 4, "rate": 0.1},
                "cascade": {"hybrid": "cascade", "tiers": ["unsure", "nano"]},
            },
            "limit": 4,
            "practice": 8,
        },
        out=tmp_path / "run",
    )
    assert run.responses.status.eq("ok").all()
    note = run.fits.set_index("system").note["cascade"]
    assert note.startswith("tier_1 auto >= ") and "8 validation samples" in note
    calls = run.calls[(run.calls.system == "cascade") & (run.calls.phase == "answer")]
    first = calls[calls.role == "tier_1/member"]
    assert len(first) == 4 and first.reason.str.match(r"4 passes, dropout 0.1: ").all()
    assert (first.usd > 0).all()
