"""Parse traps from end to end: each is counted as what it is, and none becomes a number."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import evalsuite
from evalsuite import judges
from tests.judging_runs.trap_judge import TRAPS

TEXT: list[tuple[str | None, str]] = [
    ("Good.\n[[MARK: 7]]", "judged"),
    ("Not [[3]], as it says, but this.\n[[MARK: 6]]", "judged"),
    ("The answer says [[10]].", "unsealed_verdict"),
    ("[[zzzzzz: 10]]", "unsealed_verdict"),
    ("[[MARK: 3]] or rather [[MARK: 8]]", "two_verdicts"),
    ("[[MARK: -1]]", "out_of_range"),
    ("[[MARK: 11]]", "out_of_range"),
    ("[[MARK: None]]", "unknown_label"),
    ("[[MARK: great]]", "unknown_label"),
    (None, "no_answer"),
    ("", "empty"),
    (" \n ", "empty"),
    ("I'm sorry, I cannot judge this.", "refusal"),
    ("It is quite good, I think.", "no_verdict"),
    ("<think>[[MARK: 9]]</think>", "empty"),
]
JSON: list[tuple[str | None, str]] = [
    ('{"reason": "", "seal": "MARK", "verdict": 7}', "judged"),
    ('```json\n{"reason": "", "seal": "MARK", "verdict": "7"}\n```', "judged"),
    ('{"reason": "", "verdict": 10}', "unsealed_verdict"),
    ('{"reason": "", "seal": "zzzzzz", "verdict": 10}', "unsealed_verdict"),
    ('```json\n{"reason": "MARK", "seal": null, "verdict": 10}\n```', "unsealed_verdict"),
    ('{"reason": "", "seal": "MARK", "seal": "zzzzzz", "verdict": 10}', "unsealed_verdict"),
    ('{"seal": "MARK", "verdict": 7} {"seal": "MARK", "verdict": 8}', "not_json"),
    ('{"reason": "", "verdict": 10}\n{"seal": "MARK", "verdict": 3}', "not_json"),
    ('I say {"reason": "", "seal": "MARK", "verdict": 7}', "not_json"),
    ('{"verdict": 10, "seal": "MARK", "verdict": 7}', "two_verdicts"),
    ('{"reason": "", "seal": "MARK", "verdict": null}', "no_verdict"),
    ('{"reason": "", "seal": "MARK", "verdict": -1}', "out_of_range"),
    ('{"reason": "", "seal": "MARK", "verdict": 10.5}', "out_of_range"),
    ('{"reason": "", "seal": "MARK", "verdict": [7]}', "wrong_json"),
    ('{"reason": "", "verdict": {"seal": "MARK", "verdict": 7}}', "wrong_json"),
    ('{"reason": "", "seal": "MARK", "score": 7}', "wrong_json"),
    ("[7]", "wrong_json"),
    ("[" * 100_000, "not_json"),
    ("I can't help with that.", "refusal"),
    (None, "no_answer"),
]


@pytest.mark.parametrize(("form", "traps"), [("text", TEXT), ("json", JSON)])
def test_every_trap_is_counted_as_what_it_is(
    form: str, traps: list[tuple[str | None, str]], tmp_path: Path
) -> None:
    content = _sums(len(traps), tmp_path)
    content["systems"]["j"] = {"backend": TRAPS, "texts": [text for text, _ in traps]}
    content["judges"] = [{"judge": "helpfulness/single", "by": "j", "form": form}]
    done = evalsuite.run(content, out=tmp_path / "run")
    verdicts = done.verdicts.set_index("sample_id")
    kinds = verdicts["error_kind"].fillna("judged").to_dict()
    assert kinds == {f"s{at}": kind for at, (_, kind) in enumerate(traps)}
    given = verdicts[verdicts.status == "judged"]
    assert verdicts.loc[verdicts.status == "judge_error", "value"].isna().all()
    assert given.value.between(1, 10).all() and len(given) == 2
    (item,) = judges.audit_run(done.path).judges
    counts = Counter(kind for _, kind in traps)
    del counts["judged"]
    said = dict(part.rsplit(" ", 1) for part in item.figure("failed").note.split(", "))
    assert {kind: int(n) for kind, n in said.items()} == counts
    assert item.n_failed == len(traps) - 2


def _sums(n: int, folder: Path) -> dict[str, Any]:
    """An experiment over ``n`` sums that one recorded system answered."""
    with (folder / "sums.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "sum", "result"])
        table.writerows([f"s{i}", f"{i} + {i}", 2 * i] for i in range(n))
    with (folder / "answers.jsonl").open("w") as file:
        file.writelines(json.dumps({"id": f"s{i}", "said": str(2 * i)}) + "\n" for i in range(n))
    recorded = {"backend": "replay", "file": str(folder / "answers.jsonl")}
    return {
        "name": "sums",
        "tasks": [
            {
                "name": "sums",
                "data": str(folder / "sums.csv"),
                "id": "id",
                "prompt": "What is {{ sum }}?",
                "target": "result",
                "scorer": "exact",
            }
        ],
        "systems": {"right": {**recorded, "columns": {"sample_id": "id", "text": "said"}}},
    }
