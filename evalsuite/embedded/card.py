"""The model card, in words and tables, from its machine-readable twin."""

from __future__ import annotations

from typing import Any

__all__ = ["readme"]

_INTRO = """\
# {name}

A causal language model of {parameters:,} parameters for testing, teaching and continuous
integration. It solves five families of synthetic tasks and nothing else: it does not chat,
and it knows no fact about the world. Its siblings are the other rungs of the same ladder,
trained on the same batches.

```python
from transformers import AutoModelForCausalLM, AutoTokenizer

from evalsuite.embedded import model_path

folder = model_path("{name}")
model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
tokenizer = AutoTokenizer.from_pretrained(folder)
```

Run it in fp32: in bf16 an answer may depend on what else is in its batch. The stop token is
`<|end|>`; 128 new tokens are enough for every family.
"""

_DATA = """\
## Data

Endless streams from `evalsuite.embedded.items`, no human text: word problems with worked
steps (reasoning), Python functions from a docstring (code), named entities (ner), rows of
tables under hidden rules (tabular), short stories under constraints (writing), levels 1 to 4
each. Training, validation and test are disjoint by construction: sentence skeletons, programs,
names of people, places, organisations and functions, dates, story words and animals, and rows
of tables each belong to one split. Phrases, syllables, adjectives and story places are shared.
The tokenizer was learnt from the training split. Training answers alone carry loss.
"""


def readme(card: dict[str, Any]) -> str:
    """Markdown model card.

    Args:
        card: What :mod:`evalsuite.embedded.evaluate` measured.
    """
    parts = [
        _INTRO.format(**card),
        _training(card),
        _DATA,
        _test(card),
        _levels(card),
        _seeds(card),
        _validation(card),
        _not_reached(card),
    ]
    return "\n".join(part for part in parts if part)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _training(card: dict[str, Any]) -> str:
    run = card["training"]
    second = run["second_cycle"]
    cycles = f"two cycles, the second from step {second:,} at half the peak" if second else "one"
    rows = [
        ["parameters", f"{card['parameters']:,}"],
        ["weights file", f"{card['weights_bytes'] / 1e6:.2f} MB (bf16)"],
        ["tokens seen (padding excluded)", f"{run['tokens']:,}"],
        ["steps", f"{run['step']:,} of at most {run['batch_tokens']:,} tokens"],
        ["peak learning rate", f"{run['learning_rate']:g} (Muon; AdamW for embeddings and norms)"],
        ["learning rate cycles", cycles],
        ["compute", f"{run['cpu_seconds']:.0f} CPU seconds, {run['hardware']}"],
        ["seed", str(run["seed"])],
    ]
    command = (
        f"python -m evalsuite.embedded.train --size {run['size']} --seed {run['seed']} "
        f"--steps {run['step']} --second-cycle {second} --out DIR"
    )
    note = f"Repeated by `{command}`; exact to the bit only on the same kind of machine.\n"
    return f"## Training\n\n{_table(['what', 'how much'], rows)}\n{note}"


def _test(card: dict[str, Any]) -> str:
    test = card["test"]
    rows = [
        [
            family,
            str(got["n"]),
            _percent(got["rate"]),
            f"{_percent(got['low'])} to {_percent(got['high'])}",
            "undefined" if got["auroc"] is None else f"{got['auroc']:.2f}",
            f"{got['output_tokens']['mean']:.0f}",
        ]
        for family, got in test["families"].items()
    ]
    rows.append(["mean of families", "", _percent(test["macro"]), "", "", ""])
    head = ["family", "n", "success %", "95 % interval", "AUROC", "output tokens"]
    note = (
        f"Greedy, fp32, test split, items of seed {test['seed']}. Intervals are Wilson's, over "
        "items. AUROC: mean token log-probability against success, within the family.\n"
    )
    return f"## Test split\n\n{_table(head, rows)}\n{note}"


def _levels(card: dict[str, Any]) -> str:
    rows = [
        [family, *(_level(got["levels"][str(k)]) for k in range(1, 5))]
        for family, got in card["test"]["families"].items()
    ]
    return "### By level, success % (95 % interval)\n\n" + _table(
        ["family", "level 1", "level 2", "level 3", "level 4"], rows
    )


def _level(got: dict[str, Any]) -> str:
    if not got["n"]:
        return "none asked"
    return f"{_percent(got['rate'])} ({_percent(got['low'])} to {_percent(got['high'])})"


def _seeds(card: dict[str, Any]) -> str:
    seeds = card["seeds"]
    trained = seeds["trained"]
    if len(trained) == 1:
        return "### Over seeds\n\nOne seed was trained: how far another would land is unknown.\n"
    rows = [
        [name, _percent(got["mean"]), f"{_percent(got['min'])} to {_percent(got['max'])}"]
        for name, got in seeds.items()
        if name != "trained"
    ]
    said = ", ".join(map(str, trained))
    note = f"Seeds {said}, same test items; the first is the one shipped, fixed beforehand.\n"
    return f"### Over seeds\n\n{_table(['family', 'mean %', 'range %'], rows)}\n{note}"


def _validation(card: dict[str, Any]) -> str:
    final = card["validation"]["final"]
    rows = [[f, str(got["n"]), _percent(got["rate"])] for f, got in final["families"].items()]
    rows.append(["mean of families", "", _percent(final["macro"])])
    note = "All choices (sizes, learning rates, mixture, length) were made on validation items.\n"
    return f"## Validation split\n\n{_table(['family', 'n', 'success %'], rows)}\n{note}"


def _not_reached(card: dict[str, Any]) -> str:
    if not card["not_reached"]:
        return ""
    return "## Not reached\n\n" + "\n".join(f"- {line}" for line in card["not_reached"]) + "\n"
