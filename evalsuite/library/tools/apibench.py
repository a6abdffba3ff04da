"""APIBench's TorchHub part: questions, the database of calls, and its figures."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.tool_calls.api_match import ApiCall, find_call, score_api_call
from evalsuite.task import Split

FUNCTION, KEYS = "torch.hub.load", ("repo_or_dir", "model")
DATA = Dataset(
    name="apibench_torchhub",
    licence="Apache-2.0",
    source="https://github.com/ShishirPatil/gorilla/tree/"
    "6ea57973c7a6097fd7c5915698c54c17c5b1b6c8/gorilla",
    files={
        name: DataFile(path=f"tasks/tool_calling/apibench_torchhub/{name}.jsonl", sha256=sha256)
        for name, sha256 in {
            "questions": "4200d6cb154c62fb459c452829ce5ab7d474a9f5b1e69b7215b131c2fee96a87",
            "torchhub_eval": "e575eec9289ee46a577b80ee3065111dd8accf4e6145d6ad5fd919879a79efe9",
            "torchhub_api": "30c762a4f8ae1be605aa45c74669e8b64a806fa4f3be52bd625199000540b080",
        }.items()
    },
)


def samples(split: Split) -> Iterator[Sample]:
    """The 186 questions, all in the test split; the target is a right call and its domain."""
    if split != "test":
        return
    for question, row in zip(DATA.rows("questions"), DATA.rows("torchhub_eval"), strict=True):
        yield Sample(
            id=f"torchhub-{question['question_id']}",
            inputs={"question": question["text"].replace("\\n", "").strip()},
            target={"call": row["api_call"], "domain": row["api_data"]["domain"]},
            cluster=row["api_data"]["domain"],
        )


@functools.cache
def database() -> Mapping[ApiCall, frozenset[str]]:
    """The domains of every call that TorchHub has, by what tells calls apart.

    Raises:
        DataMissing: If the data set is not on this machine.
    """
    domains: defaultdict[ApiCall, set[str]] = defaultdict(set)
    for row in DATA.rows("torchhub_api"):
        call = find_call(row["api_call"], FUNCTION, KEYS)
        if call is not None:
            domains[call].add(row["domain"])
    return {call: frozenset(names) for call, names in domains.items()}


def prompt(sample: Sample) -> str:
    """The question and the form of the answer."""
    return (
        f"{sample.inputs['question']}\n\n"
        "Write one call of torch.hub.load that loads a model for this from TorchHub, on one line "
        "as `api_call: torch.hub.load(...)`."
    )


def short_prompt(sample: Sample) -> str:
    """The question with Gorilla's own request for code."""
    asked = "Write a python program in 1 to 2 lines to call API in TorchHub."
    return f"{sample.inputs['question']}\n{asked}"


def score(sample: Sample, answer: Answer) -> list[Score]:
    """``api_match`` and ``hallucinated``."""
    return score_api_call(answer, database(), sample.target["domain"], function=FUNCTION, keys=KEYS)
