"""The GitHub Actions workflow of the documentation: parsed, and its shell steps run, offline.

Only what GitHub itself provides is stood in for: ``${{ ... }}`` expressions, and ``gh``, whose
stand-in keeps the comments of one pull request in a file.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import evalsuite
from evalsuite import gates
from tests.noisy import write_experiment

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / "docs" / "github-actions-gate.yml"
GH = """\
#!{python}
import json, pathlib, re, sys

arguments, file = sys.argv[1:], pathlib.Path("comments.json")
comments = json.loads(file.read_text())
assert arguments[0] == "api", arguments
if "--jq" in arguments:
    assert arguments[1:3] == ["--paginate", "repos/me/mine/issues/7/comments"], arguments
    login = re.search(r'select[(].user.login == "([^"]+)"[)]', arguments[-1])[1]
    start = re.search(r'select[(].body [|] startswith[(]"([^"]+)"[)][)] [|] .id', arguments[-1])[1]
    for comment in comments:
        if comment["user"]["login"] == login and comment["body"].startswith(start):
            print(comment["id"])
else:
    assert arguments[4] == "-F" and arguments[5].startswith("body=@"), arguments
    body = pathlib.Path(arguments[5].removeprefix("body=@")).read_text()
    if arguments[2] == "PATCH":
        number = int(re.fullmatch("repos/me/mine/issues/comments/([0-9]+)", arguments[3])[1])
        [comment] = [one for one in comments if one["id"] == number]
        comment["body"] = body
    else:
        assert arguments[2:4] == ["POST", "repos/me/mine/issues/7/comments"], arguments
        bot = {{"login": "github-actions[bot]"}}
        comments.append({{"id": 100 + len(comments), "user": bot, "body": body}})
    file.write_text(json.dumps(comments))
"""
KNOWN = {
    "github.repository": "me/mine",
    "github.event.pull_request.number": "7",
    "github.token": "token",
    "github.ref": "refs/pull/7/merge",
    "secrets.OPENAI_API_KEY": "",
}


def filled(text: str) -> str:
    """``text`` with the expressions that GitHub fills in; an unknown one is a KeyError."""
    return re.sub(r"\$\{\{ ([^}]+) \}\}", lambda match: KNOWN[match[1]], text)


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return content


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with the three files that the workflow needs, and ``gh`` on the path."""
    experiment = write_experiment(tmp_path, {"small": {}})
    gates.bless(
        evalsuite.run(experiment, out=tmp_path / "main", repeats=5, seed=1),
        tmp_path / "baseline.json",
    )
    (tmp_path / "gate.yaml").write_text("metrics: {success: {}}\n")
    stranger = {"id": 1, "user": {"login": "stranger"}, "body": "<!-- evalsuite-gate: noisy -->"}
    (tmp_path / "comments.json").write_text(json.dumps([stranger]))
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, content in (
        ("gh", GH.format(python=sys.executable)),
        ("evalsuite", f'#!/bin/sh\nexec {sys.executable} -m evalsuite "$@"\n'),
    ):
        (tools / name).write_text(content)
        (tools / name).chmod(0o755)
    return tmp_path


def run_steps(workflow: dict[str, Any], repository: Path) -> dict[str, int]:
    """The exit codes of the named steps, in order; the job goes on as GitHub's would."""
    codes: dict[str, int] = {}
    for step in workflow["jobs"]["gate"]["steps"]:
        if step.get("name") not in ("Run", "Gate", "Comment"):
            continue
        if any(codes.values()) and "!cancelled()" not in step.get("if", ""):
            continue
        env = {name: filled(value) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                **env,
                "PATH": f"{repository / 'tools'}{os.pathsep}{os.environ['PATH']}",
                "GITHUB_STEP_SUMMARY": str(repository / "summary.md"),
            },
        )
        codes[step["name"]] = done.returncode
        assert "Traceback" not in done.stderr, done.stderr
    return codes


def comments(repository: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((repository / "comments.json").read_text())
    return found


def test_its_shape(workflow: dict[str, Any]) -> None:
    assert set(workflow[True]) == {"pull_request"}  # YAML reads the key `on` as true
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    steps = workflow["jobs"]["gate"]["steps"]
    for step in steps:
        assert ("run" in step) != ("uses" in step)
        assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
        assert "${{" not in step.get("run", ""), "expressions come in through env, not into a shell"
        for value in step.get("env", {}).values():
            filled(value)
    install = next(step["run"] for step in steps if step.get("name") == "Install")
    extra = re.search(r"evalsuite\[(\w+)\]", install)
    assert extra is not None and f"\n{extra[1]} = [" in (ROOT / "pyproject.toml").read_text()


def test_a_good_change_passes_and_a_bad_one_is_blocked_in_one_comment(
    workflow: dict[str, Any], repository: Path
) -> None:
    assert run_steps(workflow, repository) == {"Run": 0, "Gate": 0, "Comment": 0}
    stranger, first = comments(repository)
    assert first["body"] == (repository / "gate" / "comment.md").read_text()
    assert "regressed" not in first["body"].splitlines()[2]
    write_experiment(repository, {"small": {"penalty": 0.4}})
    assert run_steps(workflow, repository) == {"Run": 0, "Gate": 1, "Comment": 0}
    again = comments(repository)
    assert again[0] == stranger and len(again) == 2  # its own comment, and nobody else's
    assert again[1]["id"] == first["id"]
    assert again[1]["body"].splitlines()[2] == "## Gate: regressed"
    summary = (repository / "summary.md").read_text()
    assert summary == first["body"] + again[1]["body"]
    assert {path.name for path in (repository / "gate").iterdir()} == {
        "junit.xml",
        "comment.md",
        "gate.json",
    }
