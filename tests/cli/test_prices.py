from __future__ import annotations

import importlib.util
import sys

import pytest

from evalsuite.cli import main

HAS_TABLE = importlib.util.find_spec("genai_prices") is not None
needs_table = pytest.mark.skipif(not HAS_TABLE, reason="needs the extra `prices`")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["evalsuite", "prices", *arguments])
    try:
        main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1
    return 0


@pytest.mark.skipif(HAS_TABLE, reason="the table is installed")
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "openai/gpt-5-mini") == 2
    assert "pip install 'evalsuite[prices]'" in capsys.readouterr().err


@needs_table
def test_rates_with_their_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "gpt-5-mini", "--base-url", "https://api.openai.com/v1") == 0
    said = capsys.readouterr().out
    assert "openai/gpt-5-mini" in said
    assert "input $0.25, cached input $0.025, output $2 per million tokens" in said
    assert run(monkeypatch, "openai/gpt-5-mini", "--batch") == 0
    said = capsys.readouterr().out
    assert "openai/gpt-5-mini, batch, since 2026-10-14" in said
    assert "list: input $0.25, cached input $0.025, output $2 per million tokens" in said


@needs_table
@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("gpt-5-mini", "at which provider? Write PROVIDER/MODEL, such as"),
        ("openai/gpt-5-minny", "there are openai/gpt-5-mini"),
        ("nobody/gpt-5", "there is no provider 'nobody'"),
    ],
)
def test_a_guess_is_for_a_person_to_make(
    model: str, problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, model) == 2
    assert problem in capsys.readouterr().err
