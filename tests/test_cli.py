from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXPERIMENT = """\
name: mine
tasks: [tabular/rows]
systems:
  small: embedded/nano
limit: 6
"""


def evalsuite(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evalsuite", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "120", **env},
    )


def test_run_prints_the_summary_and_where_the_report_is(tmp_path: Path) -> None:
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    done = evalsuite("run", "experiment.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "small" in done.stdout
    assert "report: runs/mine/report.html" in done.stdout
    assert (tmp_path / "runs/mine/report.html").exists()
    shown = evalsuite("show", "runs/mine", cwd=tmp_path)
    assert shown.returncode == 0 and "small" in shown.stdout
    markdown = evalsuite("report", "runs/mine", "--out", "out/report.md", cwd=tmp_path)
    assert markdown.returncode == 0, markdown.stderr
    assert "| small" in (tmp_path / "out/report.md").read_text()


def test_list_and_show_tasks(tmp_path: Path) -> None:
    listed = evalsuite("list", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert "reasoning/gsm8k" in listed.stdout and "MIT" in listed.stdout
    shown = evalsuite("show", "reasoning/arithmetic", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "expected" in shown.stdout


def test_the_version(tmp_path: Path) -> None:
    assert evalsuite("--version", cwd=tmp_path).stdout.strip() == "0.1.0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "what to run?"),
        (["run", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["run", "broken.yaml"], "broken.yaml:2: broken YAML"),
        (["run", "misspelt.yaml"], "misspelt.yaml:4: unknown key 'limitt'; did you mean 'limit'?"),
        (["run", "empty.yaml"], "no rows"),
        (["run", "key.yaml"], "EVALSUITE_TEST_KEY"),
        (
            ["run", "--task", "reasoning/arithmetik", "--system", "embedded/nano"],
            "did you mean 'reasoning/arithmetic'?",
        ),
        (["run", "--task", "tabular/rows", "--system", "embedded/nanno"], "nano"),
        (["run", "--task", "tabular/rows", "--system", "replay/x"], "replay"),
        (["run", "--task", "reasoning/gsm8k", "--system", "embedded/nano"], "gsm8k"),
        (["run", "broken.yaml", "--task", "tabular/rows"], "not both"),
        (["show", "reasoning/arithmetik"], "did you mean 'reasoning/arithmetic'?"),
        (["show", "."], "no run here"),
        (["report", "nowhere"], "no run here"),
        (["report", "a", "b"], "say where it goes with --out FILE.html"),
        (["report", "a", "--out", "x.doc"], "ends in .html, .md, .csv, .json, .parquet, .svg"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "broken.yaml").write_text("name: [x\ntasks: y\n")
    (tmp_path / "misspelt.yaml").write_text(
        "name: m\ntasks: [tabular/rows]\nsystems: {a: embedded/nano}\nlimitt: 3\n"
    )
    (tmp_path / "nothing.csv").write_text("q,a\n")
    (tmp_path / "empty.yaml").write_text(
        "name: m\nsystems: {a: embedded/nano}\ntasks:\n"
        "  - {name: mine/none, data: nothing.csv, prompt: '{{ q }}', target: a, scorer: exact}\n"
    )
    (tmp_path / "key.yaml").write_text(
        "name: m\ntasks: [tabular/rows]\nsystems:\n"
        "  api: {backend: openai, model: gpt-x, api_key_env: EVALSUITE_TEST_KEY}\n"
    )
    env = {"EVALSUITE_DATA": str(tmp_path / "no-data"), "EVALSUITE_CACHE": str(tmp_path / "cache")}
    done = evalsuite(*arguments, cwd=tmp_path, HF_HUB_OFFLINE="1", **env)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here', name='torch')\n")
    done = evalsuite("run", "experiment.yaml", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2, done.stderr
    assert "pip install 'evalsuite[hf]'" in done.stderr
