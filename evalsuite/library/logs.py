"""Loghub-2.0's samples of 2,000 log lines of a system, with the template behind each line.

Zhu et al. 2023 (ISSRE), Jiang et al. 2024 (ISSTA). The licence allows research and academic use
with notice and citation; it is not an open-source licence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any, Literal

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score, fingerprint
from evalsuite.scoring.log_parsing import parsing_metrics, score_template
from evalsuite.task import Split, Task, Variant

System = Literal["Apache", "BGL", "HDFS", "HPC", "Linux", "OpenSSH", "Spark", "Zookeeper"]

LICENCE = (
    "Loghub-2.0: free for research or academic work with notice and citation; not an open-source "
    "licence"
)
REFERENCE = "https://doi.org/10.1145/3650212.3652123"
HEAD = 200
"""Lines at the head of a file, from which examples are taken; the others are test."""

_SHA256 = {
    "Apache": (
        "fa926d9f72281872404c21833797299c5acd3367e6e4810b3cd0814822300dcd",
        "8dfcee888716ff981d68cb00b26d851af0863f11b5869b028f4a2bf2945b053e",
    ),
    "BGL": (
        "b0af9b80608dafd3ba616b9c06d0e68c915e116c505974cba9b99344f2988039",
        "690ef2b1e34534d1d1b70ebe2885f87e56e7df7ae35dafbbe6d084d3ef25aa68",
    ),
    "HDFS": (
        "0f4a17becb5652340b7876765ff2dcb9c4ee43a2b946e5eebaacd5dca2bbdda9",
        "0ae1aec11ee3add447209d6b8e824b23fc9812a51e918f26f7242b40aa411ff9",
    ),
    "HPC": (
        "5fe6f5debb60ccc35f9e8a1a06fa3871d607682c4558d92012f91599477e6973",
        "70c0cd18167c61f62672be50f6bc5f0634b7bc83a1b4951f68966437c4b889ab",
    ),
    "Linux": (
        "afd32e715320eeb927c6a7e5bed50011160eecad889f6ec46f2df24d3f6045cc",
        "7bc4a235f0cf9605e7ddc804b9797f356387355fc632bf598678d03744b61fc9",
    ),
    "OpenSSH": (
        "b3a1fe9a4b97a8c526b9e4396f7f4f56f36c11b0827bbc9cc7bec6d650d26523",
        "1722e2b4cd1f828cb78dd9132b3f9ff460843077c8bf4396fe3328718aae5236",
    ),
    "Spark": (
        "5d4c790fc6ddfa994a5a280b3536ce6ced421a474adb0e5cad239ae394d92d0d",
        "c81f1b20f5b314e47ec35748214258623a3c479cd767e0fcd06a8a07c9a7e43e",
    ),
    "Zookeeper": (
        "a51c0ffcd53727fa8b3282d065d85abfb0504dd2894f9a06404f995de8bb9886",
        "9e471839b8f9e1cd380f436d44cc0dc2136799b9480c87d277438701af77dc04",
    ),
}
# lines, templates

RULES = (
    "Variable parts are values that change from one occurrence of the event to the next: numbers, "
    "addresses, ids, paths, names of hosts and users. What the program always prints stays."
)


def loghub(system: System) -> Dataset:
    """The lines and templates of one system."""
    lines, templates = _SHA256[system]
    folder = "tasks/log_analysis/loghub_2k"
    return Dataset(
        name=f"loghub_2k_{system.lower()}",
        licence=LICENCE,
        source="https://github.com/logpai/loghub-2.0",
        files={
            "lines": DataFile(path=f"{folder}/{system}.jsonl", sha256=lines),
            "templates": DataFile(path=f"{folder}/{system}_templates.json", sha256=templates),
        },
    )


def log_lines(system: System, split: Split) -> Iterator[Sample]:
    """Lines in the order of the file, with their template as the target.

    Test is every line after the first 200. Training and validation are of the head: its first and
    its second hundred, of which a line is kept where its text is neither in a later split nor came
    before. The cluster is the template.
    """
    data = loghub(system)
    rows = list(data.rows("lines"))
    head, tail = rows[:HEAD], rows[HEAD:]
    templates = _templates(system)
    if split == "test":
        kept = tail
    else:
        tested = {row["content"] for row in tail}
        first = {row["content"]: row for row in reversed(head) if row["content"] not in tested}
        train = split == "train"
        kept = [row for row in head if first.get(row["content"]) is row and (_early(row) == train)]
    for row in kept:
        yield Sample(
            id=f"line-{row['line']}",
            inputs={"text": row["content"], "system": system},
            target=templates[row["event"]],
            cluster=row["event"],
        )


def _early(row: dict[str, Any]) -> bool:
    return bool(row["line"] <= HEAD // 2)


@cache
def _templates(system: System) -> dict[str, str]:
    """Event -> its template."""
    return dict(json.loads(loghub(system).path("templates").read_text(encoding="utf-8")))


def parsing_task(system: System) -> Task:
    """``logs/SYSTEM``: the template of a log line, variable parts as ``<*>``."""
    data = loghub(system)

    def prompt(sample: Sample) -> str:
        return (
            f"A line of the log of {system}:\n{sample.inputs['text']}\n\n"
            "Write the template of this line: the same text with every variable part replaced by "
            "<*>. Answer with the template alone, on one line."
        )

    def ruled(sample: Sample) -> str:
        return f"{RULES}\n\n{prompt(sample)}"

    def bare(sample: Sample) -> str:
        return f"Log: {sample.inputs['text']}\nTemplate:"

    return Task(
        name=f"logs/{system.lower()}",
        family="logs",
        summary=f"Templates of {system} log lines",
        samples=partial(log_lines, system),
        prompt=prompt,
        score=_score,
        success="template_match",
        corpus=parsing_metrics(lambda one: str(one.sample.target)),
        learnable="texts",
        max_output_tokens=256,
        shot=lambda sample: str(sample.target),
        variants={"rules": Variant(prompt=ruled), "bare": Variant(prompt=bare)},
        data=(data,),
        source=data.source,
        licence=data.licence,
        reference=REFERENCE,
    )


def _score(sample: Sample, answer: Answer) -> Sequence[Score]:
    return [score_template(answer, sample.target)]


NORMAL, ANOMALY = "normal", "anomaly"


def alert_lines(split: Split) -> Iterator[Sample]:
    """BGL's lines in the order of the file: the target is "anomaly" for an alert, else "normal".

    The hash of a line's text says its split, so that equal lines are in one: about 60 % of texts
    for test, 30 % for training, 10 % for validation. The cluster is the template.
    """
    for row in loghub("BGL").rows("lines"):
        part = int(fingerprint(["bgl", row["content"]]), 16) % 10
        if split == ("test" if part < 6 else "train" if part < 9 else "validation"):
            yield Sample(
                id=f"line-{row['line']}",
                inputs={"text": row["content"]},
                target=NORMAL if row["label"] == "-" else ANOMALY,
                cluster=row["event"],
            )
