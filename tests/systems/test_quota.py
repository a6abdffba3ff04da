from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from evalsuite.systems.quota import seconds_until, seconds_until_quota

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        # as OpenAI and Groq write them
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("2m59.56s", 179.56),
        ("1h2m3s", 3723.0),
        ("1d", 86400.0),
        ("500us", 0.0005),
        # a number of seconds, and moments since 1970
        ("7", 7.0),
        ("0.25", 0.25),
        ("1700000012", 12.0),
        ("1700000012500", 12.5),
        ("1600000000", 0.0),
        # as Anthropic writes them
        ("2023-11-14T22:13:35Z", 15.0),
        ("2023-11-14T23:13:35+01:00", 15.0),
        ("2023-11-14T22:13:35", 15.0),
        ("2023-11-14T22:00:00Z", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_a_moment(moment: str, seconds: float | None) -> None:
    assert seconds_until(moment, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"content-type": "application/json"}, 0.0),
        # https://platform.openai.com/docs/guides/rate-limits, "Rate limits in headers"
        (
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-limit-tokens": "150000",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-remaining-tokens": "149984",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            0.0,
        ),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s"}, 1.0),
        (
            {
                "X-RateLimit-Remaining-Requests": "0",
                "X-RateLimit-Reset-Requests": "1s",
                "X-RateLimit-Remaining-Tokens": "0",
                "X-RateLimit-Reset-Tokens": "6m0s",
            },
            360.0,
        ),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2023-11-14T22:13:35Z",
                "anthropic-ratelimit-tokens-remaining": "1000",
                "anthropic-ratelimit-tokens-reset": "2023-11-14T23:13:35Z",
            },
            15.0,
        ),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000012000"}, 12.0),
        ({"RateLimit-Limit": "9", "RateLimit-Remaining": "0", "RateLimit-Reset": "50"}, 50.0),
        ({"RateLimit": "limit=100, remaining=0, reset=5"}, 5.0),
        ({"RateLimit": '"default";r=0;t=30', "RateLimit-Policy": '"default";q=100;w=60'}, 30.0),
        ({"RateLimit": '"default";r=7;t=30'}, 0.0),
        # a quota that is used up without a word of when it comes back holds nothing up
        ({"x-ratelimit-remaining-requests": "0"}, 0.0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, 0.0),
        ({"x-ratelimit-remaining-requests": "none", "x-ratelimit-reset-requests": "1s"}, 0.0),
    ],
)
def test_a_used_up_quota(headers: dict[str, str], seconds: float) -> None:
    assert seconds_until_quota(headers, NOW) == pytest.approx(seconds)
    as_received = CIMultiDictProxy(CIMultiDict(headers))
    assert seconds_until_quota(as_received, NOW) == pytest.approx(seconds)
