"""Train one embedded model.

``python -m evalsuite.embedded.train --size nano --seed 0 --steps 4000 --out DIR``

All sizes see the same batches for the same seed, so a difference between rungs is
one of size, not of data. The learning rate is a function of the step alone (never of
time), constant in the middle: a run can be stopped and resumed, and a checkpoint of
the middle can be continued to another length, without a trace in the schedule.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from evalsuite.embedded.batches import Batch, batches
from evalsuite.embedded.generation import answer
from evalsuite.embedded.grading import grade
from evalsuite.embedded.items import FAMILIES, Item, items
from evalsuite.embedded.tokenizer import build

__all__ = ["SIZES", "Size", "main", "new_model"]


@dataclass(frozen=True, slots=True)
class Size:
    """Shape of one rung, and the learning rate its training uses."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    learning_rate: float


SIZES: dict[str, Size] = {
    "pico": Size(48, 2, 4, 144, 7e-3),
    "nano": Size(64, 2, 4, 192, 6e-3),
    "micro": Size(96, 3, 4, 256, 5e-3),
}

_WARMUP = 100
_DECAY_FROM = 0.6  # share of the steps after which the learning rate falls linearly
_FLOOR = 0.02
_CLIP = 1.0


def new_model(size: Size, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A freshly initialised model of the given shape."""
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        intermediate_size=size.feed_forward,
        max_position_embeddings=tokenizer.model_max_length,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=pad,
        rms_norm_eps=1e-5,
        initializer_range=0.02,
    )
    model = LlamaForCausalLM(config)
    model.generation_config.eos_token_id = end
    model.generation_config.pad_token_id = pad
    model.generation_config.do_sample = False
    return model


def learning_rate(step: int, steps: int, peak: float, second: int = 0) -> float:
    """Warm-up, plateau, linear fall; a function of the step alone.

    Args:
        step: Which step.
        steps: How many there will be.
        peak: Rate on the plateau.
        second: Step at which a second such cycle begins, at half the peak; 0 for none.
    """
    if second and step >= second:
        return learning_rate(step - second, steps - second, peak / 2)
    warm = min(1.0, (step + 1) / _WARMUP)
    end = second or steps
    left = (end - step) / (end * (1 - _DECAY_FROM))
    return peak * warm * max(_FLOOR, min(1.0, left))


def _optimizers(model: LlamaForCausalLM, peak: float) -> list[torch.optim.Optimizer]:
    matrices = [
        p for name, p in model.named_parameters() if p.ndim == 2 and "embed_tokens" not in name
    ]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(
            matrices, lr=peak, weight_decay=0.01, adjust_lr_fn="match_rms_adamw", ns_steps=3
        ),
        torch.optim.AdamW(rest, lr=peak, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def _loss(
    model: LlamaForCausalLM, body: Callable[..., Any], batch: Batch, device: torch.device
) -> torch.Tensor:
    inputs, labels = batch.inputs.to(device), batch.labels[:, 1:].to(device)
    with torch.autocast(device.type, torch.bfloat16):
        # Rows are padded on the right, so the causal mask alone keeps padding out.
        hidden = body(input_ids=inputs, use_cache=False).last_hidden_state
        learnt = labels != -100
        logits = model.lm_head(hidden[:, :-1][learnt])
    weights = batch.weights[:, 1:].to(device)[learnt]
    losses = functional.cross_entropy(logits.float(), labels[learnt], reduction="none")
    return (losses * weights).sum() / weights.sum()


@dataclass(slots=True)
class Progress:
    """Where a run stands."""

    step: int = 0
    tokens: int = 0
    cpu_seconds: float = 0.0


class Trainer:
    """One run: model, optimizers, data, checkpoint."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Set up from the command line; resume if the output folder holds a checkpoint."""
        torch.manual_seed(options.seed)
        self.options = options
        self.out = Path(options.out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.device = torch.device(options.device)
        self.size = SIZES[options.size]
        self.tokenizer = _tokenizer(self.out)
        self.model = new_model(self.size, self.tokenizer)
        torch.nn.Module.to(self.model, self.device)
        # On a CPU the fused attention's backward pass is several times slower than plain products.
        self.model.set_attn_implementation("eager")
        body = self.model.model
        self.body: Callable[..., Any] = (
            torch.compile(body, dynamic=True) if options.compile else body
        )
        self.optimizers = _optimizers(self.model, self.size.learning_rate)
        self.progress = Progress()
        start = Path(options.resume) if options.resume else self.out / "checkpoint.pt"
        if start.exists():
            self._load(start)

    def run(self) -> None:
        """Train to the last step, then export."""
        steps = self.options.steps
        stream = batches(
            self.tokenizer,
            seed=self.options.seed,
            size=self.options.batch_tokens,
            skip=self.progress.step,
        )
        probe = _probe(self.options.probe)
        self.model.train()
        recent: list[float] = []
        clock = time.process_time()
        for batch in itertools.islice(stream, max(0, steps - self.progress.step)):
            recent.append(self._step(batch, steps))
            now = time.process_time()
            self.progress.cpu_seconds += now - clock
            clock = now
            if self.progress.step % self.options.log_every == 0:
                self._log(recent)
                recent = []
            if self.progress.step % self.options.save_every == 0:
                self._save()
                self._validate(probe)
                clock = time.process_time()
        self._save()
        self.export(self.out / "model")

    def _step(self, batch: Batch, steps: int) -> float:
        peak, second = self.size.learning_rate, self.options.second_cycle
        rate = learning_rate(self.progress.step, steps, peak, second)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        loss = _loss(self.model, self.body, batch, self.device)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), _CLIP)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.progress.tokens += batch.tokens
        return float(loss.item())

    def _log(self, recent: list[float]) -> None:
        done = self.progress
        rate = done.tokens / max(done.cpu_seconds, 1e-9)
        print(
            f"{time.strftime('%H:%M:%S')} step {done.step} tokens {done.tokens / 1e6:.2f}M "
            f"cpu {done.cpu_seconds:.0f}s {rate:.0f} tok/s loss {sum(recent) / len(recent):.4f}",
            flush=True,
        )

    def _validate(self, probe: list[Item]) -> None:
        if not probe:
            return
        self.model.train(False)
        answers = answer(self.model, self.tokenizer, probe)
        success = defaultdict(list)
        for item, right in zip(probe, grade(probe, [a.text for a in answers]), strict=True):
            success[item.family].append(right)
        self.model.train()
        shares = {family: round(sum(v) / len(v), 3) for family, v in success.items()}
        shares["macro"] = round(sum(shares.values()) / len(shares), 3)
        record = {**asdict(self.progress), "validation": shares}
        print(json.dumps(record), flush=True)
        with (self.out / "validation.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")

    def _save(self) -> None:
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "progress": asdict(self.progress),
        }
        # Written beside and moved, so that a run killed here leaves the last one whole.
        beside = self.out / "checkpoint.tmp"
        torch.save(state, beside)
        os.replace(beside, self.out / "checkpoint.pt")

    def _load(self, path: Path) -> None:
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.progress = Progress(**state["progress"])

    def export(self, folder: Path) -> None:
        """Write the model in bf16, with its tokenizer and how it was trained."""
        self.model.train(False)
        exported = new_model(self.size, self.tokenizer)
        exported.load_state_dict(self.model.state_dict())
        torch.nn.Module.to(exported, torch.bfloat16)
        exported.save_pretrained(folder)
        # Read anew: one that has been used remembers how it padded.
        _tokenizer(self.out).save_pretrained(folder)
        run = {
            "size": self.options.size,
            "seed": self.options.seed,
            **asdict(self.progress),
            "batch_tokens": self.options.batch_tokens,
            "learning_rate": self.size.learning_rate,
            "second_cycle": self.options.second_cycle,
        }
        (folder / "training.json").write_text(json.dumps(run, indent=2) + "\n")
        for file in folder.iterdir():
            file.chmod(0o644)  # save_pretrained makes weights readable by their owner only


def _tokenizer(out: Path) -> PreTrainedTokenizerFast:
    """The shared tokenizer; it is a function of the code alone, so building it anew is safe."""
    kept = out / "tokenizer"
    if not kept.exists():
        build().save_pretrained(kept)
    loaded: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(kept)
    return loaded


def _probe(count: int) -> list[Item]:
    return [
        item
        for family in FAMILIES
        for item in itertools.islice(items(family, "validation", seed=1), count)
    ]


def main(arguments: list[str] | None = None) -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Train one embedded model.")
    parser.add_argument("--size", choices=sorted(SIZES), required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--second-cycle", type=int, default=0, help="step it starts at")
    parser.add_argument("--out", required=True, help="folder for checkpoints and the model")
    parser.add_argument("--resume", default="", help="checkpoint to start from instead of OUT's")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="needs a C++ compiler; 1.4x as fast")
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument("--probe", type=int, default=40, help="validation items a family")
    parser.add_argument("--log-every", type=int, default=50)
    parser.add_argument("--save-every", type=int, default=400)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    Trainer(options).run()


if __name__ == "__main__":
    main()
