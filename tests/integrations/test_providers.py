from __future__ import annotations

from typing import Any

import pytest

from evalsuite.integrations.providers import HOSTS, PATTERNS, endpoint_of, provider_of
from tests.analysis.frames import system

pytest.importorskip("opentelemetry.semconv", reason="needs opentelemetry-semantic-conventions")

from opentelemetry.semconv._incubating.attributes.gen_ai_attributes import (
    GenAiProviderNameValues,
)


def test_providers_have_the_names_of_the_conventions() -> None:
    known = {value.value for value in GenAiProviderNameValues}
    assert {*HOSTS.values(), *(name for _, name in PATTERNS)} <= known


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("api.mistral.ai", "mistral_ai"),
        ("mine.openai.azure.com", "azure.ai.openai"),
        ("europe-west1-aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "aws.bedrock"),
        ("runtime.sagemaker.eu-west-1.amazonaws.com", "openai"),  # it speaks that interface
        ("localhost", "openai"),
    ],
)
def test_a_provider_is_known_by_its_host(host: str, provider: str) -> None:
    assert provider_of(host) == provider


@pytest.mark.parametrize(
    ("config", "server", "operation"),
    [
        ({}, {"server.address": "api.openai.com", "server.port": 443}, "chat"),
        (
            {"base_url": "http://127.0.0.1:8000/v1", "api": "completions"},
            {"server.address": "127.0.0.1", "server.port": 8000},
            "text_completion",
        ),
    ],
)
def test_an_endpoint_has_an_address(
    config: dict[str, Any], server: dict[str, Any], operation: str
) -> None:
    found = endpoint_of(system("x", pattern="openai", config=config))
    assert (found.server, found.operation, found.provider) == (server, operation, "openai")


def test_what_runs_here_has_none() -> None:
    found = endpoint_of(system("x", pattern="classical", config={"temperature": 1, "top_p": True}))
    assert (found.server, found.operation) == ({}, "predict")
    assert found.provider == "evalsuite.classical"
    assert found.request == {"gen_ai.request.temperature": 1.0}
