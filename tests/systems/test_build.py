from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import ConfigError
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


@pytest.mark.parametrize("target", [*BACKENDS.values(), *HYBRIDS.values()])
def test_everything_listed_exists_under_its_name(target: str) -> None:
    names = {value: name for name, value in (BACKENDS | HYBRIDS).items()}
    kind = "backend" if target in BACKENDS.values() else "hybrid"
    with pytest.raises(ConfigError, match="unknown key 'nonsense'"):
        minimal = {"model": "auto", "tiers": ["a", "b"], "members": ["a", "b"], "file": "f.csv"}
        needed = {
            "classical": ["model"],
            "openai": ["model"],
            "transformers": ["model"],
            "cascade": ["tiers"],
            "committee": ["members"],
            "router": ["members"],
            "replay": [],
        }[names[target]]
        config = {kind: names[target], "nonsense": 1} | {key: minimal[key] for key in needed}
        parse_system("s", config)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"backend": "transfomers", "model": "m"},
            "system 's': unknown backend 'transfomers': did you mean 'transformers'?",
        ),
        (
            {"hybrid": "xyz"},
            "system 's': unknown hybrid 'xyz': use one of cascade, committee, router",
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
