from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, get_origin

import pytest

from evalsuite.errors import ConfigError
from evalsuite.records import Answer
from evalsuite.systems.base import HybridSpec, ModelSpec
from evalsuite.systems.build import BACKENDS, HYBRIDS, parse_system
from evalsuite.systems.classical import ClassicalSpec
from evalsuite.systems.hybrids.cascade import CascadeSpec
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.transformers import TransformersSpec


@pytest.mark.parametrize(
    ("config", "spec"),
    [
        ("embedded/nano", TransformersSpec(model="embedded/nano")),
        ("transformers/Qwen/Qwen3-0.6B", TransformersSpec(model="Qwen/Qwen3-0.6B")),
        ("classical/gradient_boosting", ClassicalSpec(model="gradient_boosting")),
        ("openai/gpt-5-mini", OpenAISpec(model="gpt-5-mini")),
        (
            {"backend": "openai", "model": "m", "base_url": "http://localhost:8000/v1/"},
            OpenAISpec(model="m", base_url="http://localhost:8000/v1"),
        ),
        (
            {"hybrid": "cascade", "tiers": ["a", "b"], "threshold": [-0.1]},
            CascadeSpec(tiers=("a", "b"), threshold=(-0.1,)),
        ),
    ],
)
def test_configurations(config: Any, spec: ModelSpec | HybridSpec) -> None:
    assert parse_system("s", config) == spec


@pytest.mark.parametrize(("name", "target"), [*BACKENDS.items(), *HYBRIDS.items()])
def test_everything_listed_exists_under_its_name(name: str, target: str) -> None:
    module, _, attribute = target.partition(":")
    spec = getattr(importlib.import_module(module), attribute)
    required = {
        field: ["a", "b"] if get_origin(info.annotation) is tuple else "a"
        for field, info in spec.model_fields.items()
        if info.is_required() and field not in ("backend", "hybrid")
    }
    extra: dict[str, Any] = {
        "replay": {"file": "f.csv", "columns": {"sample_id": "id", "text": "t"}},
        "deliberate": {
            "profiles": [{"name": n, "system": "a", "says": "You are one."} for n in ("x", "y")]
        },
    }.get(name, {})
    kind = "backend" if name in BACKENDS else "hybrid"
    config = {kind: name, **required, **extra}
    with pytest.raises(ConfigError, match="unknown key 'nonsense'"):
        parse_system("s", {**config, "nonsense": 1})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"backend": "transfomers", "model": "m"},
            "system 's': unknown backend 'transfomers': did you mean 'transformers'?",
        ),
        (
            {"hybrid": "xyz"},
            f"system 's': unknown hybrid 'xyz': use one of {', '.join(HYBRIDS)}",
        ),
        ({"backend": 3}, "unknown backend 3"),
        ({"model": "m"}, "system 's': give either `backend:` or `hybrid:`"),
        ({"backend": "openai", "hybrid": "cascade"}, "give either `backend:` or `hybrid:`"),
        ({"backend": "openai"}, "system 's': 'model' is missing"),
        (
            {"backend": "transformers", "model": "m", "treads": 2},
            "system 's': unknown key 'treads': did you mean 'threads'?",
        ),
        (
            {"backend": "transformers", "model": "m", "threads": 0},
            "system 's': threads: Input should be greater than or equal to 1",
        ),
        (
            {"backend": "openai", "model": "m", "base_url": "https://me:s3cret@example.org"},
            "base_url: a key belongs in the environment",
        ),
        (
            {"hybrid": "cascade", "tiers": ["a", "b"], "threshold": [0.1, 0.2]},
            "system 's': `threshold` needs one value for each tier but the last",
        ),
        ("gpt-5-mini", "'gpt-5-mini' is not BACKEND/MODEL"),
        ("opena/gpt-5-mini", "did you mean 'openai/gpt-5-mini'?"),
        ({"backend": "no.such.module:Spec"}, "there is no module 'no'"),
        ({"backend": "evalsuite.records:Nothing"}, "has no attribute 'Nothing'"),
        ({"backend": "evalsuite.records:Sample"}, "is not a ModelSpec"),
        ({"backend": "nowhere.py:Spec"}, "there is no such file"),
    ],
)
def test_mistakes_are_one_line_and_say_what_to_do(config: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_system("s", config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_class_of_the_users_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from __future__ import annotations\n"
        "from collections.abc import Mapping\n"
        "from evalsuite.systems.base import HybridSpec\n"
        "class Shout(HybridSpec):\n"
        "    member: str\n"
        "    def roles(self) -> Mapping[str, str]:\n"
        "        return {'member': self.member}\n"
        "    async def respond(self, request, ask, fitted):\n"
        "        return await ask('member', request, reason='only')\n"
    )
    spec = parse_system("s", {"hybrid": f"{file}:Shout", "member": "small"})
    assert isinstance(spec, HybridSpec)
    assert spec.roles() == {"member": "small"}
    again = parse_system("s", {"hybrid": f"{file}:Shout", "member": "small"})
    assert spec == again


def test_errors_inside_a_users_module_keep_their_traceback(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("import not_a_module_of_anyone\n")
    with pytest.raises(ModuleNotFoundError, match="not_a_module_of_anyone"):
        parse_system("s", {"hybrid": f"{file}:Spec"})


FUNCTION = """
async def twice(request, ask, *, times=2):
    for number in range(times):
        answer = await ask("member", request, reason=f"time {number + 1}")
    return answer


def plain(request, ask):
    return None
"""


def test_a_function_is_a_hybrid(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(FUNCTION)
    config = {"hybrid": f"{tmp_path}/own.py:twice", "members": {"member": "small"}}
    spec = parse_system("own", {**config, "options": {"times": 3}})
    assert isinstance(spec, HybridSpec)
    assert spec.roles() == {"member": "small"}
    assert spec.model_dump()["options"] == {"times": 3}


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("twice", {}, "'members' is missing"),
        ("twice", {"members": {}}, "members: .*at least 1 item"),
        ("twice", {"members": {"m": "s"}, "options": {"often": 1}}, "unexpected keyword"),
        ("twice", {"members": {"m": "s"}, "memers": 1}, "did you mean 'members'"),
        ("plain", {"members": {"m": "s"}}, "is not a HybridSpec"),
    ],
)
def test_functions_that_are_none(tmp_path: Path, name: str, more: Any, message: str) -> None:
    (tmp_path / "own.py").write_text(FUNCTION)
    with pytest.raises(ConfigError, match=message):
        parse_system("own", {"hybrid": f"{tmp_path}/own.py:{name}", **more})


async def test_what_the_function_answers_and_whose_code_it_is(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(FUNCTION)
    spec = parse_system(
        "own", {"hybrid": f"{tmp_path}/own.py:twice", "members": {"member": "small"}}
    )
    assert isinstance(spec, HybridSpec)
    reasons: list[str] = []

    async def ask(role: str, request: Any, *, reason: str) -> Answer:
        reasons.append(reason)
        return Answer(text=role)

    assert (await spec.respond(None, ask, None)).text == "member"  # type: ignore[arg-type]
    assert reasons == ["time 1", "time 2"]
    assert spec.own_code == tmp_path / "own.py"  # type: ignore[attr-defined]
