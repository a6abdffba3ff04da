from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.multihop import score_multihop
from evalsuite.task import Task

Load = Callable[[str], Task]
Data = Callable[[str], Path]
both = pytest.mark.parametrize("name", ["hotpotqa", "2wikimultihopqa"])


@both
def test_right_answers_are_right(load: Load, data: Data, name: str) -> None:
    data(f"multihop_qa/{name}/test_250.jsonl.gz")
    task = load(f"multihop_qa/{name}")
    samples = list(task.samples("test"))
    assert len(samples) == 250 and len({sample.id for sample in samples}) == 250
    assert not list(task.samples("train"))
    support = task.variants["support"].shot
    assert task.shot is not None and support is not None
    for sample in samples:
        assert [s.value for s in task.score(sample, Answer(text=task.shot(sample)))] == [1.0, 1.0]
        assert [s.value for s in task.score(sample, Answer(text=support(sample)))] == [1.0] * 6
        assert not task.succeeded({s.name: s for s in task.score(sample, Answer(text="?"))})


@both
def test_passages_are_inputs_and_the_closed_book_has_none(
    load: Load, data: Data, name: str
) -> None:
    data(f"multihop_qa/{name}/test_250.jsonl.gz")
    task = load(f"multihop_qa/{name}")
    for sample in task.samples("test"):
        assert set(sample.inputs) == {"question", "passages"}
        passages = sample.inputs["passages"]
        assert all(set(passage) == {"title", "text"} for passage in passages)
        titles = {passage["title"] for passage in passages}
        assert set(sample.target["support"]) <= titles and len(sample.target["support"]) >= 2
        assert all(one["text"] in task.messages(sample)[0].content for one in passages)
        closed = task.variants["closed_book"].prompt(sample)
        assert not any(passage["text"] in closed for passage in passages)


def test_reflexions_recordings_have_their_exact_matches(data: Data) -> None:
    """32 of 100 without passages and 62 of 100 with them (README of the data, from the logs), and
    each of the 200 answers is called right or wrong as there.
    """
    path = data("multihop_qa/recorded/hotpotqa_reflexion/cot_trial1.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    right: Counter[str] = Counter()
    for row in rows:
        exact, _ = score_multihop(Answer(text=row["action"]), [row["gold"]])
        assert (exact.value == 1.0) is row["correct"], row
        right[row["setting"]] += exact.value == 1.0
    assert Counter(row["setting"] for row in rows) == dict.fromkeys(right, 100)
    assert right == {"cot_no_context": 32, "cot_with_context": 62}
