from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def overhead(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("overhead")


def row(overhead: Any, name: str) -> Any:
    return next(row for row in overhead.ROWS if row.name == name)


def test_both_loops_of_this_environment_answer_every_question(overhead: Any) -> None:
    rows = (row(overhead, "aiohttp loop"), row(overhead, "evalsuite"))
    setting = overhead.Setting(latency_ms=1, concurrency=16)
    found = overhead.measure_all(rows, setting, n=400, repetitions=1)
    for measured in (several[0] for several in found.values()):
        assert 0 < measured.cpu_ms < 100
        assert 1 < measured.per_second < 16 / 0.001
        assert 10 < measured.peak_mib < 2000
    lines = overhead.table(found, setting, 400).splitlines()
    assert lines[1] == "400 questions, 1 ms latency, concurrency 16"
    assert lines[3].startswith("aiohttp loop") and lines[4].startswith("evalsuite")
    assert lines[4].split()[-3] == "1.00"


def test_the_questions_are_right_as_often_as_the_server_says(overhead: Any, tmp_path: Path) -> None:
    right = overhead.write_questions(tmp_path / "q.jsonl", 100)
    rows = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text().splitlines()]
    assert len({one["id"] for one in rows}) == 100
    assert rows[0]["question"].startswith("What is ")
    # The server is one off where the sum divides by four.
    assert right == sum(int(one["answer"]) % 4 != 0 for one in rows)
    assert overhead.write_questions(tmp_path / "again.jsonl", 100) == right
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "q.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        ({"answered": 199, "right": 150}, "199 answered and 150 right of 200"),
        ({"answered": 200, "right": 200}, "200 answered and 200 right of 200"),
    ],
)
def test_a_program_that_answers_wrongly_is_not_measured(
    overhead: Any, tmp_path: Path, says: dict[str, int], complaint: str
) -> None:
    taken = {"cpu_seconds": 1.0, "seconds": 1.0, **says}
    program = tmp_path / "cheat.py"
    program.write_text(f"print({json.dumps(json.dumps({'small': taken, 'large': taken}))})")
    cheat = overhead.Row(name="cheat", program=str(program))
    setting = overhead.Setting(latency_ms=0, concurrency=4)
    with pytest.raises(SystemExit, match=f"cheat: {complaint}"):
        overhead.measure(cheat, setting, 300, tmp_path)


def test_check_names_the_rows_that_fall_short(overhead: Any) -> None:
    def took(*cpu_ms: float) -> list[Any]:
        return [overhead.Measured(cpu_ms=one, per_second=1.0, peak_mib=1.0) for one in cpu_ms]

    # By hand: 0.4 / 2.5 = 0.16 is the least for the aiohttp loop, 0.4 / 0.3 = 1.33 for openai's,
    # 1.8 x 0.4 = 0.72 for lm-eval and 20 x 0.4 = 8 for inspect-ai, which is measured once.
    found = {
        "aiohttp loop": took(0.20, 0.148, 0.15),
        "evalsuite": took(0.40, 0.40, 0.80),
        "openai loop": took(1.40, 1.40, 2.80),
        "lm-eval": took(0.70, 0.70, 9.00),
        "inspect-ai, live log off": took(8.4),
        "inspect-ai": took(12.0),
    }
    setting = overhead.Setting(latency_ms=0, concurrency=64)
    missed = overhead.shortfalls(overhead.ROWS, found, setting)
    assert missed == [
        "0 ms latency, concurrency 64: aiohttp loop takes 0.37 times evalsuite's CPU, "
        "target at least 0.40",
        "0 ms latency, concurrency 64: lm-eval takes 1.75 times evalsuite's CPU, "
        "target at least 1.80",
    ]
