"""The single-turn Python categories of the Berkeley Function Calling Leaderboard, version 4."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Message, Sample, Score, Tool
from evalsuite.scoring.tool_calls.match import Expected
from evalsuite.scoring.tool_calls.schema import openai_tool
from evalsuite.scoring.tool_calls.score import fault_rates, score_calls, score_no_call
from evalsuite.task import Published, Split, Task, Variant

Category = Literal["simple", "multiple", "parallel", "parallel_multiple", "irrelevance"]

_SHA256 = {
    "answers_multiple": "51ca0252590d140adb668b2eadf0412054831699b5e11221c22a18fe53ba025b",
    "answers_parallel": "5c2c535f94353316c3088c94c678c3544af293075521c972fef40dc8396a72a8",
    "answers_parallel_multiple": "261b87a75b236430802239a3b4fe4452b2922f724c6576efe08589614b569c3b",
    "answers_simple_python": "b3e2e6e38e3b41511b6b72db41d7ccf564c1c75823ad6a047ce7e29a94c79358",
    "irrelevance": "48617ecda09ae34a192f37174a76d02204e013139b189c10fc683f57c4f474ca",
    "multiple": "bd5adf3fa05ce96eed1f96ad5157aa6b478f8826b645f926b1e372dc383ab9d5",
    "parallel": "e60651d47b4a5665274addf70d72f952c8bbdd0a09719f55d85c4ebfc0e13d19",
    "parallel_multiple": "1acaaf49daf9dbb30ecfc42e1ddbd695ac8bcba38c9b2f5fc10f99b702dab5aa",
    "simple_python": "958c07828feed1b06300535b56da337b520cc0b1a46ca8c0b1461f2eb5e4f7b2",
}
DATA = Dataset(
    name="bfcl_v4",
    licence="Apache-2.0",
    source="https://github.com/ShishirPatil/gorilla/tree/"
    "6ea57973c7a6097fd7c5915698c54c17c5b1b6c8/berkeley-function-call-leaderboard",
    files={
        name: DataFile(path=f"tasks/tool_calling/bfcl_v4/{name}.jsonl", sha256=sha256)
        for name, sha256 in _SHA256.items()
    },
)
_FILES: Mapping[Category, str] = {
    "simple": "simple_python",
    "multiple": "multiple",
    "parallel": "parallel",
    "parallel_multiple": "parallel_multiple",
    "irrelevance": "irrelevance",
}
_ABOUT: Mapping[Category, str] = {
    "simple": "One function on offer, one call to make",
    "multiple": "Several functions on offer, one call to make",
    "parallel": "One function on offer, several calls to make",
    "parallel_multiple": "Several functions on offer, several calls to make",
    "irrelevance": "No function on offer fits: nothing to call",
}
_ASKED: Mapping[Category, int] = {
    "simple": 400,
    "multiple": 200,
    "parallel": 200,
    "parallel_multiple": 200,
    "irrelevance": 240,
}
# Right answers of gpt-4-0125-preview in prompts and of gpt-4o-2024-08-06 offered the functions.
_RIGHT: Mapping[Category, tuple[int, int]] = {
    "simple": (382, 366),
    "multiple": (190, 181),
    "parallel": (180, 186),
    "parallel_multiple": (186, 169),
    "irrelevance": (164, 211),
}
_SYSTEM = (
    # Of bfcl_eval/constants/default_prompts.py, style "classic" in plain text (Apache-2.0).
    "You are an expert in composing functions.You are given a question and a set of possible "
    "functions. Based on the question, you will need to make one or more function/tool calls to "
    "achieve the purpose. If none of the functions can be used, point it out. If the given "
    "question lacks the parameters required by the function, also point it out.\n\n"
    "You should only return the function calls in your response.\n\n"
    "If you decide to invoke any of the function(s), you MUST put it in the format of {form}.  "
    "You SHOULD NOT include any other text in the response.\n\n"
    "At each turn, you should try your best to complete the tasks requested by the user within "
    "the current turn. Continue to output functions to call until you have fulfilled the user's "
    "request to the best of your ability. Once you have no more functions to call, the system "
    "will consider the current turn complete and proceed to the next turn or task.\n\n"
    "Here is a list of functions in json format that you can invoke.\n{functions}\n"
)
_PYTHON = (
    "[func_name1(params_name1=params_value1, params_name2=params_value2...), func_name2(params)]"
)
_JSON = (
    '```json\n[{"function":"func_name1","parameters":{"param1":"value1","param2":"value2"...}},'
    '{"function":"func_name2","parameters":{"param":"value"}}]\n```'
)


def bfcl_task(category: Category, *, native: bool = False) -> Task:
    """The task of a category.

    Args:
        category: One of the leaderboard's Python categories.
        native: Offer the functions to the endpoint beside the question, instead of writing them
            into the prompt.
    """
    name = f"tool_calling/bfcl_{category}{'_native' if native else ''}"
    calls = category != "irrelevance"
    return Task(
        name=name,
        family="tool_calling",
        summary=_ABOUT[category] + (" (offered to the endpoint)" if native else ""),
        samples=lambda split: samples(category, split),
        prompt=question if native else partial(prompt, form=_PYTHON),
        score=partial(score, read_text=not native),
        success="ast_match" if calls else "no_call",
        tools=tools if native else None,
        corpus=fault_rates() if calls else {},
        max_output_tokens=1024,
        shot=python_shot if calls and not native else None,
        variants={} if native else _variants(calls),
        data=(DATA,),
        published=_published(category, native),
        source=DATA.source,
        licence=DATA.licence,
        reference="https://gorilla.cs.berkeley.edu/leaderboard.html",
    )


def _published(category: Category, native: bool) -> tuple[Published, ...]:
    """What the leaderboard had for the first version, whose questions were nearly the same."""
    system = "gpt-4o-2024-08-06 (FC)" if native else "gpt-4-0125-preview (prompt)"
    right, n = _RIGHT[category][native], _ASKED[category]
    return (
        Published(
            metric="no_call" if category == "irrelevance" else "ast_match",
            value=right / n,
            system=system,
            source="BFCL-Result (github.com/HuanzhiMao/BFCL-Result), 2024-08-11",
            n=n,
            note="first version of the leaderboard: other answers and slightly other rules",
        ),
    )


def _variants(calls: bool) -> dict[str, Variant]:
    return {
        "json": Variant(prompt=partial(prompt, form=_JSON), shot=json_shot if calls else None),
        "one_turn": Variant(prompt=one_turn),
    }


def samples(category: Category, split: Split) -> Iterator[Sample]:
    """The rows of a category, all of them in the test split: the leaderboard has no other.

    ``inputs`` hold the ``question`` (turns of a chat) and the ``functions`` in BFCL's form; the
    target is a list of ``{name: {parameter: allowed values}}``, empty for irrelevance.
    """
    if split != "test":
        return
    file = _FILES[category]
    answers: dict[str, Any] = {}
    if category != "irrelevance":
        answers = {row["id"]: row["ground_truth"] for row in DATA.rows(f"answers_{file}")}
    for row in DATA.rows(file):
        (turns,) = row["question"]
        yield Sample(
            id=row["id"],
            inputs={"question": turns, "functions": row["function"]},
            target=answers.get(row["id"], []),
            metadata={"category": category},
        )


# --- asking -------------------------------------------------------------------------------------


def question(sample: Sample) -> tuple[Message, ...]:
    """The question alone."""
    return tuple(
        Message(role=turn["role"], content=turn["content"]) for turn in sample.inputs["question"]
    )


def prompt(sample: Sample, *, form: str) -> tuple[Message, ...]:
    """The leaderboard's system prompt with the functions as JSON, then the question."""
    return (Message(role="system", content=_system(sample, form)), *question(sample))


