"""What can be said of an endpoint in the experiment file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from evalsuite.systems.base import ModelSpec
from evalsuite.systems.openai.pricing import price_of
from evalsuite.systems.price import Price
from evalsuite.systems.price_tables import PriceTable

Api = Literal["chat", "responses", "completions"]
LengthField = Literal["max_tokens", "max_completion_tokens"]
ChoiceScore = Literal["sum", "per_token", "per_character", "generate"]

_SECRET_HEADERS = ("authorization", "proxy-authorization", "api-key", "x-api-key", "cookie")
_OURS = {"stream": "`stream: true`", "stream_options": "`stream: true`", "messages": "a task"}


class OpenAIOptions(ModelSpec):
    """A model behind an OpenAI-compatible endpoint; docs/endpoints.md explains every option.

    What is sent: ``model``, ``api`` (``/chat/completions``, ``/responses`` or ``/completions``
    below ``base_url``), ``reasoning_effort``, ``logprobs`` and ``top_logprobs``,
    ``length_field`` (by default ``max_completion_tokens`` at OpenAI and Azure and ``max_tokens``
    elsewhere), ``strict_schema``, ``stream``; ``extra`` are further fields of the body, which
    replace ours, and null removes one of ours.

    Completions only: ``chat_template`` (a Jinja file or a folder with a tokenizer's) renders the
    messages, which are joined by blank lines without one; ``choice_score`` says by what closed
    sets are answered.

    Access: ``api_key_env`` names the environment variable that holds the key (null for none; a
    loopback endpoint may go without), ``headers_env`` those that hold further headers; ``headers``
    are plain ones. Limits: ``max_concurrency``, ``requests_per_minute``, ``tokens_per_minute`` of
    the endpoint. Times are in seconds and of one attempt.

    ``tokenizer`` (a folder or a hub id) counts tokens where the endpoint does not.

    ``prices`` is the table that gives the prices that are not stated, ``priced_as``
    ("PROVIDER/MODEL") the entry of it where the model's own name is not the one to look for.
    ``joules_per_thousand_output_tokens`` is an estimate of its energy, which no endpoint tells.
    """

    backend: Literal["openai"] = "openai"
    model: str
    base_url: str = "https://api.openai.com/v1"
    api: Api = "chat"
    client: Literal["aiohttp", "openai"] = "aiohttp"
    mode: Literal["live", "batch"] = "live"
    api_key_env: str | None = "OPENAI_API_KEY"
    headers: dict[str, str] = Field(default_factory=dict)
    headers_env: dict[str, str] = Field(default_factory=dict)
    extra: dict[str, Any] = Field(default_factory=dict)
    reasoning_effort: str | None = None
    logprobs: bool = False
    top_logprobs: int | None = Field(None, ge=1, le=20)
    length_field: LengthField | None = None
    strict_schema: bool = True
    stream: bool = False
    choice_score: ChoiceScore = "sum"
    chat_template: str | None = None
    tokenizer: str | None = None
    timeout_seconds: float = Field(120.0, gt=0)
    connect_timeout_seconds: float = Field(10.0, gt=0)
    idle_timeout_seconds: float = Field(60.0, gt=0)
    max_retries: int = Field(4, ge=0)
    backoff_seconds: float = Field(0.5, gt=0)
    max_backoff_seconds: float = Field(60.0, gt=0)
    max_concurrency: int | None = Field(None, ge=1)
    requests_per_minute: float | None = Field(None, gt=0)
    tokens_per_minute: float | None = Field(None, gt=0)
    usd_per_million_input_tokens: float | None = Field(None, ge=0)
    usd_per_million_cached_input_tokens: float | None = Field(None, ge=0)
    usd_per_million_output_tokens: float | None = Field(None, ge=0)
    usd_per_million_reasoning_tokens: float | None = Field(None, ge=0)
    joules_per_thousand_output_tokens: float | None = Field(None, ge=0)
    prices: PriceTable | None = None
    priced_as: str | None = Field(None, pattern=r"^[^/\s]+/\S+$")

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write it as http(s)://host[:port]/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("a key belongs in the environment (`api_key_env`), not in the address")
        return url.rstrip("/")

    @field_validator("headers")
    @classmethod
    def _no_secret(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if name.casefold() in _SECRET_HEADERS:
                raise ValueError(
                    f"{name} belongs in the environment: `headers_env: {{{name}: VARIABLE}}`"
                )
        return headers

    @field_validator("extra")
    @classmethod
    def _not_ours(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for name, instead in _OURS.items():
            if name in extra:
                raise ValueError(f"{name!r} comes from {instead}, not from `extra`")
        if extra.get("n") not in (None, 1):
            raise ValueError("'n' asks for answers that would be dropped: use `repeats`")
        return extra

    @model_validator(mode="after")
    def _consistent(self) -> OpenAIOptions:
        if self.api != "completions" and self.chat_template is not None:
            raise ValueError(
                "`chat_template` is of `api: completions`; elsewhere the endpoint has its own"
            )
        if self.api != "completions" and self.choice_score not in ("sum", "generate"):
            raise ValueError("`choice_score` is of `api: completions`: others cannot score choices")
        if self.mode == "batch" and self.stream:
            raise ValueError("a batch is not streamed: leave out `stream` or `mode: batch`")
        if self.priced_as is not None and self.prices is None:
            raise ValueError("`priced_as` names an entry of a table: add `prices: genai-prices`")
        return self

    @property
    def wants_logprobs(self) -> bool:
        """Whether log-probabilities are asked for."""
        return self.logprobs or self.top_logprobs is not None

    @property
    def scores_choices(self) -> bool:
        """Whether closed sets are answered by log-likelihood instead of by generating."""
        return self.api == "completions" and self.choice_score != "generate"

    def stated_price(self) -> Price:
        """The prices by the token, known before anything is opened."""
        return self.price

    @property
    def price(self) -> Price:
        """The stated prices, and a table's for the rest where one is named."""
        return price_of(self)


def identity_of(spec: OpenAIOptions, template_hash: str | None) -> Mapping[str, Any]:
    """All that may affect an answer, and nothing that does not (limits, times, streaming).

    Log-probabilities are in it although they do not change the text: an answer that was kept
    without them would be useless to whoever asks for them. So are plain headers, because some
    endpoints choose a provider or a version by them. What is not set is left out, so that an
    option added to this class does not orphan the answers there are.
    """
    optional = {
        "headers": spec.headers,
        "reasoning_effort": spec.reasoning_effort,
        "top_logprobs": spec.top_logprobs,
        "length_field": spec.length_field,
        "strict_schema": None if spec.strict_schema else "no",
        "choice_score": spec.choice_score if spec.scores_choices else None,
        "chat_template": template_hash,
    }
    return {
        "base_url": spec.base_url,
        "model": spec.model,
        "api": spec.api,
        "extra": spec.extra,
        "logprobs": spec.wants_logprobs,
        **{name: value for name, value in optional.items() if value},
    }
