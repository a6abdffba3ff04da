"""Column matching and entity matching on real tables, with classical models end to end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import evalsuite
from evalsuite.library.matching import NONE
from evalsuite.records import Answer, Sample
from evalsuite.task import Graded, Split, Task

Load = Callable[[str], Task]
Data = Callable[[str], Path]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def graded(task: Task, answers: Callable[[Sample], Answer | None]) -> list[Graded]:
    return [Graded(sample=s, answer=answers(s), scores={}) for s in task.samples("test")]


def figures(task: Task, rows: list[Graded]) -> dict[str, float | None]:
    return {name: metric(rows) for name, metric in task.corpus.items()}


@pytest.fixture
def ranking(load: Load, data: Data) -> Task:
    data("schema_matching/smutf_pairs/pairs.jsonl")
    return load("schema_matching/smutf")


@pytest.fixture
def pairs(load: Load, data: Data) -> Task:
    data("schema_matching/smutf_pairs/pairs.jsonl")
    return load("schema_matching/smutf_pairs")


def test_both_forms_have_the_same_truth(ranking: Task, pairs: Task) -> None:
    for split in SPLITS:
        wanted = {
            (s.metadata["pair"], s.inputs["column"], target)
            for s in ranking.samples(split)
            for target in s.target
        }
        yes = {
            (s.metadata["pair"], s.inputs["left"]["name"], s.inputs["right"]["name"])
            for s in pairs.samples(split)
            if s.target == "Yes"
        }
        assert wanted == yes
    tables = {split: {s.cluster for s in ranking.samples(split)} for split in SPLITS}
    assert [len(tables[split]) for split in SPLITS] == [5, 0, 9]
    assert tables["train"].isdisjoint(tables["test"])
    assert len(list(ranking.samples("test"))) == 46 and len(list(pairs.samples("test"))) == 363


def test_nameless_columns_and_spoilt_truth_are_left_out(ranking: Task) -> None:
    every = [s for split in SPLITS for s in ranking.samples(split)]
    assert not any("" in s.inputs["candidates"] for s in every)
    of_pair_6 = [s.inputs["column"] for s in every if s.metadata["pair"] == "pair_6"]
    assert of_pair_6 == ["col1", "col2", "col3", "col4"]


def test_right_rankings_are_perfect_and_silence_is_nothing(ranking: Task) -> None:
    shot = ranking.shot
    assert shot is not None
    right = figures(ranking, graded(ranking, lambda s: Answer(text=shot(s))))
    assert set(right.values()) == {1.0}
    silent = figures(ranking, graded(ranking, lambda s: Answer(text="")))
    assert silent["mrr"] == silent["recall_at_ground_truth"] == silent["one_to_one_f1"] == 0
    assert silent["one_to_one_precision"] is None
    assert set(figures(ranking, graded(ranking, lambda s: None)).values()) == {None}
    none = figures(ranking, graded(ranking, lambda s: Answer(text=NONE)))
    assert none["mrr"] == 0 and none["one_to_one_precision"] is None


def test_a_ranking_by_hand(ranking: Task) -> None:
    sample = next(s for s in ranking.samples("test") if s.inputs["column"] == "格局")
    second = ranking.score(sample, Answer(text="類型\n格局"))
    assert {s.name: s.value for s in second} == {"best_column": 0, "reciprocal_rank": 0.5}
    unread = ranking.score(sample, Answer(text="who knows"))
    assert (unread[0].status, unread[0].value, unread[1].value) == ("format_error", 0, 0)
    alone = next(s for s in ranking.samples("test") if not s.target)
    assert [s.name for s in ranking.score(alone, Answer(text=NONE))] == ["best_column"]
    assert ranking.score(alone, Answer(text=NONE))[0].value == 1
    scored = Answer(choice="格局", probabilities={"格局": 0.4, "類型": 0.35, NONE: 0.25})
    assert [s.value for s in ranking.score(sample, scored)] == [1, 1]


def test_pairs_are_ranked_by_probability_only(pairs: Task) -> None:
    said = figures(pairs, graded(pairs, lambda s: Answer(text=s.target)))
    assert said["mrr"] is said["recall_at_ground_truth"] is said["auc"] is None
    assert said["one_to_one_f1"] == said["mcc"] == 1

    def sure(sample: Sample) -> Answer:
        yes = float(sample.target == "Yes")
        return Answer(choice=sample.target, probabilities={"No": 1 - yes, "Yes": yes})

    assert figures(pairs, graded(pairs, sure))["mrr"] == 1


def test_column_pairs_are_learnt_from_similarities(pairs: Task, tmp_path: Path) -> None:
    content = {
        "name": "columns",
        "tasks": [pairs.name],
        "systems": {"boosted": "classical/auto"},
    }
    done = evalsuite.run(content, out=tmp_path / "run")
    found = done.corpus.set_index(["system", "metric"]).value
    # All of equal probability: the mean over all orders of the candidates.
    assert found[("majority", "mrr")] == pytest.approx(0.400, abs=0.001)
    for system in ("boosted", "logistic_regression"):
        assert found[(system, "mrr")] > 0.8
        assert found[(system, "recall_at_ground_truth")] > 0.6
        assert found[(system, "one_to_one_f1")] > 0.6


ENTITIES = {  # train, validation, test pairs; matches in test; F1 of the baselines
    "beer": ((173, 27, 91), 14, 0.8),
    "fodors_zagats": ((157, 43, 189), 22, 0.9),
    "itunes_amazon": ((146, 45, 109), 27, 0.9),
}
FILES = {"beer": "Beer", "fodors_zagats": "Fodors-Zagats", "itunes_amazon": "iTunes-Amazon"}


@pytest.fixture(params=sorted(ENTITIES))
def entities(request: pytest.FixtureRequest, load: Load, data: Data) -> Task:
    data(f"schema_matching/er_magellan/{FILES[request.param]}_test.jsonl")
    return load(f"schema_matching/{request.param}")


def test_entity_splits(entities: Task) -> None:
    sizes, matches, _ = ENTITIES[entities.name.split("/")[1]]
    samples = {split: list(entities.samples(split)) for split in SPLITS}
    assert tuple(len(samples[split]) for split in SPLITS) == sizes
    assert Counter(s.target for s in samples["test"])["Yes"] == matches
    contents = [{str(s.metadata) for s in samples[split]} for split in SPLITS]
    assert len(set.union(*contents)) == sum(map(len, contents))


def test_matches_that_were_not_named_are_missed(entities: Task) -> None:
    half = [True, False]
    rows = [
        Graded(sample=s, answer=Answer(text=s.target if half[i % 2] else "?"), scores={})
        for i, s in enumerate(s for s in entities.samples("test") if s.target == "Yes")
    ]
    found = figures(entities, rows)
    assert found["match_precision"] == 1
    assert found["match_recall"] == pytest.approx(-(-len(rows) // 2) / len(rows))


def test_entities_are_matched_by_classical_models(entities: Task, tmp_path: Path) -> None:
    at_least = ENTITIES[entities.name.split("/")[1]][2]
    content = {
        "name": "entities",
        "tasks": [entities.name],
        "systems": {"boosted": "classical/auto", "nano": "embedded/nano"},
    }
    done = evalsuite.run(content, out=tmp_path / "run")
    found = done.corpus.set_index(["system", "metric"]).value
    assert found[("boosted", "match_f1")] > at_least
    assert found[("logistic_regression", "match_f1")] > at_least
    assert found[("majority", "match_recall")] == found[("majority", "match_f1")] == 0


def test_what_gives_restaurants_away_is_not_told(load: Load, data: Data) -> None:
    """In every pair of both files, ``class`` is equal exactly where the records match."""
    data("schema_matching/er_magellan/Fodors-Zagats_test.jsonl")
    task = load("schema_matching/fodors_zagats")
    samples = [s for split in SPLITS for s in task.samples(split)]
    assert len(samples) == 389
    for sample in samples:
        left, right = sample.metadata["left"], sample.metadata["right"]
        assert (left["class"] == right["class"]) == (sample.target == "Yes")
        assert "class" not in sample.inputs["left"]
        assert not any(name.startswith("class") for name in sample.inputs["columns"])
    assert "class" not in str(task.prompt(samples[0]))
    assert "- class: " in str(task.variants["with_leak"].prompt(samples[0]))
