"""Training and measuring: the parts that can be checked in seconds."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from evalsuite.embedded import evaluate, names, train  # noqa: E402
from evalsuite.embedded.batches import batches  # noqa: E402
from evalsuite.embedded.card import readme  # noqa: E402

OPTIONS = ["--size", "pico", "--probe", "2", "--log-every", "2", "--batch-tokens", "512"]


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place to train in, with a tokenizer learnt from a small sample."""
    from evalsuite.embedded.tokenizer import build

    monkeypatch.setattr(train, "build", lambda: build(sample=1500))
    return tmp_path


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(folder / "checkpoint.pt", weights_only=True)[
        "model"
    ]
    return state


def test_a_resumed_run_ends_where_an_unbroken_one_does(ready: Path) -> None:
    whole, broken = ready / "whole", ready / "broken"
    train.main([*OPTIONS, "--steps", "6", "--save-every", "3", "--out", str(whole)])
    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.Trainer, "_validate", _interrupt)
        train.main([*OPTIONS, "--steps", "6", "--save-every", "3", "--out", str(broken)])
    train.main([*OPTIONS, "--steps", "6", "--save-every", "3", "--out", str(broken)])
    one, other = weights(whole), weights(broken)
    assert all(torch.equal(one[name], other[name]) for name in one)
    log = (whole / "validation.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [3, 6]
    _card_can_be_written(whole, ready / "card")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _card_can_be_written(run: Path, out: Path) -> None:
    options = f"--name tiny --runs {run} {run} --out {out} --items 8 --validation-items 4"
    evaluate.main([*options.split(), "--not-reached", "it knows nothing"])
    card = json.loads((out / "card.json").read_text())
    assert card["training"]["tokens"] > 0
    assert card["seeds"]["trained"] == [0, 0]
    text = (out / "README.md").read_text()
    assert text == readme(card)
    assert "it knows nothing" in text


def test_batches_do_not_depend_on_where_one_starts(ready: Path) -> None:
    tokenizer = train._tokenizer(ready)
    first = list(itertools.islice(batches(tokenizer, seed=0, size=512), 4))
    later = next(batches(tokenizer, seed=0, size=512, skip=3))
    assert torch.equal(first[3].inputs, later.inputs)
    for batch in first:
        assert batch.inputs.numel() <= 512
        learnt = batch.labels != -100
        assert torch.equal(batch.labels[learnt], batch.inputs[learnt])
        assert 0 < int(learnt.sum()) < batch.tokens <= batch.inputs.numel()


def test_the_learning_rate_warms_up_stays_and_falls() -> None:
    rates = [train.learning_rate(step, 1000, 1.0) for step in range(1000)]
    assert rates[0] < 0.02
    assert rates[100:600] == [1.0] * 500
    assert rates[600:] == sorted(rates[600:], reverse=True)
    assert rates[-1] == pytest.approx(0.02)
    again = [train.learning_rate(step, 1500, 1.0, second=1000) for step in range(1500)]
    assert again[:1000] == rates
    assert max(again[1000:]) == 0.5
    assert again[-1] == pytest.approx(0.01)


def test_names_are_sizes() -> None:
    assert set(names()) <= set(train.SIZES)
