from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><!--\x1b[31m\u202e"


@dataclass(frozen=True)
class Reported:
    run: Run
    summary: Summary


def answers(name: str, n_right: int, *hops: Hop, of: str = "sums", text: str = "12") -> list[Given]:
    return [
        Given(task=of, sample=f"{of}-{i}", system=name, success=i < n_right, hops=hops, text=text)
        for i in range(12)
    ]


@pytest.fixture
def reported(tmp_path: Path) -> Reported:
    """What ``report_of_four`` builds, of one test alone."""
    return report_of_four(tmp_path / "run")


def report_of_four(path: Path) -> Reported:
    """Three models and a cascade on two tasks: failures, an unpriced vendor, hostile answers."""
    small = Hop(role="small", member="small", reason="first opinion", text=HOSTILE)
    large = Hop(role="large", member="large", reason="confidence 0.31 below 0.7", usd=0.02)
    rows = [
        *answers("small", 6, Hop(usd=0.0001), text=HOSTILE),
        *answers("large", 10, Hop(usd=0.02)),
        *answers("vendor", 11, Hop(usd=None)),
        *answers("cascade", 9, small, large),
        *answers("small", 5, Hop(usd=0.0001), of="names"),
        *answers("large", 11, Hop(usd=0.02), of="names"),
        *answers("cascade", 10, small, of="names"),
        *answers("vendor", 12, Hop(usd=None), of="names")[1:],
        Given(
            task="names",
            sample="names-0",
            system="vendor",
            success=None,
            error_kind="rate_limited",
            error_message=f"429 {HOSTILE}",
            hops=[Hop(usd=None, status="error")],
        ),
        *answers("forest", 12, Hop(usd=1e-8), of="names"),
    ]
    fit = {
        "key": "k",
        "task": "names",
        "system": "forest",
        "split": "train",
        "n_samples": 300,
        "seconds": 2.5,
        "usd": None,
        "note": "200 trees | depth 4",
    }
    corpus = [{"task": "names", "system": "large", "metric": "micro_f1", "value": 0.875, "n": 12}]
    run = build_run(
        path,
        [task("sums", "reasoning", 12), task("names", "tabular", 12)],
        [
            system("small", parameters=1_000_000, price={"usd_per_machine_hour": 0.1}),
            system("large"),
            system("vendor", pattern="openai"),
            system("forest", pattern="classical"),
            system("cascade", "hybrid", {"small": "small", "large": "large"}),
        ],
        rows,
        fits=[fit],
        corpus=corpus,
        prompts={"sums-0": f"What is 7 + 5? {HOSTILE}"},
    )
    return Reported(run=run, summary=summarise(run))
