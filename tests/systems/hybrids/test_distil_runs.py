"""Distillation through the engine: what is asked, paid and kept."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

from evalsuite import api
from evalsuite.embedded import model_path
from evalsuite.errors import StoppedEarly
from evalsuite.session import Session
from evalsuite.systems.hybrids.distil import DistilSpec
from tests.running.scripted import ADDITION, OPENED, ScriptedSpec, experiment

pytest.importorskip("sklearn")
pytest.importorskip("torch")


def run(folder: Path, systems: dict[str, Any], **settings: Any) -> Any:
    whole = {"name": "d", "tasks": ["tabular/rows"], "systems": systems, "limit": 4, **settings}
    api.run(whole, out=folder)
    return api.load(folder)


def test_a_tuned_student_end_to_end(tmp_path: Path) -> None:
    systems = {
        "nano": "embedded/nano",
        "distil": {
            "hybrid": "distil",
            "teacher": "nano",
            "student": "embedded/pico",
            "labels": 12,
            "tuning": {"max_steps": 2},
            "usd_per_machine_hour": 3.6,
        },
    }
    loaded = run(tmp_path, systems, report=["distil"])
    assert list(loaded.responses.status) == ["ok"] * 4
    assert loaded.responses.probabilities.notna().all()
    calls = loaded.calls[loaded.calls.phase == "answer"]
    assert list(calls.role) == ["student"] * 4
    assert (calls.usd > 0).all() and calls.usd_basis.eq("machine_hour").all()
    (fit,) = loaded.fits.to_dict("records")
    teaching = loaded.calls[loaded.calls.phase == "fit"]
    assert len(teaching) == 12
    assert teaching.usd.sum() < fit["usd"] < teaching.usd.sum() + fit["seconds"] / 1000
    assert fit["note"] == "embedded/pico learnt from 12 of 12 answers of the teacher"


def test_a_session_stopped_in_its_fit_goes_on_without_asking_again(tmp_path: Path) -> None:
    sums = [str(number) for number in range(1000, 1050)]
    task = dataclasses.replace(ADDITION, choices=lambda sample: sums)
    distil = DistilSpec(teacher="teacher", labels=20, rounds=2)
    systems = {"teacher": ScriptedSpec(label="teacher"), "distil": distil}

    def asked(**settings: Any) -> int:
        OPENED.clear()
        wanted = experiment(systems, report=("distil",), task=task, **settings)
        try:
            Session(wanted, tmp_path, lambda event: None).run()
        except StoppedEarly:
            assert api.load(tmp_path).fits.empty
        return sum(OPENED[0].asked.values())

    first = asked(limit=1, max_usd=0.003)
    assert 0 < first < 20
    assert asked(limit=1) == 20 - first
    assert asked(limit=5) == 0
    loaded = api.load(tmp_path)
    assert loaded.fits.n_samples.tolist() == [20]
    assert loaded.responses.status.eq("ok").sum() == 5
    teaching = loaded.calls[loaded.calls.phase == "fit"].usd.sum()
    assert teaching == pytest.approx(20 * 60e-6)  # 10 tokens in at $1, 5 out at $10 per million
    assert teaching < loaded.fits.usd.item() < teaching + loaded.fits.seconds.item() * 0.08 / 3600


def test_a_recorded_run_teaches_without_asking_anyone(tmp_path: Path) -> None:
    distil = {"hybrid": "distil", "teacher": "teacher", "labels": 10, "rounds": 2}
    live = run(tmp_path / "live", {"teacher": "embedded/pico", "distil": distil})
    replayed = {"backend": "replay", "run": str(tmp_path / "live"), "system": "teacher"}
    again = run(tmp_path / "again", {"teacher": replayed, "distil": distil}, report=["distil"])
    of_distil = live.responses[live.responses.system == "distil"]
    assert list(of_distil.text) == list(again.responses.text)
    asked = again.calls[again.calls.member == "teacher"]
    assert len(asked) == 10 and asked.recorded.all() and (asked.billed_usd == 0).all()


def test_a_run_over_the_training_split_teaches_all_of_it(tmp_path: Path) -> None:
    run(tmp_path / "train", {"pico": "embedded/pico"}, split="train", limit=12)
    teacher = {"backend": "replay", "run": str(tmp_path / "train"), "system": "pico"}
    distil = {"hybrid": "distil", "teacher": "teacher", "labels": None}
    loaded = run(
        tmp_path / "run", {"teacher": teacher, "distil": distil}, report=["distil"], train_limit=12
    )
    (fit,) = loaded.fits.to_dict("records")
    assert fit["note"] == "classifier learnt from 12 of 12 answers of the teacher"
    assert loaded.calls[loaded.calls.member == "teacher"].recorded.all()


def test_a_student_as_a_tier_of_a_cascade(tmp_path: Path) -> None:
    systems = {
        "teacher": "embedded/nano",
        "student": {"hybrid": "distil", "teacher": "teacher", "labels": 20},
        "both": {"hybrid": "cascade", "tiers": ["student", "teacher"], "threshold": 1.1},
    }
    loaded = run(tmp_path, systems, report=["both", "teacher"])
    hops = loaded.calls[(loaded.calls.phase == "answer") & (loaded.calls.system == "both")]
    assert hops.groupby("role").size().to_dict() == {"tier_1/student": 4, "tier_2": 4}
    texts = loaded.responses.pivot(index="sample_id", columns="system", values="text")
    assert list(texts.both) == list(texts.teacher)


def test_a_student_of_unknown_price_has_an_unknown_cost(tmp_path: Path) -> None:
    own = {"student": str(model_path("pico")), "tuning": {"max_steps": 1}}
    systems = {
        "teacher": "embedded/pico",
        "distil": {"hybrid": "distil", "teacher": "teacher", "labels": 4, **own},
    }
    loaded = run(tmp_path, systems, limit=2)
    (fit,) = loaded.fits.to_dict("records")
    assert math.isnan(fit["usd"])
    (of_distil,) = api.summarise(loaded).amortised
    assert of_distil.system == "distil" and of_distil.fit_usd is None
    assert {estimate for _, estimate in of_distil.usd_per_success} == {None}
    assert [item.side for item in of_distil.break_even] == ["unknown"]


def test_texts_written_and_filtered_by_embedded_models(tmp_path: Path) -> None:
    rows = [{"text": f"the {word} {n}", "sort": word} for n in range(8) for word in ("tea", "cup")]
    for name, part in (("train", rows[:12]), ("test", rows[12:])):
        lines = "".join(json.dumps(row) + "\n" for row in part)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    task = {
        "name": "custom/sort",
        "data": str(tmp_path / "test.jsonl"),
        "train": str(tmp_path / "train.jsonl"),
        "prompt": "Which sort is this? {{ text }}",
        "target": "sort",
        "scorer": "choice",
        "choices": ["tea", "cup"],
    }
    made = {
        "generator": "pico",
        "per_label": 3,
        "shots": 1,
        "max_tokens": 8,
        "perplexity": {"member": "nano", "keep": 0.5},
        "quality": {"member": "nano", "threshold": 0.0},
    }
    systems = {
        "pico": "embedded/pico",
        "nano": "embedded/nano",
        "distil": {"hybrid": "distil", "teacher": "pico", "labels": None, "synthesise": made},
    }
    loaded = run(tmp_path / "run", systems, tasks=[task], report=["distil"])
    (fit,) = loaded.fits.to_dict("records")
    n_labels = loaded.calls[loaded.calls.phase == "fit"].query("system == 'pico'").request_key
    asked_for = int(fit["note"].split(" texts asked for")[0].split("; ")[-1])
    assert asked_for in (3, 6)  # the teacher may know one label only
    assert len(n_labels) == 12 + asked_for
    assert "none failed" in fit["note"] and "by perplexity (at most" in fit["note"]
    assert loaded.responses.status.eq("ok").all()


def test_tasks_that_a_classifier_cannot_learn_are_left_out_of_a_run(tmp_path: Path) -> None:
    told: list[str] = []
    systems = {
        "pico": "embedded/pico",
        "distil": {"hybrid": "distil", "teacher": "pico", "labels": 8},
        "advised": {"hybrid": "advisor", "advisor": "pico", "train_samples": 8},
        "tuned": {
            "hybrid": "distil",
            "teacher": "pico",
            "labels": 8,
            "student": "embedded/pico",
            "tuning": {"max_steps": 1},
        },
    }
    tasks = ["tabular/rows", "ner/entities"]
    whole = {"name": "d", "tasks": tasks, "systems": systems, "limit": 1}
    api.run(whole, out=tmp_path, tell=lambda event: told.append(event.text or ""))
    answered = set(api.load(tmp_path).responses.groupby(["task", "system"]).groups)
    assert {name for task, name in answered if task == "ner/entities"} == {"pico", "tuned"}
    assert "distil cannot take ner/entities: left out" in told
    assert "advised cannot take ner/entities: left out" in told