def one_turn(sample: Sample) -> str:
    """The system prompt and the question in one turn, for models without a system's turn."""
    asked = "\n\n".join(turn["content"] for turn in sample.inputs["question"])
    return f"{_system(sample, _PYTHON)}\n\n{asked}"


def _system(sample: Sample, form: str) -> str:
    functions = json.dumps(sample.inputs["functions"], indent=4)
    return _SYSTEM.replace("{form}", form).replace("{functions}", functions)


def tools(sample: Sample) -> tuple[Tool, ...]:
    """The functions as an endpoint takes them: names without dots, types of JSON schema."""
    return tuple(openai_tool(function) for function in sample.inputs["functions"])


def python_shot(sample: Sample) -> str:
    """A right answer as Python: of each parameter the first allowed value."""
    calls = []
    for call in right_calls(sample):
        arguments = ", ".join(f"{name}={value!r}" for name, value in call["parameters"].items())
        calls.append(f"{call['function']}({arguments})")
    return f"[{', '.join(calls)}]"


def json_shot(sample: Sample) -> str:
    """A right answer as JSON."""
    return json.dumps(right_calls(sample))


def right_calls(sample: Sample) -> list[dict[str, Any]]:
    """Right calls: of each parameter that may not be left out the first allowed value."""
    return [
        {
            "function": name,
            "parameters": {
                parameter: _first(values)
                for parameter, values in allowed.items()
                if "" not in values or parameter in _required(sample, name)
            },
        }
        for call in sample.target
        for name, allowed in call.items()
    ]


def _first(values: Sequence[Any]) -> Any:
    value = next(one for one in values if one != "")
    if isinstance(value, dict):
        return {key: _first(inner) for key, inner in value.items() if "" not in inner}
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return [{key: _first(inner) for key, inner in one.items()} for one in value]
    return value


def _required(sample: Sample, name: str) -> Sequence[str]:
    functions = sample.inputs["functions"]
    required: Sequence[str] = next(
        one["parameters"].get("required", ()) for one in functions if one["name"] == name
    )
    return required


def score(sample: Sample, answer: Answer, *, read_text: bool) -> list[Score]:
    """``ast_match``, ``schema_valid`` and ``executable``; ``no_call`` where none is right."""
    if not sample.target:
        return score_no_call(answer, read_text=read_text)
    functions, right = sample.inputs["functions"], expected(sample.target)
    return score_calls(answer, functions, right, read_text=read_text)


def expected(target: Sequence[Mapping[str, Any]]) -> list[Expected]:
    """The right calls of a target, as the scoring takes them."""
    return [Expected(name, allowed) for call in target for name, allowed in call.items()]
