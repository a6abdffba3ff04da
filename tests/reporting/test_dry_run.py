from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from evalsuite import api
from evalsuite.reporting.dry_run import dry_run_json, dry_run_page
from evalsuite.running.plan import Plan, PlannedCalls
from tests.reporting.told import HOSTILE_NAME

GPT = PlannedCalls(
    task="reasoning/gsm8k",
    system="small",
    role="",
    model="gpt-small",
    phase="answer",
    samples=1000,
    calls_at_least=1000,
    calls_at_most=1000,
    input_tokens_at_least=60_000,
    input_tokens_at_most=100_000,
    output_tokens_at_most=256_000,
    usd_at_least=0.05,
    usd_at_most=0.25,
)
LARGE = replace(GPT, system="large", model="gpt-large", usd_at_least=1.0, usd_at_most=5.0)
CASCADE = (
    replace(GPT, system="cascade", role="tier_1"),
    replace(
        LARGE,
        system="cascade",
        role="tier_2",
        calls_at_least=0,
        input_tokens_at_least=0,
        usd_at_least=0.0,
    ),
)
PRACTICE = replace(
    GPT,
    phase="fit",
    samples=200,
    calls_at_least=200,
    calls_at_most=200,
    usd_at_least=0.01,
    usd_at_most=0.05,
)
UNPRICED = replace(
    GPT,
    system="vllm",
    model="llama",
    usd_at_least=None,
    usd_at_most=None,
    note="no prices stated: usd_per_million_input_tokens, usd_per_million_output_tokens",
)
OWN = replace(
    GPT,
    system="own",
    role="asks",
    calls_at_least=0,
    calls_at_most=None,
    input_tokens_at_least=0,
    input_tokens_at_most=None,
    output_tokens_at_most=None,
    usd_at_least=0.0,
    usd_at_most=None,
    note="the hybrid does not say how often it asks",
)
ASSUMED = "a token has 3 to 5 bytes"


def page(*rows: PlannedCalls, width: int = 120) -> list[str]:
    file = StringIO()
    console = Console(file=file, width=width, color_system=None)
    console.print(dry_run_page(Plan(rows=rows, assumed=ASSUMED)))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def row(lines: list[str], name: str) -> list[str]:
    """The cells of the first row called ``name``."""
    found = next(line for line in lines if line.strip().split("  ")[0] == name)
    return [cell.strip() for cell in found.strip().split("   ") if cell.strip()][1:]


def test_the_page_of_a_cascade() -> None:
    assert page(GPT, LARGE, *CASCADE, PRACTICE) == [
        "3,000 answers by 3 systems on 1 task: 3,200–4,200 calls, cost $1.11–10.55",
        "",
        "system       model             calls   tokens in   out, at most             cost",
        "────────────────────────────────────────────────────────────────────────────────",
        "small        gpt-small         1,200   120k–200k           512k    $0.0600–0.300",
        "  answers    gpt-small         1,000    60k–100k           256k    $0.0500–0.250",
        "  practice   gpt-small           200    60k–100k           256k   $0.0100–0.0500",
        "large        gpt-large         1,000    60k–100k           256k       $1.00–5.00",
        "cascade                  1,000–2,000    60k–200k           512k     $0.0500–5.25",
        "  tier_1     gpt-small         1,000    60k–100k           256k    $0.0500–0.250",
        "  tier_2     gpt-large       0–1,000      0–100k           256k          $0–5.00",
        "",
        "total                    3,200–4,200   240k–500k           1.3M      $1.11–10.55",
        "",
        "Assumed: a token has 3 to 5 bytes.",
        "Nothing was asked.",
    ]


def test_several_tasks_have_a_table_of_their_own() -> None:
    other = replace(GPT, task="tabular/rows", samples=10, calls_at_least=10, calls_at_most=10)
    lines = page(GPT, other)
    assert lines[0].startswith("1,010 answers by 1 system on 2 tasks: 1,010 calls")
    assert row(lines, "reasoning/gsm8k")[1] == "1,000"
    assert row(lines, "tabular/rows")[1] == "10"
    assert row(lines, "small")[1] == "1,010"


def test_what_is_unknown_is_named_and_makes_the_total_a_least() -> None:
    lines = page(GPT, UNPRICED, OWN)
    assert "cost $0.0500 or more" in lines[0] and "2,000 or more calls" in lines[0]
    assert row(lines, "vllm")[-1] == "unknown"
    assert row(lines, "own")[-4:] == ["0 or more", "0 or more", "unknown", "unknown"]
    assert row(lines, "total")[-1] == "$0.0500 or more"
    assert (
        "Unknown for llama: no prices stated: usd_per_million_input_tokens, "
        "usd_per_million_output_tokens." in lines
    )
    assert "Unknown for own: the hybrid does not say how often it asks." in lines


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_it_fits_any_width_and_the_cost_stays(width: int) -> None:
    long_named = replace(UNPRICED, system="a-system-with-quite-a-long-name-indeed-yes")
    lines = page(GPT, LARGE, *CASCADE, PRACTICE, long_named, width=width)
    assert max(cell_len(line) for line in lines) <= width
    assert row(lines, "large")[-1] == "$1.00–5.00"
    assert ("calls" in "".join(lines[2:4])) == (width >= 60)
    assert not any("…" in line for line in lines if line.startswith(("small", "large", "total")))


def test_names_cannot_drive_the_terminal() -> None:
    hostile = replace(UNPRICED, system=HOSTILE_NAME, model=HOSTILE_NAME, task=HOSTILE_NAME)
    lines = page(hostile, replace(hostile, role=HOSTILE_NAME), GPT)
    assert not {"\x1b", "\u202e", "\x9b"} & set("".join(lines))
    plan = Plan(rows=(hostile,), assumed=ASSUMED)
    assert dry_run_json(plan).isascii()
    assert json.loads(dry_run_json(plan))["rows"][0]["system"] == HOSTILE_NAME


def test_the_json_has_every_row_and_null_for_the_unknown() -> None:
    content = json.loads(dry_run_json(Plan(rows=(GPT, UNPRICED), assumed=ASSUMED)))
    assert (content["usd_at_least"], content["usd_at_most"]) == (None, None)
    assert content["assumed"] == ASSUMED
    assert [PlannedCalls(**found) for found in content["rows"]] == [GPT, UNPRICED]
    known = json.loads(dry_run_json(Plan(rows=(GPT, LARGE), assumed=ASSUMED)))
    assert known["usd_at_most"] == pytest.approx(5.25)


def test_a_real_plan_has_its_calls(tmp_path: Path) -> None:
    content = {
        "name": "planned",
        "tasks": ["tabular/rows", "reasoning/arithmetic"],
        "systems": {
            "small": "embedded/nano",
            "large": "embedded/micro",
            "cascade": {"hybrid": "cascade", "tiers": ["small", "large"]},
        },
        "limit": 7,
        "practice": 5,
        "repeats": 2,
    }
    plan = api.plan(content)
    lines = page(*plan.rows)
    # 2 tasks x 7 samples x 2 repeats x 3 systems; a cascade asks its second tier or does not,
    # and practises on both members.
    assert lines[0].startswith("84 answers by 3 systems on 2 tasks: 104–132 calls")
    assert row(lines, "tier_2")[1] == "0–28"
    assert row(lines, "practice")[1] == "10"
    assert list(tmp_path.iterdir()) == []
