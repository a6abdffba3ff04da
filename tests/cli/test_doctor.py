from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from evalsuite.cli import doctor as module
from evalsuite.scoring.languages import LANGUAGES
from evalsuite.scoring.sandbox import tiers
from evalsuite.systems.energy import meter, rapl
from tests.systems.energy.machine import fake_nvml, two_sockets

app = typer.Typer()
app.command()(module.doctor)


def found(*options: str) -> dict[str, list[dict[str, Any]]]:
    done = CliRunner().invoke(app, ["--json", *options])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.output))


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (item,) = [item for item in items if item["name"] == name]
    return item


def test_json_says_what_the_parts_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVALSUITE_DATA", str(tmp_path))
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path / "cache"))
    sections = found()
    assert list(sections) == ["Sandbox", "Toolchains", "Python", "Machine", "Data"]
    for tier in tiers.TIERS:
        offer, item = tiers.offer(tier), named(sections["Sandbox"], f"tier {tier}")
        assert (item["ok"], item["detail"], item["remedy"]) == (
            offer.works,
            offer.detail,
            offer.remedy,
        )
    assert [item["name"] for item in sections["Toolchains"]] == [
        language.title for language in LANGUAGES.values()
    ]
    assert "GiB" in named(sections["Machine"], "memory")["detail"]
    data = named(sections["Data"], "data folder")
    assert (data["ok"], data["detail"]) == (True, str(tmp_path.resolve()))
    assert named(sections["Data"], "cache folder")["ok"] is True
    for items in sections.values():
        for item in items:
            assert item["detail"] and (item["ok"] is not True or item["remedy"] == "")


def test_what_is_missing_has_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("EVALSUITE_DATA", str(tmp_path / "absent"))
    tools = list(module.toolchains())
    assert [item.ok for item in tools] == [False] * len(LANGUAGES)
    assert tools[0].detail == "missing: node" and tools[0].remedy == "install Node.js 18 or later"
    data = next(module.data())
    assert data.ok is False and "EVALSUITE_DATA" in data.remedy
    monkeypatch.setenv("EVALSUITE_SANDBOX", "docker")
    chosen = next(module.sandbox())
    assert chosen.ok is False and "full, bubblewrap, container or none" in chosen.detail


def test_the_page_is_aligned_and_names_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    rows = [line for line in lines if line.startswith(("yes  ", "no   "))]
    at = {len(row) - len(row[5:].lstrip()) for row in rows}
    assert at == {5}
    for title in module.SECTIONS:
        assert title in lines
    assert any(row.startswith("yes  tier none") for row in rows)
    assert max(map(len, lines)) <= 100


def test_counters_of_energy_and_what_the_machine_takes_at_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    two_sockets(tmp_path)
    monkeypatch.setattr(rapl, "POWERCAP", tmp_path)
    monkeypatch.setattr(meter, "REST_SECONDS", 0.02)
    gpu = SimpleNamespace(uuid="GPU-1", mj=lambda: int(1e3 * time.perf_counter() * 50))
    monkeypatch.setitem(sys.modules, "pynvml", fake_nvml(gpu))
    items = found("--idle")["Machine"]
    assert (named(items, "NVML")["ok"], named(items, "NVML")["detail"]) == (True, "NVML GPU 0")
    assert named(items, "RAPL")["detail"].startswith("RAPL package-0, RAPL package-1, ")
    assert named(items, "NVML GPU 0 at rest")["detail"].endswith(" W, over 0.02 s")
    still = named(items, "RAPL package-0 at rest")
    assert (still["ok"], still["detail"]) == (False, "it did not move, over 0.02 s")


def test_a_machine_without_counters_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rapl, "POWERCAP", tmp_path / "absent")
    monkeypatch.setitem(sys.modules, "pynvml", None)
    items = found("--idle")["Machine"]
    assert named(items, "NVML")["remedy"] == "pip install 'evalsuite[energy]'"
    assert named(items, "RAPL")["ok"] is False
    assert named(items, "at rest")["detail"] == "no counter of energy can be read"
    assert "at rest" not in {item["name"] for item in found()["Machine"]}


def test_versions_of_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, script in {
        "node": "echo v20.1.0",
        "javac": "echo javac 17.0.1 >&2",
        "go": 'test "$1" = version && echo go version go1.22 linux/amd64',
        "rustc": "exit 3",
    }.items():
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert module._version("node") == "node v20.1.0"
    assert module._version("javac") == "javac 17.0.1"
    assert module._version("go") == "go version go1.22 linux/amd64"
    assert module._version("rustc") == "rustc its version is not told"
