"""What an endpoint says of its rate limits in the headers of a reply.

A quota that is used up says until when. Read are the headers of OpenAI and those who follow it
(``x-ratelimit-remaining-requests``, ``x-ratelimit-reset-tokens``), of Anthropic
(``anthropic-ratelimit-requests-remaining``), of OpenRouter (``x-ratelimit-remaining``), and of the
IETF drafts (``ratelimit-remaining``, and ``ratelimit`` with ``remaining``, ``reset`` or ``r``,
``t``). A moment is "1s", "6m0s", "20ms", a number of seconds, seconds or milliseconds since 1970,
or a date of RFC 3339.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|µs|d|h|m|s))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|d|h|m|s)")
_PAIR = re.compile(r"\b(remaining|reset|r|t)=(\d+(?:\.\d+)?)")
_SECONDS_SINCE_1970 = 1e9  # 2001: no endpoint asks to wait for thirty years
_MILLISECONDS_SINCE_1970 = 1e12


def seconds_until_quota(headers: Mapping[str, str], now: float) -> float:
    """Seconds until the endpoint takes requests again; 0 where its quota is not used up.

    ``now`` is in seconds since 1970. Of several quotas that are used up, the longest wait counts.
    """
    told = [name for name in headers if "ratelimit" in name.lower()]
    if not told:
        return 0.0
    quotas = {name.lower(): headers[name] for name in told}
    waits = [0.0]
    for name, value in quotas.items():
        if "remaining" in name:
            reset = quotas.get(name.replace("remaining", "reset"))
            if reset is not None and _is_used_up(value):
                waits.append(seconds_until(reset, now) or 0.0)
        elif name == "ratelimit":
            pairs: dict[str, str] = dict(_PAIR.findall(value))
            if _is_used_up(pairs.get("remaining", pairs.get("r", ""))):
                reset = pairs.get("reset", pairs.get("t", ""))
                waits.append(seconds_until(reset, now) or 0.0)
    return max(waits)


def seconds_until(moment: str, now: float) -> float | None:
    """Seconds from ``now`` until ``moment``, 0 where it is past; None where it is no moment."""
    text = moment.strip()
    if _DURATION.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    try:
        number = float(text)
    except ValueError:
        return _seconds_until_date(text, now)
    if number >= _MILLISECONDS_SINCE_1970:
        number = number / 1000 - now
    elif number >= _SECONDS_SINCE_1970:
        number -= now
    return max(0.0, number) if number < float("inf") else None


def _seconds_until_date(text: str, now: float) -> float | None:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - now)


def _is_used_up(remaining: str) -> bool:
    try:
        return float(remaining) <= 0
    except ValueError:
        return False
