"""The writing tasks on texts of people and models, and on the project's own answers."""

from __future__ import annotations

import csv
import gzip
import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.datasets import read_rows
from evalsuite.records import Answer, Sample
from evalsuite.scoring.constraints import CONSTRAINTS
from evalsuite.scoring.novelty import novelty
from evalsuite.task import Graded, Task

Grade = Callable[[Task, Sample, str], Graded]
Load = Callable[[str], Task]
Data = Callable[[str], Path]

STORIES = ("writing/hanna_prompts", "writing/ttcw_plots", "writing/confederacy", "writing/mt_bench")


def mean_of(rows: list[Graded], name: str) -> float:
    values = [row.scores[name].value for row in rows if name in row.scores]
    return statistics.mean(value for value in values if value is not None)


# -- prompts of the project's own ----------------------------------------------------------------


@pytest.fixture
def prompts(load: Load) -> Task:
    return load("writing/prompts")


def test_every_prompt_has_an_answer_that_keeps_its_constraints(prompts: Task, grade: Grade) -> None:
    assert prompts.shot is not None
    for split, n in (("test", 64), ("train", 8), ("validation", 0)):
        samples = list(prompts.samples(split))  # type: ignore[arg-type]
        assert len(samples) == n
        for sample in samples:
            row = grade(prompts, sample, prompts.shot(sample))
            assert prompts.succeeded(row.scores), (sample.id, row.scores["all_constraints"])
            for text in ("", "No."):
                assert prompts.succeeded(grade(prompts, sample, text).scores) is False


def test_prompts_differ_and_say_what_is_checked(prompts: Task) -> None:
    samples = [*prompts.samples("test"), *prompts.samples("train")]
    asked = [sample.inputs["prompt"] for sample in samples]
    assert len(set(asked)) == len({sample.id for sample in samples}) == 72
    for sample in samples:
        text = sample.inputs["prompt"].lower()
        for name in ("contains", "lacks", "speakers"):
            assert all(word.lower() in text for word in sample.target.get(name, ())), sample.id
        for name in ("starts_with", "ends_with", "lines_start_with"):
            wanted = sample.target.get(name, "").lower()
            assert wanted in text or (wanted == "?" and "question" in text), sample.id
        assert set(sample.target) <= set(CONSTRAINTS)
        (message,) = prompts.messages(sample)
        assert message.content.startswith(sample.inputs["prompt"])
        assert sample.metadata["answer"] not in message.content


# -- stories -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "n"), list(zip(STORIES, (96, 12, 1, 20), strict=True)))
def test_samples_and_variants(load: Load, data: Data, name: str, n: int) -> None:
    data("creative/hanna/prompts.jsonl.gz")
    task = load(name)
    samples = list(task.samples("test"))
    assert len(samples) == n and list(task.samples("train")) == []
    for sample in samples[:3]:
        (message,) = task.messages(sample)
        assert sample.inputs["prompt"] in message.content
        assert task.variants["bare"].prompt(sample) == sample.inputs["prompt"]
    thought = Answer(text="<think>" + "a plan " * 500 + "</think>No.")
    scores = {score.name: score for score in task.score(samples[0], thought)}
    assert (scores["words"].value, scores["well_formed"].value) == (1.0, 0.0)


def test_people_are_told_from_models_by_figures_of_style(
    load: Load, data: Data, grade: Grade
) -> None:
    task = load("writing/hanna_prompts")
    recorded = data("creative/recorded/hanna_llm_stories/stories.jsonl.gz")
    samples = {sample.id: sample for sample in task.samples("test")}
    rows = defaultdict(list)
    for row in read_rows(recorded):
        if row["model"] in ("Llama-7b", "Platypus2-70b"):
            sample = samples[f"prompt-{row['prompt_id']}"]
            rows[row["model"]].append(grade(task, sample, row["story"]))
    rows["people"] = [grade(task, sample, sample.target) for sample in samples.values()]
    figures = {
        who: {
            "copied": mean_of(graded, "longest_copied_words"),
            "grade": mean_of(graded, "flesch_kincaid_grade"),
            "self_bleu": task.corpus["self_bleu"](graded),
        }
        for who, graded in rows.items()
    }
    # docs/library/writing.md shows these
    assert figures["people"] == pytest.approx(
        {"copied": 1.896, "grade": 5.490, "self_bleu": 0.121}, abs=5e-3
    )
    assert figures["Llama-7b"]["copied"] == pytest.approx(4.906, abs=5e-3)
    assert figures["Platypus2-70b"]["self_bleu"] == pytest.approx(0.195, abs=5e-3)


