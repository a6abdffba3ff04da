"""Who a system's calls go to, as OpenTelemetry's conventions for generative AI name it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from evalsuite.records import SystemEntry

HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
}
PATTERNS = (
    (r".*\.openai\.azure\.com", "azure.ai.openai"),
    (r".*\.inference\.ai\.azure\.com", "azure.ai.inference"),
    (r"(.*-)?aiplatform\.googleapis\.com", "gcp.vertex_ai"),
    (r"bedrock.*\.amazonaws\.com", "aws.bedrock"),
)
DEFAULT_BASE_URL = "https://api.openai.com/v1"
_REQUEST = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """How the calls of a system are described.

    ``provider`` is a name of the conventions, or ``evalsuite.BACKEND`` for what is in no list;
    ``server`` is its address, empty for what runs in this process; ``request`` are the settings
    that the system's configuration states.
    """

    provider: str = "evalsuite.unknown"
    operation: str = "chat"
    server: Mapping[str, str | int] = field(default_factory=dict)
    request: Mapping[str, str | int | float] = field(default_factory=dict)


def endpoint_of(entry: SystemEntry) -> Endpoint:
    """The endpoint of a system in a manifest; a hybrid has none, since its members are called."""
    stated = {
        name: float(value) if key in ("temperature", "top_p", "top_k") else int(value)
        for key, name in _REQUEST.items()
        if isinstance(value := entry.config.get(key), int | float) and not isinstance(value, bool)
    }
    if entry.pattern == "openai":
        base_url = str(entry.config.get("base_url") or DEFAULT_BASE_URL)
        operation = "text_completion" if entry.config.get("api") == "completions" else "chat"
        server = _server(base_url)
        provider = provider_of(str(server.get("server.address", "")))
        return Endpoint(provider=provider, operation=operation, server=server, request=stated)
    operation = "predict" if entry.pattern == "classical" else "chat"
    return Endpoint(provider=f"evalsuite.{entry.pattern}", operation=operation, request=stated)


def provider_of(host: str) -> str:
    """Who is behind ``host``: ``openai``, whose interface is spoken, for one that is in no list."""
    if host in HOSTS:
        return HOSTS[host]
    return next((name for pattern, name in PATTERNS if re.fullmatch(pattern, host)), "openai")


def _server(base_url: str) -> dict[str, str | int]:
    parts = urlsplit(base_url)
    if parts.hostname is None:
        return {}
    return {
        "server.address": parts.hostname,
        "server.port": parts.port or (80 if parts.scheme == "http" else 443),
    }
