"""BFCL: gold answers of version 4, and the official scores of seven models on version 1.

The recordings are those of BFCL-Result (2024-08-11), with what the official checker said of each
(``expected.json``). All 35 cells come out with the same wrong answers, one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evalsuite.datasets import data_roots
from evalsuite.library.tools.bfcl import right_calls
from evalsuite.records import Answer, Score, ToolCall
from evalsuite.scoring.tool_calls.decode import (
    Call,
    Undecodable,
    bracketed,
    calls_of,
    from_json,
    from_python,
)
from evalsuite.scoring.tool_calls.match import Expected
from evalsuite.scoring.tool_calls.score import score_read_calls
from evalsuite.task import Task

Load = Callable[[str], Task]
CATEGORIES = {"simple": 400, "multiple": 200, "parallel": 200, "parallel_multiple": 200}
V1 = {
    "simple": "simple",
    "multiple": "multiple_function",
    "parallel": "parallel_function",
    "parallel_multiple": "parallel_multiple_function",
}


def folder() -> Path:
    for root in data_roots():
        if (root / "hybrid" / "bfcl_v1_ast").exists():
            return root / "hybrid" / "bfcl_v1_ast"
    pytest.skip("no hybrid/bfcl_v1_ast here; set EVALSUITE_DATA")


@cache
def rows(path: Path) -> dict[str, dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


# --- version 1: what the handler of each model did before the checker saw its answer --------------


def _gemma(text: str) -> list[Call]:
    found = re.search(r"\[(.*)\]", text, re.DOTALL)
    return from_python(found[0] if found else text, version=1)


def _offered(result: Any) -> list[Call]:
    if isinstance(result, str):
        return calls_of(Answer(text=result))
    calls = [ToolCall(name=name, arguments=text) for one in result for name, text in one.items()]
    return calls_of(Answer(tool_calls=tuple(calls)))


DECODERS: Mapping[str, Callable[[Any], list[Call]]] = {
    "gpt-4-0125-preview": lambda text: from_python(text, version=1),
    "gpt-4o-mini-2024-07-18": lambda text: from_python(text, version=1),
    "gpt-4o-2024-08-06-FC": _offered,
    "claude-3-5-sonnet-20240620": lambda text: from_python(bracketed(text), version=1),
    "meta-llama_Meta-Llama-3-8B-Instruct": lambda text: from_python(
        bracketed(text.replace("\n", "")), version=1
    ),
    "Salesforce_xLAM-1b-fc-r": from_json,
    "google_gemma-7b-it": _gemma,
}
models = pytest.mark.parametrize("model", DECODERS)


def decoded(model: str, result: Any) -> list[Call] | None:
    try:
        return DECODERS[model](result)
    except Undecodable:
        return None


def expected(functions: list[dict[str, Any]], answer: dict[str, Any]) -> list[Expected]:
    """Version 1 numbers equal names (``f_1``) and takes the first function that is in the name."""
    names = [one["name"] for one in functions]
    only = names[0] if len(names) == 1 else None
    return [
        Expected(only or next((name for name in names if name in key), key), allowed)
        for key, allowed in answer.items()
    ]


def scored(model: str, category: str) -> dict[str, tuple[list[Call] | None, list[Score]]]:
    data = rows(folder() / "dataset" / f"{category}.json")
    answers = rows(folder() / "possible_answer" / f"{category}.json")
    found = {}
    for name, row in rows(folder() / "result" / model / f"{category}.json").items():
        functions = data[name]["function"]
        functions = functions if isinstance(functions, list) else [functions]
        calls, right = decoded(model, row["result"]), answers[name]["ground_truth"]
        scores = (
            score_read_calls(
                calls,
                functions,
                expected(functions, right),
                underscored=model.endswith("-FC"),
                version=1,
            )
            if calls is not None
            else []
        )
        found[name] = (calls, scores)
    return found


OFFICIAL = {
    "wrong_count": {"wrong_count"},
    "wrong_func_name": {"wrong_name"},
    "missing_required": {"missing_parameter"},
    "missing_optional": {"missing_parameter"},
    "nested": {"wrong_type"},
    "simple": {"wrong_type"},
    "string": {"wrong_value"},
    "others": {"wrong_value"},
    "list/tuple": {"wrong_value"},
}


@models
@pytest.mark.parametrize("category", V1.values())
def test_every_cell_of_the_recorded_models(model: str, category: str) -> None:
    official = json.loads((folder() / "expected.json").read_text())[model]
    right, n = official["scores"][category]
    wrong = official["wrong_ids"][category]
    found = scored(model, category)
    ours = {
        name: scores[0].explanation.split(":")[0] if scores else "undecodable"
        for name, (_, scores) in found.items()
        if not scores or scores[0].value == 0.0
    }
    assert len(found) == n and n - len(ours) == right
    assert set(ours) == set(wrong)
    for name, kind in ours.items():
        theirs = wrong[name].split(":")[1]
        if theirs in ("decoder_failed", "decoder_wrong_output_format"):
            assert kind == "undecodable"
        elif theirs == "cannot_find_match":  # their word for any fault among several calls
            assert kind not in ("undecodable", "wrong_count")
        else:
            assert kind in OFFICIAL[theirs], (name, kind, theirs)


@models
def test_every_cell_of_relevance(model: str) -> None:
    official = json.loads((folder() / "expected.json").read_text())[model]
    right, n = official["scores"]["relevance"]
    results = rows(folder() / "result" / model / "relevance.json")
    wrong = {name for name, row in results.items() if decoded(model, row["result"])}
    assert (n - len(wrong), len(results)) == (right, n)
    assert wrong == set(official["wrong_ids"]["relevance"])


@pytest.mark.parametrize(
    ("model", "published", "valid", "executable"),
    [
        ("Salesforce_xLAM-1b-fc-r", 0.988, 985, 988),
        ("meta-llama_Meta-Llama-3-8B-Instruct", 0.770, 769, 774),
        ("google_gemma-7b-it", 0.532, 530, 533),
        ("claude-3-5-sonnet-20240620", 0.994, 991, 997),
        ("gpt-4-0125-preview", 0.994, 992, 994),
    ],
)
def test_schema_validity_of_the_recorded_models(
    model: str, published: float, valid: int, executable: int
) -> None:
    """hybrid_expected.json has shares by a check of top-level types. Ours looks into lists,
    objects and enumerations too, so it may only be a little stricter.
    """
    total = {"schema_valid": 0.0, "executable": 0.0}
    for category in V1.values():
        for _, scores in scored(model, category).values():
            for score in scores[1:]:
                total[score.name] += score.value or 0.0
    assert total == {"schema_valid": valid, "executable": executable}
    assert 0 <= published - valid / 1000 <= 0.004


# --- version 4 ------------------------------------------------------------------------------------

# Answers of the data that do not follow the schema of the data.
AGAINST_THEIR_SCHEMA = {"parallel_multiple_21", "parallel_multiple_94"}


@pytest.mark.parametrize(("category", "n"), CATEGORIES.items())
def test_right_answers_are_right_in_every_form(
    load: Load, data: Callable[[str], Path], category: str, n: int
) -> None:
    data("tool_calling/bfcl_v4")
    task, native = (
        load(f"tool_calling/bfcl_{category}"),
        load(f"tool_calling/bfcl_{category}_native"),
    )
    samples = list(task.samples("test"))
    assert len(samples) == n and not list(task.samples("train"))
    json_shot = task.variants["json"].shot
    assert task.shot is not None and json_shot is not None and native.tools is not None
    for sample in samples:
        calls = tuple(
            ToolCall(
                name=call["function"].replace(".", "_"), arguments=json.dumps(call["parameters"])
            )
            for call in right_calls(sample)
        )
        names = {tool.name for tool in native.tools(sample)}
        assert {call.name for call in calls} <= names
        for asked, answer in (
            (task, Answer(text=task.shot(sample))),
            (task, Answer(text=json_shot(sample))),
            (native, Answer(tool_calls=calls)),
        ):
            scores = {score.name: score.value for score in asked.score(sample, answer)}
            assert scores["ast_match"] == 1.0, sample.id
            assert (scores["schema_valid"] == 1.0) is (sample.id not in AGAINST_THEIR_SCHEMA)
        assert not task.succeeded({s.name: s for s in task.score(sample, Answer(text="none"))})


def test_where_nothing_fits_no_call_is_right(load: Load, data: Callable[[str], Path]) -> None:
    data("tool_calling/bfcl_v4")
    call = ToolCall(name="f", arguments="{}")
    for name in ("tool_calling/bfcl_irrelevance", "tool_calling/bfcl_irrelevance_native"):
        task = load(name)
        samples = list(task.samples("test"))
        assert len(samples) == 240
        for answer, value in (
            (Answer(text="No function fits."), 1.0),
            (Answer(tool_calls=(call,)), 0.0),
        ):
            assert [score.value for score in task.score(samples[0], answer)] == [value]


def test_the_prompt_is_the_leaderboards(load: Load, data: Callable[[str], Path]) -> None:
    data("tool_calling/bfcl_v4")
    task = load("tool_calling/bfcl_simple")
    sample = next(iter(task.samples("test")))
    system, user = task.messages(sample)
    assert system.role == "system" and user.content == sample.inputs["question"][0]["content"]
    assert system.content.startswith(
        "You are an expert in composing functions.You are given a question and a set of possible"
    )
    assert (
        "[func_name1(params_name1=params_value1, params_name2=params_value2...)" in system.content
    )
    assert json.dumps(sample.inputs["functions"], indent=4) in system.content
    asked = load("tool_calling/bfcl_simple_native")
    (only,) = asked.messages(sample)
    assert only == user and asked.request(sample, split="test", seed=0, repeat=0).tools
