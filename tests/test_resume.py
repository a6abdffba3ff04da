"""Killed at any instant, a run goes on where it was and ends with the same table."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import evalsuite
from evalsuite.errors import UserError

EXPERIMENT = """\
name: killed
tasks: [reasoning/arithmetic, tabular/rows]
systems:
  small: embedded/nano
  large: embedded/micro
  cascade:
    hybrid: cascade
    tiers: [small, large]
limit: 30
practice: 20
"""
DETERMINED = [
    "task",
    "system",
    "sample_id",
    "repeat",
    "status",
    "text",
    "choice",
    "success",
    "n_calls",
]


def outcome(path: Path) -> pd.DataFrame:
    frame = evalsuite.load(path).responses[DETERMINED]
    return frame.sort_values(DETERMINED[:4]).reset_index(drop=True)


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = ["-m", "evalsuite", "run", "experiment.yaml", "--out", "killed", "--quiet"]
    return subprocess.Popen([sys.executable, *command], cwd=folder, stdout=subprocess.DEVNULL)


def wait_for_answers(journal: Path, count: int, child: subprocess.Popen[bytes]) -> None:
    """Return as soon as the journal holds ``count`` answers."""
    while child.poll() is None:
        if journal.exists():
            with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
                try:
                    found = connection.execute("SELECT count(*) FROM responses").fetchone()[0]
                except sqlite3.OperationalError:  # the tables are not there yet
                    found = 0
            if found >= count:
                return
        time.sleep(0.01)
    raise AssertionError(f"the run ended before it had {count} answers")


def test_killed_runs_end_like_an_uninterrupted_one(tmp_path: Path) -> None:
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    evalsuite.run(tmp_path / "experiment.yaml", out=tmp_path / "whole")
    for answers in (3, 45, 120):  # in practice, in the first task, in the second
        child = start(tmp_path)
        wait_for_answers(tmp_path / "killed" / "journal.sqlite", answers, child)
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    assert start(tmp_path).wait() == 0
    pd.testing.assert_frame_equal(outcome(tmp_path / "killed"), outcome(tmp_path / "whole"))
    finished = evalsuite.load(tmp_path / "killed")
    assert finished.manifest.sessions == 4
    assert not finished.calls.duplicated("key").any()


def test_an_unfinished_run_is_not_reported(tmp_path: Path) -> None:
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    child = start(tmp_path)
    while child.poll() is None and not (tmp_path / "killed" / "manifest.json").exists():
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    with pytest.raises(UserError, match="not finished; run its experiment again"):
        evalsuite.load(tmp_path / "killed")


def test_ctrl_c_finishes_what_is_in_flight_and_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT.replace("limit: 30", "limit: 300"))
    command = [sys.executable, "-m", "evalsuite", "run", "experiment.yaml", "--out", "killed"]
    child = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A suite that runs in the background inherits an ignored SIGINT; a terminal's is not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while child.poll() is None and not (tmp_path / "killed" / "manifest.json").exists():
        time.sleep(0.02)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert errors.strip().splitlines()[-1].endswith("and the same command goes on")
    assert "Traceback" not in errors


async def test_it_runs_inside_a_running_event_loop(tmp_path: Path) -> None:
    content = {"name": "notebook", "tasks": ["tabular/rows"], "systems": {"a": "embedded/nano"}}
    done = evalsuite.run(content, out=tmp_path, limit=4)
    await asyncio.sleep(0)
    assert len(done.responses) == 4