def test_novelty_goes_with_the_published_figures_of_hanna(load: Load, data: Data) -> None:
    """HANNA's metric_scores.csv holds Novelty-1 and -3 of the people's stories against the prompt.

    They come of SummEval's code over spaCy's tokens, punctuation included, so they are near ours
    and not the same.
    """
    samples = list(load("writing/hanna_prompts").samples("test"))
    path = data("creative/hanna/prompts.jsonl.gz").parents[3] / "judge/hanna/metric_scores.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        published = [row for row in csv.DictReader(file) if row["system"] == "Human"]
    for n, correlation, apart in ((1, 0.95, 0.007), (3, 0.93, 0.001)):
        ours = [novelty([s.target], [s.inputs["prompt"]], ns=(n,))[0].novel[n] for s in samples]
        known = [value for value in ours if value is not None]
        theirs = [float(row[f"Novelty-{n} ¤§"]) for row in published]
        assert len(known) == len(theirs) == 96
        assert statistics.correlation(known, theirs) > correlation
        assert abs(statistics.mean(known) - statistics.mean(theirs)) < apart


def test_five_stories_of_one_writer(load: Load, data: Data, grade: Grade) -> None:
    task = load("writing/confederacy")
    recorded = data("creative/recorded/confederacy_stories/stories.jsonl")
    (sample,) = task.samples("test")
    assert len(sample.target) == 5
    rows = defaultdict(list)
    for row in read_rows(recorded):
        who = "people" if row["writer"].startswith("human") else row["writer"]
        rows[who].append(grade(task, sample, row["story"]))
    alike = {
        who: task.corpus["self_bleu_repeats"](graded)
        for who, graded in rows.items()
        if len(graded) == 5
    }
    assert len(alike) == 16 and min(alike, key=lambda who: alike[who] or 1) == "people"
    assert alike["people"] == pytest.approx(0.036, abs=5e-3)
    assert alike["chatgpt-gpt4-mar23version-2023-04-14"] == pytest.approx(0.170, abs=5e-3)


def test_machine_stories_on_plots_of_ttcw(load: Load, data: Data, grade: Grade) -> None:
    task = load("writing/ttcw_plots")
    samples = {sample.id: sample for sample in task.samples("test")}
    good = defaultdict(list)
    for row in read_rows(data("creative/ttcw/stories.jsonl.gz")):
        if not row["content"].startswith("https://"):
            graded = grade(task, samples[f"plot-{row['story_idx']}"], row["content"])
            good[row["story_id"].split("_")[1]].append(graded.scores["well_formed"].value)
    assert {who: sum(map(float, values)) for who, values in good.items()} == {
        "Claude": 10,
        "GPT3.5": 12,
        "GPT4": 12,
    }


def test_answers_of_mt_bench_are_read_from_the_records(
    load: Load, data: Data, grade: Grade
) -> None:
    task = load("writing/mt_bench")
    samples = {sample.inputs["prompt"].strip(): sample for sample in task.samples("test")}
    good = defaultdict(list)
    for row in read_rows(data("creative/recorded/mt_bench_routellm/judgements.jsonl")):
        if row["conversation"]:
            _, question, answer, *_ = row["conversation"].split("### ")
            sample = samples[question.removeprefix("User:").strip()]
            text = answer.removeprefix("Assistant A:").strip()
            good[row["model"]].append(grade(task, sample, text).scores["well_formed"].value)
    assert {who: (sum(map(float, v)), len(v)) for who, v in good.items()} == {
        "gpt-4-1106-preview": (20, 20),
        "mistralai/Mixtral-8x7B-Instruct-v0.1": (20, 20),
    }
