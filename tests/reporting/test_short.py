from __future__ import annotations

import pytest

from evalsuite.reporting.short import compact, kinds, rate, span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "<1 s"),
        (41.4, "41 s"),
        (119.4, "119 s"),
        (119.6, "2 min 0 s"),
        (125, "2 min 5 s"),
        (600, "10 min"),
        (7199, "119 min"),
        (7200, "2 h 0 min"),
        (48 * 3600 - 1, "47 h 59 min"),
        (100 * 3600, "4 d 4 h"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (9940, "9.9k"),
        (9960, "10k"),
        (61_234, "61k"),
        (999_600, "1.0M"),
        (2_500_000_000, "2.5G"),
    ],
)
def test_compact_numbers(n: float, text: str) -> None:
    assert compact(n) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [(1240.4, "1,240"), (99.96, "100"), (41.23, "41.2"), (9.996, "10.0"), (0.25, "0.25")],
)
def test_rates(per_second: float, text: str) -> None:
    assert rate(per_second) == text


def test_slow_rates_keep_a_digit() -> None:
    assert rate(0.0042) == "0.004"


def test_errors_by_kind_never_lose_a_failure() -> None:
    errors = {"timeout": 1, "rate_limited": 3, "server_error": 2}
    assert kinds(errors) == "rate_limited 3, server_error 2, timeout 1"
    assert kinds(errors, 30) == "rate_limited 3, other 3"
    assert kinds(errors, 14) == "6"
    assert kinds({}) == ""


def test_a_kind_cannot_drive_the_terminal() -> None:
    assert "\x1b" not in kinds({"exception:\x1b[2J": 1})
