from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import ConfigError
from evalsuite.systems.build import parse_system
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.access import access_of
from evalsuite.systems.openai.model import OpenAIModel, endpoint_of
from evalsuite.systems.resources import Resources
from tests.systems.openai.endpoint import SECRET


def opened(**options: Any) -> OpenAIModel:
    options = {"model": "m", "base_url": "http://127.0.0.1:1/v1", **options}
    model = OpenAISpec(**options).open(Resources())
    assert isinstance(model, OpenAIModel)
    return model


def test_a_key_is_needed_but_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        OpenAISpec(model="gpt-5-mini").open(Resources())
    assert OpenAISpec(model="m", base_url="http://localhost:1/v1").open(Resources()).name == "m"
    free = OpenAISpec(model="m", base_url="https://example.org/v1", api_key_env=None)
    assert free.open(Resources()).name == "m"


def test_openais_key_goes_to_nobody_else_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    elsewhere = {"model": "m", "base_url": "https://example.org/v1"}
    with pytest.raises(ConfigError, match="which environment variable holds the key for example"):
        OpenAISpec(**elsewhere).open(Resources())
    asked_for = OpenAISpec(**elsewhere, api_key_env="OPENAI_API_KEY")
    assert access_of(asked_for, Resources()).key == SECRET
    assert access_of(OpenAISpec(model="m"), Resources()).key == SECRET


def test_a_key_is_kept_to_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    resources = Resources()
    spec = OpenAISpec(model="gpt-5-mini")
    model = spec.open(resources)
    shown = [model, model.identity, model.price, spec, access_of(spec, resources), vars(model)]
    assert SECRET not in "".join(map(repr, shown))
    assert resources.redacted(f"the key {SECRET} is wrong") == "the key *** is wrong"


def test_headers_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_KEY", SECRET)
    monkeypatch.setenv("BASIC", "Basic dXNlcjpwYXNz")
    resources = Resources()
    spec = OpenAISpec(
        model="m",
        base_url="https://example.org/v1",
        api_key_env=None,
        headers={"X-Title": "evals"},
        headers_env={"X-Api-Key": "GATEWAY_KEY", "Authorization": "BASIC"},
    )
    access = access_of(spec, resources)
    assert access.key is None
    assert access.headers["X-Title"] == "evals"
    assert access.headers["X-Api-Key"] == SECRET
    assert access.headers["Authorization"] == "Basic dXNlcjpwYXNz"
    # The password is secret also where it stands without its scheme.
    assert access.cleaned(b"you sent dXNlcjpwYXNz, " + SECRET.encode()) == b"you sent ***, ***"
    assert resources.redacted("dXNlcjpwYXNz") == "***"
    monkeypatch.delenv("GATEWAY_KEY")
    with pytest.raises(ConfigError, match="X-Api-Key: set the environment variable GATEWAY_KEY"):
        spec.open(Resources())


def test_a_key_that_is_none_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_KEY", "EMPTY")
    spec = OpenAISpec(model="m", base_url="http://localhost:1/v1", api_key_env="LOCAL_KEY")
    access = access_of(spec, Resources())
    assert access.headers["Authorization"] == "Bearer EMPTY"
    assert access.cleaned(b'{"content": "EMPTY"}') == b'{"content": "EMPTY"}'


def test_a_header_replaces_ours_however_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OTHER", "Basic dXNlcjpwYXNz")
    spec = OpenAISpec(
        model="m",
        base_url="http://localhost:1/v1",
        headers={"user-agent": "mine"},
        headers_env={"authorization": "OTHER"},
    )
    assert access_of(spec, Resources()).headers == {
        "Content-Type": "application/json",
        "user-agent": "mine",
        "authorization": "Basic dXNlcjpwYXNz",
    }


def test_a_key_may_end_with_its_line_and_hold_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{SECRET}\n")
    assert access_of(OpenAISpec(model="m"), Resources()).key == SECRET
    monkeypatch.setenv("OPENAI_API_KEY", f"{SECRET}\r\nX-Evil: 1")
    with pytest.raises(ConfigError, match="holds control characters") as caught:
        access_of(OpenAISpec(model="m"), Resources())
    assert SECRET not in str(caught.value)


