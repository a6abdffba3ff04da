from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from evalsuite.cli import doctor as module
from evalsuite.scoring.languages import LANGUAGES
from evalsuite.scoring.sandbox import tiers

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
