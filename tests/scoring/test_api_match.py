from __future__ import annotations

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.tool_calls.api_match import ApiCall, find_call, score_api_call

LOAD, KEYS = "torch.hub.load", ("repo_or_dir", "model")


def found(text: str) -> dict[str, str] | None:
    call = find_call(text, LOAD, KEYS)
    return None if call is None else dict(call.arguments)


@pytest.mark.parametrize(
    "text",
    [
        "torch.hub.load('pytorch/vision', 'resnet50', pretrained=True)",
        "torch.hub.load(repo_or_dir='pytorch/vision', model=\"resnet50\")",
        "model = torch.hub.load(model='resnet50', repo_or_dir='pytorch/vision:v0.10.0')",
        "{'api_call': \\\"model = torch.hub.load('pytorch/vision', 'resnet50')\\\", 'code': 'x'}",
        "torch.hub.load( 'pytorch/vision' ,\n 'resnet50', f(1, (2)), [3, 4]",
        "torch.hub.load('other', 'x')\napi_call: torch.hub.load('pytorch/vision', 'resnet50')",
    ],
)
def test_a_call_is_found_however_it_is_written(text: str) -> None:
    assert found(text) == {"repo_or_dir": "pytorch/vision", "model": "resnet50"}


def test_no_call_and_calls_of_others() -> None:
    assert found("hub.load('pytorch/vision', 'resnet50')") is None
    assert found("my.torch.hub.load('a', 'b')") is None
    assert found("") is None
    assert found("torch.hub.load()") == {}


def scores(text: str) -> dict[str, tuple[float | None, str]]:
    def api(model: str) -> ApiCall:
        return ApiCall(LOAD, (("repo_or_dir", "pytorch/vision"), ("model", model)))

    database = {
        api("resnet50"): frozenset({"Classification"}),
        api("wide_resnet50_2"): frozenset({"Segmentation"}),
    }
    said = score_api_call(Answer(text=text), database, "Classification", function=LOAD, keys=KEYS)
    return {score.name: (score.value, score.status) for score in said}


def test_right_wrong_and_hallucinated() -> None:
    right = scores("torch.hub.load('pytorch/vision', 'resnet50')")
    assert right == {"api_match": (1.0, "scored"), "hallucinated": (0.0, "scored")}
    # The authors' script finds "resnet50" in this name and calls it right.
    other = scores("torch.hub.load('pytorch/vision', 'wide_resnet50_2')")
    assert other == {"api_match": (0.0, "scored"), "hallucinated": (0.0, "scored")}
    invented = scores("torch.hub.load('pytorch/vision', 'resnet51')")
    assert invented == {"api_match": (0.0, "scored"), "hallucinated": (1.0, "scored")}
    none = scores("import cv2")
    assert none == {"api_match": (0.0, "format_error"), "hallucinated": (0.0, "format_error")}