def test_the_password_of_a_proxy_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://user:pass-word-9@proxy.example:3128")
    monkeypatch.setenv("no_proxy", "localhost,.internal.example")
    resources = Resources()

    def proxy_of(base_url: str) -> str | None:
        spec = OpenAISpec(model="m", base_url=base_url, api_key_env=None)
        return access_of(spec, resources).proxy

    assert proxy_of("https://example.org/v1") == "http://user:pass-word-9@proxy.example:3128"
    assert proxy_of("https://gpu.internal.example/v1") is None
    assert proxy_of("http://127.0.0.1:8000/v1") is None
    assert resources.redacted("proxy said pass-word-9") == "proxy said ***"


def test_a_key_is_found_as_it_stands_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD_KEY", 'quo"te\\slash-1')
    spec = OpenAISpec(model="m", base_url="http://localhost:1/v1", api_key_env="ODD_KEY")
    cleaned = access_of(spec, Resources()).cleaned(rb'{"message": "bad key quo\"te\\slash-1"}')
    assert cleaned == b'{"message": "bad key ***"}'


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"base_url": "https://user:pass@example.org/v1"}, "belongs in the environment"),
        ({"base_url": "https://example.org/v1?key=abc"}, "belongs in the environment"),
        ({"base_url": "example.org"}, "write it as"),
        ({"headers": {"Authorization": "Bearer x"}}, "headers_env: {Authorization: VARIABLE}"),
        ({"headers": {"api-key": "x"}}, "headers_env"),
        ({"extra": {"stream": True}}, "'stream' comes from `stream: true`"),
        ({"extra": {"n": 4}}, "use `repeats`"),
        ({"chat_template": "t.jinja"}, "is of `api: completions`"),
        ({"choice_score": "per_token"}, "is of `api: completions`"),
        ({"mode": "batch", "stream": True}, "a batch is not streamed"),
        ({"batch": {"requests": 10}}, "`batch` is of `mode: batch`"),
        ({"client_options": {"project": "p"}}, "`client_options` is of `client: openai`"),
        ({"mode": "batch", "client": "openai"}, "a client of its own"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"api": "chats"}, "api"),
    ],
)
def test_mistakes_are_one_line(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_system("mine", {"backend": "openai", "model": "m", **config})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_identity_holds_what_affects_an_answer(tmp_path: Path) -> None:
    template = tmp_path / "chat.jinja"
    template.write_text("{{ messages[0].content }}")
    base = opened().identity
    assert base == {
        "base_url": "http://127.0.0.1:1/v1",
        "model": "m",
        "api": "chat",
        "extra": {},
        "logprobs": False,
    }
    for options in (
        {"model": "n"},
        {"base_url": "http://127.0.0.1:2/v1"},
        {"api": "responses"},
        {"extra": {"top_p": 0.5}},
        {"reasoning_effort": "low"},
        {"headers": {"X-Provider": "a"}},
        {"logprobs": True},
        {"strict_schema": False},
    ):
        assert opened(**options).identity != base
    texts = [
        opened(api="completions", **options).identity
        for options in (
            {},
            {"choice_score": "per_token"},
            {"choice_score": "generate"},
            {"chat_template": str(template)},
        )
    ]
    assert all(a != b for i, a in enumerate(texts) for b in texts[:i])
    template.write_text("{{ messages[0].content }}!")


def test_identity_holds_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", SECRET)
    base = opened().identity
    for options in (
        {"stream": True},
        {"timeout_seconds": 1},
        {"connect_timeout_seconds": 1},
        {"idle_timeout_seconds": 1},
        {"max_retries": 0},
        {"backoff_seconds": 3},
        {"max_backoff_seconds": 3},
        {"max_concurrency": 3},
        {"requests_per_minute": 3},
        {"tokens_per_minute": 3},
        {"api_key_env": "OTHER_KEY"},
        {"headers_env": {"X-Api-Key": "OTHER_KEY"}},
        {"usd_per_million_input_tokens": 1.0},
    ):
        assert opened(**options).identity == base


def test_models_of_one_account_share_a_limiter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", SECRET)
    monkeypatch.setenv("B_KEY", SECRET + "b")
    resources = Resources()

    def limiter(**options: Any) -> object:
        options = {"model": "m", "base_url": "http://127.0.0.1:1/v1", **options}
        model = OpenAISpec(**options).open(resources)
        assert isinstance(model, OpenAIModel)
        return model.limiter

    assert limiter(api_key_env="A_KEY") is limiter(api_key_env="A_KEY", model="n", api="responses")
    assert limiter(api_key_env="A_KEY") is not limiter(api_key_env="B_KEY")
    assert endpoint_of(OpenAISpec(model="m")) == "https://api.openai.com/v1|OPENAI_API_KEY"
