"""Keys and headers of an endpoint: read from the environment, and kept out of everything else."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from evalsuite import __version__
from evalsuite.errors import ConfigError
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.resources import Resources

# A shorter value is no secret ("EMPTY", "ollama") and may well be a word of an answer.
_SHORTEST_SECRET = 8
_HIDDEN = b"***"


@dataclass(frozen=True)
class Access:
    """What an endpoint must be shown. It has no representation that could be printed.

    ``key`` is None where there is none; ``headers`` are all of them, the key's included;
    ``proxy`` is the address that the environment names for this endpoint.
    """

    key: str | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)
    proxy: str | None = field(repr=False)

    def cleaned(self, content: bytes) -> bytes:
        """``content`` without our secrets, which some servers echo."""
        for secret in self.secrets:
            if secret in content:
                content = content.replace(secret, _HIDDEN)
        return content


def access_of(spec: OpenAIOptions, resources: Resources) -> Access:
    """Read key and headers, and tell ``resources`` what is secret among them.

    Raises ConfigError where a variable is not set. A loopback endpoint may go without its key. The
    key that is meant for OpenAI goes to no other host unless the user says so.
    """
    host = urlsplit(spec.base_url).hostname
    said = "api_key_env" in spec.model_fields_set
    if not said and host != "api.openai.com" and not is_loopback(spec.base_url):
        raise ConfigError(
            f"model {spec.model!r}: say which environment variable holds the key for {host}, "
            "`api_key_env: NAME`, or `api_key_env: null` if it wants none"
        )
    key = _value_of(spec.api_key_env) if spec.api_key_env else None
    if spec.api_key_env and not key and not is_loopback(spec.base_url):
        raise ConfigError(
            f"model {spec.model!r} needs a key: set the environment variable "
            f"{spec.api_key_env}, or write `api_key_env: null` if the endpoint wants none"
        )
    headers = {"Content-Type": "application/json", "User-Agent": f"evalsuite/{__version__}"}
    secrets = []
    if key:
        headers["Authorization"] = f"Bearer {key}"
        secrets.append(key)
    for name, value in spec.headers.items():
        _put(headers, name, value)
    for name, variable in spec.headers_env.items():
        value = _value_of(variable)
        if not value:
            raise ConfigError(
                f"model {spec.model!r} sends the header {name}: set the environment variable "
                f"{variable}"
            )
        _put(headers, name, value)
        secrets += [value, value.rpartition(" ")[2]]  # also without "Bearer"
    proxy = proxy_for(spec.base_url)
    if proxy is not None:
        secrets.append(urlsplit(proxy).password or "")
    for secret in secrets:
        resources.keep_secret(secret)
    return Access(key or None, headers, _as_sent_back(secrets), proxy)


def _value_of(variable: str) -> str:
    """The value of an environment variable, without the line end that files put there."""
    value = os.environ.get(variable, "").strip()
    if not value.isprintable():
        raise ConfigError(f"the environment variable {variable} holds control characters")
    return value


def _put(headers: dict[str, str], name: str, value: str) -> None:
    """Set a header; its name may be written in other letters than the one that it replaces."""
    for known in [known for known in headers if known.casefold() == name.casefold()]:
        del headers[known]
    headers[name] = value


def _as_sent_back(secrets: list[str]) -> tuple[bytes, ...]:
    """The secrets as bytes, as they are and as they stand in JSON; the longest first."""
    forms: set[bytes] = set()
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            forms |= {secret.encode(), msgspec.json.encode(secret)[1:-1]}
    return tuple(sorted(forms, key=len, reverse=True))


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for ``url``.

    It is looked up once: aiohttp's ``trust_env`` looks it up, in a thread, for every request.
    """
    parts = urlsplit(url)
    if is_loopback(url) or urllib.request.proxy_bypass(parts.netloc):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def is_loopback(url: str) -> bool:
    """Whether ``url`` is on this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
