from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from evalsuite.datasets import Row, read_rows
from evalsuite.records import Answer, Sample
from evalsuite.task import Task
from tests.tasks.recorded import tally

Load = Callable[[str], Task]
Data = Callable[[str], Path]
RECORDED = "reasoning/recorded/aqua_pot_gpt4_codex"


@pytest.fixture
def task(load: Load, data: Data) -> Task:
    data("reasoning/aqua")
    return load("reasoning/aqua")


def recorded(task: Task, path: Path) -> list[tuple[Sample, Row]]:
    samples = {sample.inputs["question"]: sample for sample in task.samples("test")}
    return [(samples[row["question"]], row) for row in read_rows(path)]


def with_its_own_key(sample: Sample, row: Row) -> Sample:
    return msgspec.structs.replace(sample, target=row["answer"])


def test_the_recording_has_another_key_for_one_question(task: Task, data: Data) -> None:
    """10 miles an hour there and 5 back in one hour: 10/3 miles. AQuA says 2, the recording 3."""
    for file in ("gpt4_cot.jsonl", "codex_pot_fewshot.jsonl"):
        pairs = recorded(task, data(f"{RECORDED}/{file}"))
        apart = [(s.target, row["answer"]) for s, row in pairs if s.target != row["answer"]]
        assert (len(pairs), apart) == (253, [("E", "D")])


@pytest.mark.parametrize("field", ["generated_prediction", "rationale"])
def test_gpt4s_recorded_answers(task: Task, data: Data, field: str) -> None:
    """Program-of-Thoughts: 72.7 % of 253, which is 184; one less by AQuA's own key."""
    pairs = recorded(task, data(f"{RECORDED}/gpt4_cot.jsonl"))
    theirs = tally(task, ((with_its_own_key(s, row), row[field]) for s, row in pairs))
    assert theirs.right == 184 and round(100 * 184 / 253, 1) == 72.7
    assert tally(task, ((s, row[field]) for s, row in pairs)).right == 183


def test_codex_recorded_letters(task: Task, data: Data) -> None:
    """Program-of-Thoughts, README: .541 of 253 (137 are .5415); one less by AQuA's own key."""
    pairs = recorded(task, data(f"{RECORDED}/codex_pot_fewshot.jsonl"))
    theirs = tally(task, ((with_its_own_key(s, row), row["prediction"]) for s, row in pairs))
    assert theirs.right == 137
    assert tally(task, ((s, row["prediction"]) for s, row in pairs)).right == 136


def test_splits_do_not_overlap(task: Task) -> None:
    parts = [list(task.samples(split)) for split in ("train", "validation", "test")]
    assert list(map(len, parts)) == [154, 100, 254]
    assert len({sample.inputs["question"] for part in parts for sample in part}) == 508
    assert len({sample.id for part in parts for sample in part}) == 508


def test_every_way_to_give_the_target_is_right(task: Task) -> None:
    variants = task.variants
    assert set(variants) == {"text", "generated", "cot"}
    for sample in task.samples("test"):
        for variant in variants.values():
            shot = variant.shot or task.shot
            assert shot is not None
            assert task.score(sample, Answer(text=shot(sample)))[0].value == 1.0
        assert variants["text"].choices is not None and variants["text"].shot is not None
        texts = variants["text"].choices(sample)
        right = variants["text"].shot(sample)
        assert right in texts and len(set(texts)) == len(texts)
        assert task.score(sample, Answer(choice=right))[0].value == 1.0
        assert task.choices is not None and sample.target in task.choices(sample)
